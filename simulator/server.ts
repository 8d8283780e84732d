import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { parseArgs } from 'node:util'
import { ControllableClock } from './clock.ts'
import { control, CONTROL_ROOT } from './control.ts'
import { DEMO_MERCHANT } from './demo-merchant.ts'
import type { HistoryEntry } from './history.ts'
import type { Deliver } from './notices.ts'
import { readRequest, writeResponse } from './server-http.ts'
import { type SimulatorOptions, WeChatSimulator } from './wechat.ts'

export type StartOptions = {
  /** 0, the default, takes any free port. */
  port?: number
  /** Default 127.0.0.1: nobody but this machine. */
  host?: string
  /** Default: a merchant that exists nowhere. */
  merchant?: SimulatorOptions['merchant']
  /** 60 lets WeChat's minute pass in a second. Default 1. */
  speed?: number
  random?: SimulatorOptions['random']
  strict?: SimulatorOptions['strict']
  /** Gets one line per call and event. Default: silence. */
  log?: (line: string) => void
}

export type RunningServer = {
  /** For example `http://127.0.0.1:8790`. */
  origin: string
  simulator: WeChatSimulator
  clock: ControllableClock
  /** Ends every connection, stalled ones too, and every delivery. */
  close: () => Promise<void>
}

const DEFAULT_PORT = 8790
const POLL_MS = 200

/** Starts WeChat on HTTP. Notices go out by themselves. Rejects with a sentence for a person when the port is taken. */
export async function start(options: StartOptions = {}): Promise<RunningServer> {
  const { port = 0, host = '127.0.0.1', speed = 1, log = () => {} } = options
  const clock = new ControllableClock(() => Date.now(), speed)
  const simulator = new WeChatSimulator({
    merchant: options.merchant ?? DEMO_MERCHANT,
    clock,
    ...(options.random === undefined ? {} : { random: options.random }),
    ...(options.strict === undefined ? {} : { strict: options.strict }),
    onEvent: (entry) => log(formatEntry(entry)),
  })
  const closing = new AbortController()
  const deliver: Deliver = (request) =>
    fetch(request, { signal: AbortSignal.any([request.signal, closing.signal]) })

  let origin = ''
  const server = createServer((incoming, outgoing) => void answer(incoming, outgoing))
  const answer = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    try {
      const request = await readRequest(incoming, outgoing, origin)
      const isControl = new URL(request.url).pathname.startsWith(CONTROL_ROOT)
      const response = isControl
        ? await control(request, { simulator, clock, deliver })
        : await simulator.fetch(request)
      if (isControl) log(`${request.method} ${incoming.url ?? ''} → ${response.status}`)
      await writeResponse(outgoing, response)
    } catch (error) {
      // A fault that drops the connection, a caller who hung up, a body without end: from outside they all look like this.
      const why = error instanceof Error ? error.message : String(error)
      log(`${incoming.method ?? ''} ${incoming.url ?? ''} → connection dropped: ${why}`)
      outgoing.destroy()
    }
  }
  origin = await listen(server, port, host)
  const poll = setInterval(() => void simulator.deliverDueNotices(deliver), POLL_MS)

  return {
    origin,
    simulator,
    clock,
    close: async () => {
      clearInterval(poll)
      closing.abort()
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

function listen(server: Server, port: number, host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE') return reject(error)
      const remedy = `choose another one with --port, for example --port ${port + 1}`
      reject(new Error(`Port ${port} on ${host} is already in use: ${remedy}.`))
    })
    server.listen(port, host, () => {
      const address = server.address()
      const actual = typeof address === 'object' && address !== null ? address.port : port
      resolve(`http://${host.includes(':') ? `[${host}]` : host}:${actual}`)
    })
  })
}

function formatEntry({ at, type, endpoint, outTradeNo, outcome, fault }: HistoryEntry): string {
  const parts = [type, endpoint, outTradeNo].filter((part) => part !== undefined)
  const words = fault === undefined ? (outcome ?? '') : `${outcome ?? ''} [fault ${fault}]`
  return `${new Date(at).toISOString()} ${parts.join(' ')}${words === '' ? '' : ` → ${words}`}`
}

const HELP = `WeChat Pay V2 on this machine, for a developer without a merchant account.

  node simulator/server.ts [options]

  --port <number>        default ${DEFAULT_PORT}
  --host <address>       default 127.0.0.1
  --appid <text>         default ${DEMO_MERCHANT.appid}
  --mch-id <digits>      default ${DEMO_MERCHANT.mchId}
  --api-key <text>       API V2 key, 32 characters; default ${DEMO_MERCHANT.apiKey}
  --app-secret <text>    default ${DEMO_MERCHANT.appSecret}
  --speed <number>       WeChat's seconds per second, default 1
  --quiet                no line per call
  --help                 this text

GET ${CONTROL_ROOT} lists what can be done to it: log a user in, pay, lose notices, inject faults, advance the clock.
`

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: String(DEFAULT_PORT) },
      host: { type: 'string', default: '127.0.0.1' },
      appid: { type: 'string', default: DEMO_MERCHANT.appid },
      'mch-id': { type: 'string', default: DEMO_MERCHANT.mchId },
      'api-key': { type: 'string', default: DEMO_MERCHANT.apiKey },
      'app-secret': { type: 'string', default: DEMO_MERCHANT.appSecret },
      speed: { type: 'string', default: '1' },
      quiet: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return void process.stdout.write(HELP)

  if (values['api-key'].length !== 32) throw new Error('--api-key takes 32 characters.')

  const print = (line: string) => void process.stdout.write(`${line}\n`)
  const running = await start({
    port: readNumber('--port', values.port, 0, 65_535),
    host: values.host,
    speed: readNumber('--speed', values.speed, 0, 1_000_000),
    merchant: {
      appid: values.appid,
      mchId: values['mch-id'],
      apiKey: values['api-key'],
      appSecret: values['app-secret'],
    },
    ...(values.quiet ? {} : { log: print }),
  })
  print(
    `WeChat simulator at ${running.origin}, control interface at ${running.origin}${CONTROL_ROOT}`,
  )
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void running.close().then(() => process.exit(0)))
  }
}

function readNumber(name: string, text: string, min: number, max: number): number {
  const value = Number(text)
  if (text.trim() !== '' && value >= min && value <= max) return value
  throw new Error(`${name} takes a number from ${min} to ${max}, not "${text}".`)
}

if (import.meta.main) {
  main().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(1)
  })
}
