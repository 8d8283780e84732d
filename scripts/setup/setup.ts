/** The whole course of `npm run setup`: log in, ask, look, show, do, check. */
import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { bold, dim, green, yellow } from '../cli/terminal.ts'
import { ROOT } from '../local/worker-process.ts'
import { chooseAccount, logIn, NotLoggedIn } from './cloudflare/account.ts'
import { collect, type Collected } from './ask/answers.ts'
import { cloudflare } from './cloudflare/api.ts'
import { domainState } from './cloudflare/domain.ts'
import { runDoctor } from './doctor.ts'
import { installationNow, secretNames } from './cloudflare/look.ts'
import type { Options } from './ask/options.ts'
import { asker } from './ask/questions.ts'
import { agreeToConflicts, type Look, plannedDiff, type Step, STEPS } from './steps.ts'
import {
  emptyReport,
  endDryRun,
  explain,
  type Report,
  showPlan,
  showToken,
  type Voice,
} from './report.ts'
import { Stop, text, type Text } from './words.ts'
import type { World } from './world.ts'
import { wrangler } from './wrangler.ts'

/** What surrounds the setup. */
export type Surroundings = Readonly<{
  env: NodeJS.ProcessEnv
  /** Aborted by Ctrl-C. */
  signal: AbortSignal
  /** Undefined where no person can answer. */
  terminal: Readonly<{ input: Readable; output: Writable }> | undefined
  print: (line?: string) => void
  /** The arguments with which Node starts the doctor. */
  doctor: readonly string[] | undefined
  /** What the user typed behind `npm run setup --`. It never has a secret. */
  typed: readonly string[]
  nowMs: number
}>

const DEFAULT_CONFIG = join(ROOT, 'wrangler.toml')

/** Runs the setup. Never throws for what the user can mend: the report has it. */
export async function setUp(options: Options, around: Surroundings): Promise<Report> {
  const voice = voiceOf(options, around)
  const report = emptyReport(options.environment)
  const known: Known = { token: undefined, hasDeployed: false }
  try {
    await install(options, around, report, known)
  } catch (error) {
    explain(error, report, voice, around.typed)
  }
  if (known.token !== undefined && known.hasDeployed) showToken(known.token, voice)
  return report
}

const voiceOf = ({ language }: Options, { print }: Surroundings): Voice => ({
  print,
  say: (each) => each[language],
})

/** What must be said at the end, however the setup ends. */
type Known = {
  /** A new MERCHANT_TOKEN. */
  token: string | undefined
  /** Whether Cloudflare may have it. */
  hasDeployed: boolean
}

async function install(
  options: Options,
  around: Surroundings,
  report: Report,
  known: Known,
): Promise<void> {
  const voice = voiceOf(options, around)
  const { say, print } = voice
  const prepared = await prepare(options, around, report)
  const { world, collected, isBlind } = prepared
  known.token = collected.newToken

  const plan = isBlind ? blindPlan() : await look(world)
  report.steps = plan.map(({ step, look: { isDone, seen } }) => ({
    id: step.id,
    title: say(step.title),
    state: isDone ? 'was_done' : 'to_do',
    seen: say(seen),
    commands: isDone ? [] : step.commands(world),
  }))
  report.changes = isBlind ? [] : await plannedDiff(world)
  showPlan(report, voice)
  if (isBlind) throw prepared.why
  if (options.isDryRun) {
    endDryRun(report, collected.missing, voice, around.typed)
    return
  }
  const isComplete = plan.every(({ look: { isDone } }) => isDone)
  if (isComplete) {
    report.result = 'nothing_to_do'
    print(green(say(text('Nothing to do: everything is in place.', '无需改动：一切就绪。'))))
  } else {
    await agreeToConflicts(world, (await domainState(world)).conflicts)
    await agree(options, world)
    await carryOut(world, report, known)
    report.result = 'installed'
    print()
    print(green(say(text('Everything is in place.', '全部完成。'))))
    print(say(AFTERWARDS))
  }
  report.exit_code = 0
  await diagnose(options, around, report, known.token ?? around.env['MERCHANT_TOKEN'], say)
}

/** Longer than the doctor takes by itself: it has just been seen that wrangler works, and a slow machine is no finding. */
const DOCTOR_S = '30'

const AFTERWARDS = text(
  `Next:
  - Add the address to the mini program's request 合法域名: mp.weixin.qq.com → 开发管理 → 开发设置 → 服务器域名.
  - Let your shop hear of payments: docs/deploy.md, "Webhooks to your shop".
  - npm run types, and commit wrangler.toml and worker-configuration.d.ts.
DNS and the TLS certificate of a new domain take some minutes, the first run of the cron up to fifteen.`,
  `接下来：
  - 把该地址加入小程序的 request 合法域名：mp.weixin.qq.com → 开发管理 → 开发设置 → 服务器域名。
  - 让商城收到支付结果：见 docs/deploy.zh-CN.md 的“接收 webhook”。
  - 运行 npm run types，并提交 wrangler.toml 和 worker-configuration.d.ts。
新域名的 DNS 和 TLS 证书需要几分钟生效，定时任务首次运行最多需要十五分钟。`,
)

type Prepared = Readonly<{ world: World; collected: Collected; isBlind: boolean; why: unknown }>

/** Everything before the first look: the file, the login, the account, the answers. */
async function prepare(options: Options, around: Surroundings, report: Report): Promise<Prepared> {
  const { say, print } = voiceOf(options, around)
  const { env, signal } = around
  const configPath = resolve(options.configPath ?? DEFAULT_CONFIG)
  if (!existsSync(configPath)) {
    throw new Stop(text(`${configPath} does not exist.`, `${configPath} 不存在。`))
  }
  const where = { configPath, environment: options.environment }
  const installation = installationNow(where)
  report.worker = installation.worker
  const ask =
    around.terminal === undefined
      ? undefined
      : asker(around.terminal, signal, { yes: say(text('Yes', '是')), no: say(text('No', '否')) })

  const secrets = new Set([env['CLOUDFLARE_API_TOKEN'] ?? ''].filter((token) => token !== ''))
  const scrub = (output: string): string =>
    [...secrets].reduce((clean, secret) => clean.replaceAll(secret, '••••'), output)
  const run = { cwd: dirname(configPath), signal, scrub }
  const login = () => logIn(env, wrangler({ ...run, env }), ask, say, signal)
  let why: unknown
  const api = await login().catch((error: unknown) => {
    if (!options.isDryRun || !(error instanceof NotLoggedIn)) throw error
    why = error
    return undefined
  })
  const chosen =
    api === undefined
      ? undefined
      : await chooseAccount(
          api,
          {
            ...(options.account === undefined ? {} : { option: options.account }),
            ...(env['CLOUDFLARE_ACCOUNT_ID'] === undefined
              ? {}
              : { environment: env['CLOUDFLARE_ACCOUNT_ID'] }),
            ...(installation.accountId === undefined ? {} : { file: installation.accountId }),
          },
          ask,
          say,
        )
  const account = chosen?.account ?? { id: '', name: '' }
  if (chosen !== undefined) report.account = account
  const secretsThere =
    api === undefined ? [] : await secretNames({ cloudflare: api, account }, installation.worker)
  const collected = await collect({
    options,
    env,
    installation,
    secretsThere,
    ask,
    say,
    nowMs: around.nowMs,
  })
  for (const secret of Object.values(collected.answers.secrets)) secrets.add(secret)
  const { domain } = collected.answers
  if (domain !== '') report.url = `https://${domain}`
  const world: World = {
    ...where,
    language: options.language,
    account,
    accountId: chosen?.isToBeWritten === true ? account.id : undefined,
    answers: collected.answers,
    cloudflare: api ?? cloudflare('', {}, signal),
    wrangler: wrangler({ ...run, env: { ...env, CLOUDFLARE_ACCOUNT_ID: account.id } }),
    ask,
    replaceDomain: options.replaceDomain,
    print,
    say,
    approved: new Set(),
  }
  return { world, collected, isBlind: api === undefined, why }
}

type Planned = Readonly<{ step: Step; look: Look }>

async function look(world: World): Promise<readonly Planned[]> {
  const plan: Planned[] = []
  for (const step of STEPS) plan.push({ step, look: await step.look(world) })
  return plan
}

/** Without a login: the steps of a first installation. */
const blindPlan = (): readonly Planned[] =>
  STEPS.map((step) => ({
    step,
    look: { isDone: false, seen: text('not looked at: no login', '未查看：尚未登录') },
  }))

/** @throws Stop when the user does not agree. */
async function agree(options: Options, world: World): Promise<void> {
  if (options.isYes) return
  if (world.ask === undefined) {
    throw new Stop(
      text(
        'Nothing was changed. Without a terminal, --yes carries this out.',
        '未做任何修改。没有终端时，加上 --yes 才会执行。',
      ),
    )
  }
  if (await world.ask.confirm(world.say(text('Do this?', '执行以上步骤吗？')), true)) return
  throw new Stop(text('Nothing was changed.', '未做任何修改。'))
}

/** Runs what is not done, in order. The first failure ends it. */
async function carryOut(world: World, report: Report, known: Known): Promise<void> {
  const { print, say } = world
  for (const [at, step] of STEPS.entries()) {
    const entry = report.steps[at]
    world.cloudflare.forget()
    try {
      const { isDone } = await step.look(world)
      if (isDone || entry === undefined) continue
      print(`${yellow('→')} ${bold(say(step.title))}`)
      entry.state = 'failed'
      if (step.id === 'deploy') known.hasDeployed = true
      const beganAt = performance.now()
      await step.run(world)
      entry.state = 'done'
      print(
        `${green('✓')} ${say(step.title)}  ${dim(`${((performance.now() - beganAt) / 1_000).toFixed(1)} s`)}`,
      )
    } catch (error) {
      for (const each of report.steps) if (each.state === 'to_do') each.state = 'not_done'
      if (entry !== undefined) entry.state = 'failed'
      await keepToken(world, known)
      report.result = 'failed'
      throw error
    }
  }
  world.cloudflare.forget()
}

/** After a deploy that failed: whether Cloudflare has the new token all the same. If that cannot be seen, it is shown. */
async function keepToken(world: World, known: Known): Promise<void> {
  if (!known.hasDeployed) return
  world.cloudflare.forget()
  const { worker } = installationNow(world)
  const there = await secretNames(world, worker).catch(() => ['MERCHANT_TOKEN'])
  known.hasDeployed = there.includes('MERCHANT_TOKEN')
}

async function diagnose(
  options: Options,
  around: Surroundings,
  report: Report,
  token: string | undefined,
  say: (text: Text) => string,
): Promise<void> {
  const { print, doctor } = around
  if (!options.withDoctor || report.url === null) return
  if (doctor === undefined) {
    print(say(text(`Look at ${report.url}/health.`, `请查看 ${report.url}/health。`)))
    return
  }
  const looked = [
    report.url,
    ...(options.environment === undefined ? [] : ['--env', options.environment]),
  ]
  const command = `npm run doctor -- ${looked.join(' ')}`
  print()
  print(dim(command))
  const args = [
    ...looked,
    '--lang',
    options.language,
    '--timeout',
    DOCTOR_S,
    ...(options.isJson ? ['--json'] : []),
  ]
  const isTerminal = around.terminal !== undefined && !options.isJson
  const { exitCode, output, answer } = await runDoctor(doctor, args, token, {
    ...around,
    isTerminal,
  })
  report.exit_code = exitCode
  report.doctor = { exit_code: exitCode, report: options.isJson ? parsed(answer) : null }
  if (!options.isJson && !isTerminal) print(output.trimEnd())
  if (exitCode === 0) return
  report.next = command
  print(
    say(
      text(
        `The installation is complete. What the doctor found is listed above; a new domain needs some minutes. Then run: ${command}`,
        `安装已完成，未通过的检查见上。新域名需要几分钟生效，之后请再运行：${command}`,
      ),
    ),
  )
}

function parsed(output: string): unknown {
  try {
    return JSON.parse(output)
  } catch {
    return output
  }
}
