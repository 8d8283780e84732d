/** The outcome of the setup, and how it is told. */
import { Interrupted } from '../cli/interrupt.ts'
import { bold, cyan, dim, green, red, yellow } from '../cli/terminal.ts'
import { Refused } from './cloudflare/api.ts'
import type { Value } from './ask/values.ts'
import type { Environment } from './toml/wrangler-file.ts'
import { Stop, text } from './words.ts'
import type { World } from './world.ts'

/** How to speak: a language and a place to print. */
export type Voice = Pick<World, 'print' | 'say'>

type State = 'was_done' | 'to_do' | 'done' | 'failed' | 'not_done'

/** The outcome, as `--json` prints it. */
export type Report = {
  result:
    | 'installed'
    | 'nothing_to_do'
    | 'planned'
    | 'refused'
    | 'could_not_look'
    | 'failed'
    | 'interrupted'
  exit_code: number
  environment: 'staging' | 'production'
  account: Readonly<{ id: string; name: string }> | null
  worker: string | null
  url: string | null
  steps: { id: string; title: string; state: State; seen: string; commands: readonly string[] }[]
  /** The changed lines of wrangler.toml. */
  changes: readonly string[]
  /** Names of values that the real run would need; only after a dry run. */
  missing: readonly string[]
  error: string | null
  /** The command to go on with. */
  next: string | null
  doctor: Readonly<{ exit_code: number; report: unknown }> | null
}

/** Before anything happened. */
export const emptyReport = (environment: Environment): Report => ({
  result: 'refused',
  exit_code: 1,
  environment: environment ?? 'production',
  account: null,
  worker: null,
  url: null,
  steps: [],
  changes: [],
  missing: [],
  error: null,
  next: null,
  doctor: null,
})

/** Prints the plan. */
export function showPlan(report: Report, { print }: Voice): void {
  print()
  for (const { title, state, seen, commands, id } of report.steps) {
    print(`  ${state === 'was_done' ? green('✓') : yellow('→')} ${bold(title)}  ${dim(seen)}`)
    for (const command of commands) print(cyan(`      ${command}`))
    if (id !== 'configuration') continue
    for (const line of report.changes) print(`    ${line}`)
  }
  print()
}

/** Ends a dry run. @param missing What the real run would need. @param typed What the user typed behind `npm run setup --`. */
export function endDryRun(
  report: Report,
  missing: readonly Value[],
  { say, print }: Voice,
  typed: readonly string[],
): void {
  report.result = report.steps.every(({ state }) => state === 'was_done')
    ? 'nothing_to_do'
    : 'planned'
  report.exit_code = 0
  report.missing = missing.map(({ name }) => name)
  if (missing.length > 0) {
    print(say(text('The real run would need or ask for:', '实际运行时还需要：')))
    for (const { name, title, where } of missing) print(`  ${name}: ${say(title)}; ${say(where)}`)
  }
  print(say(text('A dry run: nothing was changed.', '仅预演：未做任何修改。')))
  if (report.result !== 'planned') return
  report.next = commandWith(typed.filter((word) => word !== '--dry-run'))
  print(`${say(text('To carry it out', '实际执行请运行'))}: ${cyan(report.next)}`)
}

/** Shown once: Cloudflare shows no secret again. */
export function showToken(token: string, { say, print }: Voice): void {
  print()
  print(
    bold(
      say(
        text(
          'MERCHANT_TOKEN, shown only now and stored nowhere here:',
          'MERCHANT_TOKEN（只显示这一次，本机不保存）：',
        ),
      ),
    ),
  )
  print()
  print(`  ${token}`)
  print()
  print(
    say(
      text(
        "Put it into the secrets of your shop's server, which sends it as `Authorization: Bearer …`, and into your password manager.",
        '请保存到商城服务器的密钥配置中（请求头 `Authorization: Bearer …`），并存入密码管理器。',
      ),
    ),
  )
}

/** Says what happened, what is done, what is not, and how to go on. */
export function explain(
  error: unknown,
  report: Report,
  { say, print }: Voice,
  typed: readonly string[],
): void {
  const hasBegun = report.result === 'failed'
  if (error instanceof Interrupted) {
    report.result = 'interrupted'
    report.exit_code = 130
    report.error = say(text('Interrupted.', '已中断。'))
  } else if (error instanceof Stop) {
    if (!hasBegun && error.exitCode === 2) report.result = 'could_not_look'
    report.exit_code = hasBegun ? 1 : error.exitCode
    report.error = say(error.text)
  } else if (error instanceof Refused) {
    if (!hasBegun) report.result = 'could_not_look'
    report.exit_code = hasBegun ? 1 : 2
    report.error = say(
      text(`Cloudflare says no: ${error.message}`, `Cloudflare 拒绝了请求：${error.message}`),
    )
  } else throw error
  print(red(report.error))
  if (!hasBegun) {
    if (report.result === 'interrupted') print(say(text('Nothing was changed.', '未做任何修改。')))
    return
  }
  const titles = (...states: State[]): string =>
    report.steps
      .filter(({ state }) => states.includes(state))
      .map(({ title }) => title)
      .join(', ') || '-'
  report.next = commandWith(typed)
  print()
  print(`${say(text('Done', '已完成'))}: ${titles('was_done', 'done')}`)
  print(`${say(text('Not done', '未完成'))}: ${titles('failed', 'not_done')}`)
  print(
    `${say(text('Go on with', '继续请运行'))}: ${cyan(report.next)}  ${dim(say(text('What is done is found, and not repeated.', '已完成的步骤不会重复执行。')))}`,
  )
}

/** The command of this setup with these arguments, to copy into a shell. */
const commandWith = (typed: readonly string[]): string =>
  ['npm run setup', ...(typed.length === 0 ? [] : ['--', ...typed.map(shellWord)])].join(' ')

const shellWord = (word: string): string =>
  /^[\w./=@:-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
