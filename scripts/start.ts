/**
 * `npm start`: the Worker, its database, a simulated WeChat and the cron on one machine. No account, no network, no
 * real money.
 */
import { rmSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CONTROL_ROOT } from '../simulator/control/control.ts'
import { CliError, readOptions, readPort, run } from './cli/command.ts'
import { Interrupted, onInterrupt } from './cli/interrupt.ts'
import { bold, cyan, dim, live, red, say, seconds, yuan } from './cli/terminal.ts'
import { DEMO_TOKEN, SAMPLE_TERMS, sampleOrdercode, shopClient } from './client/shop-client.ts'
import { DEMO_WEBHOOK_SECRET } from './local/demo-phone.ts'
import { type Stack, startStack } from './local/local-stack.ts'
import { lockDirectory } from './local/lock.ts'
import { openBrowser } from './local/open-browser.ts'
import { isFree } from './local/ports.ts'
import { describeWorkerLine } from './local/worker-log.ts'
import { ROOT } from './local/worker-process.ts'

const WORKER_PORT = 8787
const WECHAT_PORT = 8790
const PERSIST_DIR = join(ROOT, '.wrangler', 'start')
const MINUTE_MS = 60_000

const HELP = `Runs the Worker, its database, a simulated WeChat and the cron on this machine.
Needs no account and no network; no real money moves. Ctrl-C stops everything.

Usage: npm start -- [options]

  --port <number>         port of the Worker, default ${WORKER_PORT}
  --wechat-port <number>  port of the simulated WeChat, default ${WECHAT_PORT}
  --persist <directory>   where the database is kept, default ${relative(ROOT, PERSIST_DIR)}
  --webhook <url>         send the Worker's webhooks to your own shop instead of the one beside the virtual phone
  --open                  open the virtual phone in the browser
  --fresh                 delete the database of earlier starts first
  --verbose               print every log line, including wrangler's
  --help                  print this text

Your .dev.vars is not read. The Worker runs with a made-up demo merchant.
`

type Ports = { worker: number; wechat: number }

async function main(): Promise<number> {
  const beganAt = Date.now()
  const { values } = readOptions({
    port: { type: 'string', default: String(WORKER_PORT) },
    'wechat-port': { type: 'string', default: String(WECHAT_PORT) },
    persist: { type: 'string', default: PERSIST_DIR },
    webhook: { type: 'string' },
    open: { type: 'boolean', default: false },
    fresh: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  })
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  const ports = {
    worker: readPort('--port', values.port),
    wechat: readPort('--wechat-port', values['wechat-port']),
  }
  const webhook = readWebhook(values.webhook)
  const persistDir = resolve(values.persist)
  const interrupted = onInterrupt()
  await requireFreePorts(ports)
  lockDirectory(persistDir)
  if (values.fresh) deleteDatabase(persistDir)

  say(dim('Starting the simulated WeChat, the database and the Worker …'))
  const view = liveView(values.verbose)
  try {
    const stack = await startStack({
      persistDir,
      workerPort: ports.worker,
      wechatPort: ports.wechat,
      watch: true,
      phone: true,
      ...(webhook === undefined ? {} : { vars: { WEBHOOK_URL: webhook } }),
      onWorkerLine: view.worker,
      onWechatLine: view.wechat,
      signal: interrupted,
    })
    return await serve(stack, view, interrupted, { beganAt, open: values.open, webhook })
  } catch (error) {
    if (error instanceof Interrupted) return 0
    throw error
  }
}

async function serve(
  stack: Stack,
  view: LiveView,
  interrupted: AbortSignal,
  {
    beganAt,
    open,
    webhook,
  }: Readonly<{ beganAt: number; open: boolean; webhook: string | undefined }>,
): Promise<number> {
  try {
    // The cron runs once immediately instead of at the next full minute, because /health reports a missing cron until the
    // cron has run.
    await stack.cron()
    const ordercode = sampleOrdercode()
    await shopClient(stack.workerOrigin).register(ordercode, SAMPLE_TERMS)
    printWelcome(stack, ordercode, webhook, Date.now() - beganAt)
    view.open()
    if (open) openBrowser(`${stack.wechat.origin}/`)

    void fireCronEveryMinute(stack, interrupted)
    const death = await Promise.race([stack.died, untilAborted(interrupted)])
    if (death === undefined) return 0
    say.error(red(death))
    return 1
  } finally {
    await stack.stop()
    say(dim('Stopped. No process is left running.'))
  }
}

/** @throws CliError for what is no address of a shop on this machine, because the Worker would send nothing there. */
function readWebhook(given: string | undefined): string | undefined {
  if (given === undefined) return undefined
  const isGood =
    URL.canParse(given) && /^http:\/\/(127\.0\.0\.1|localhost)[:/]/.test(`${new URL(given)}`)
  if (isGood) return given
  throw new CliError(
    `--webhook takes the address of your shop on this machine, such as http://127.0.0.1:8800/webhook, not "${given}".`,
  )
}

async function requireFreePorts({ worker, wechat }: Ports): Promise<void> {
  if (worker === wechat) {
    throw new CliError(`--port and --wechat-port are both ${worker}: choose two different ports.`)
  }
  const needed = [
    ['--port', worker, 'the Worker'],
    ['--wechat-port', wechat, 'the simulated WeChat'],
  ] as const
  for (const [option, port, who] of needed) {
    if (await isFree(port)) continue
    throw new CliError(
      `Port ${port}, for ${who}, is already in use: choose another one with ${option}, for example: npm start -- ${option} ${port + 10}`,
    )
  }
}

/** Deletes wrangler's folder. Other files stay, because with `--persist` the user can name any directory. */
function deleteDatabase(persistDir: string): void {
  rmSync(join(persistDir, 'v3'), { recursive: true, force: true })
}

function printWelcome(
  { workerOrigin, wechat }: Stack,
  ordercode: string,
  webhook: string | undefined,
  tookMs: number,
): void {
  const { total_fee: totalFee, body } = SAMPLE_TERMS
  const isDefault =
    workerOrigin.endsWith(`:${WORKER_PORT}`) && wechat.origin.endsWith(`:${WECHAT_PORT}`)
  const where = isDefault ? '' : ` --worker ${workerOrigin} --wechat ${wechat.origin}`
  const rows = [
    ['virtual phone', `${wechat.origin}/`, 'open it in a browser and press 立即支付'],
    ['console', `${workerOrigin}/console`, 'sign in with the token below and any name'],
    ["shop's token", DEMO_TOKEN, 'public demo data'],
    ['Worker', workerOrigin, 'runs src/, reloads on every change'],
    ['WeChat, simulated', wechat.origin, `control interface: ${CONTROL_ROOT}`],
    ['sample order', ordercode, `${yuan(totalFee)}, ${body}`],
    ...(webhook === undefined ? [] : [['webhooks', webhook, `signed with ${DEMO_WEBHOOK_SECRET}`]]),
  ]
  say()
  const width = Math.max(...rows.map(([, value = '']) => value.length))
  for (const [name = '', value = '', remark = ''] of rows) {
    say(`  ${name.padEnd(18)} ${bold(value.padEnd(width))}  ${dim(remark)}`)
  }
  say()
  say(`Ready after ${seconds(tookMs)}. Or without a browser, in a second terminal:`)
  say()
  say(cyan(`  npm run pay -- ${ordercode}${where}`))
  say(cyan(`  curl -H 'Authorization: Bearer ${DEMO_TOKEN}' ${workerOrigin}/orders/${ordercode}`))
  say()
  say('Log of the Worker and WeChat follows. Ctrl-C stops everything.')
  say()
}

type LiveView = ReturnType<typeof liveView>

/**
 * Creates the live log of the Worker and the simulated WeChat. It prints nothing before `open` is called.
 *
 * @param verbose Prints every line, from the beginning.
 */
function liveView(verbose: boolean) {
  let isOpen = verbose
  let last = ''
  const show = (who: 'Worker' | 'WeChat', what: string | undefined): void => {
    if (!isOpen || what === undefined) return
    // A client that polls produces the same line many times. Consecutive equal lines are printed once.
    const key = `${who} ${what.replace(/ \(\d+ ms\)$/, '')}`
    if (key === last && !verbose) return
    last = key
    live(who, what)
  }
  return {
    open: () => void (isOpen = true),
    worker: (line: Parameters<typeof describeWorkerLine>[0]) =>
      show('Worker', describeWorkerLine(line, verbose)),
    wechat: (line: string) => show('WeChat', describeWechatLine(line, verbose)),
  }
}

/**
 * Formats a line of the simulated WeChat's log; undefined hides it. A successful call to the control interface is
 * hidden, because its effect has its own line.
 */
function describeWechatLine(line: string, verbose: boolean): string | undefined {
  const isControl = line.includes(` ${CONTROL_ROOT}`)
  if (isControl && !verbose && line.endsWith('→ 200')) return undefined
  // The time at the beginning of the line is removed: it is the simulated WeChat's, which may be ahead.
  return line.replace(/^\d{4}-\S+Z /, '').replace(/^request /, '')
}

/** Runs the cron at every full minute, as Cloudflare does. A run that fails is logged, and the next run follows. */
async function fireCronEveryMinute(stack: Stack, interrupted: AbortSignal): Promise<void> {
  while (!interrupted.aborted) {
    const untilNextMs = MINUTE_MS - (Date.now() % MINUTE_MS)
    await sleep(untilNextMs, undefined, { signal: interrupted }).catch(() => {})
    if (interrupted.aborted) return
    await stack.cron().catch((error: unknown) => {
      if (!interrupted.aborted) live('cron', red(error instanceof Error ? error.message : 'failed'))
    })
  }
}

function untilAborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((done) => {
    if (signal.aborted) done(undefined)
    signal.addEventListener('abort', () => done(undefined), { once: true })
  })
}

await run(main)
