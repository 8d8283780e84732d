/** `npm run doctor -- <url>`: looks at an installation from outside, from inside and through wrangler, and says how to mend what is wrong. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DOCTOR } from '../src/console/words/doctor.ts'
import { type Finding, finding } from '../src/core/doctor/finding.ts'
import { CliError, readOptions, readOrigin, run } from './cli/command.ts'
import { Interrupted, onInterrupt } from './cli/interrupt.ts'
import { say } from './cli/terminal.ts'
import { isLocal, type Place } from './doctor/ask.ts'
import { health, notifyLength, notifyOpen, payAnswers, workersDev } from './doctor/doors.ts'
import { askWorker } from './doctor/inside.ts'
import { dns, tls } from './doctor/network.ts'
import { exitCodeOf, type Language, printJson, printText, reportOf } from './doctor/report.ts'
import { readToken } from './doctor/token.ts'
import { OUTSIDE } from './doctor/words.ts'
import { node, throughWrangler, wranglerOf } from './doctor/wrangler.ts'
import { ROOT } from './local/worker-process.ts'

/** Everything runs side by side, so that the whole takes no longer than one check: under ten seconds. */
const TIMEOUT_S = 9

/** The checks that the Worker makes itself. */
const INSIDE = [...Object.keys(DOCTOR.en.checks), 'worker.doctor']
/** The checks through wrangler. */
const CLI = ['cli.login', 'cli.secrets', 'cli.migrations', 'cert.expiry']

const HELP = `Looks at an installation from outside, from inside (GET /doctor) and through wrangler, in at most ten seconds.

Usage: npm run doctor -- <url> [options]

  <url>           the address of the Worker, as payers and WeChat reach it
  --only ID,ID    only these checks, such as wechat.key,notify.open
  --thorough      also what leaves a trace: an entry of KV, a refund that WeChat must refuse, a message to the group
  --json          one JSON object instead of lines
  --lang LANG     "en" or "zh"; default: the language of the terminal
  --env NAME      the environment of wrangler.toml
  --timeout S     how long each look may take, in seconds; default ${TIMEOUT_S}
  --help          print this text

MERCHANT_TOKEN (or an operator's token) comes from the environment, or is asked for at a terminal. Without it, the Worker's
own checks are left out. Exit code: 0 fine, or warnings; 1 a check failed; 2 could not look.`

await run(async () => {
  const { values, positionals } = readOptions(
    {
      only: { type: 'string' },
      thorough: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      lang: { type: 'string' },
      env: { type: 'string' },
      timeout: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
    1,
  )
  if (values.help) {
    say(HELP)
    return 0
  }
  const url = readUrl(positionals[0])
  const named = readOnly(values.only)
  const lang = readLanguage(values.lang)
  const timeoutMs = readTimeout(values.timeout) * 1_000
  const interrupted = onInterrupt()
  const isWanted = (ids: readonly string[]): boolean =>
    named === undefined || ids.some((id) => named.has(id))
  const token = isWanted(INSIDE)
    ? await readToken(
        lang === 'zh'
          ? 'MERCHANT_TOKEN（不显示，可直接回车）：'
          : 'MERCHANT_TOKEN (not shown; Enter for none): ',
        interrupted,
      )
    : undefined
  if (interrupted.aborted) return 130

  const begun = performance.now()
  const signal = AbortSignal.any([interrupted, AbortSignal.timeout(timeoutMs)])
  const place = { url, signal }
  const looks: readonly (readonly [ids: readonly string[], look: () => Promise<unknown>])[] = [
    [INSIDE, () => askWorker(place, token, lang, values.thorough)],
    ...outside(place, values.env),
  ]
  const found = await Promise.all(looks.filter(([ids]) => isWanted(ids)).map(([, look]) => look()))
  if (interrupted.reason instanceof Interrupted) return 130
  const findings = (found.flat() as Finding[]).filter(
    ({ id }) => named === undefined || named.has(id) || id === 'worker.doctor',
  )
  const tookMs = Math.round(performance.now() - begun)
  const report = reportOf(findings, { url: url.origin, lang, tookMs, named })
  if (values.json) printJson(report)
  else printText(report, lang)
  return exitCodeOf(report)
})

/** The checks from outside and through wrangler. */
function outside(
  place: Place,
  environment: string | undefined,
): readonly (readonly [ids: readonly string[], look: () => Promise<unknown>])[] {
  const toml = readText('wrangler.toml')
  const { version } = JSON.parse(readText('package.json')) as { version: string }
  return [
    [['net.dns'], () => dns(place)],
    [['net.tls'], () => tls(place)],
    [['net.health'], () => health(place, version)],
    [['net.workers_dev'], async () => workersDev(place, toml)],
    [
      ['net.china'],
      async () => finding('net.china', 'skip', isLocal(place.url) ? 'local' : 'by_hand'),
    ],
    [['notify.open'], () => notifyOpen(place)],
    [['notify.length'], async () => notifyLength(place)],
    [['pay.answers'], () => payAnswers(place)],
    [['cli.node'], async () => node()],
    [
      CLI,
      async () =>
        isLocal(place.url)
          ? CLI.filter((id) => id !== 'cert.expiry').map((id) => finding(id, 'skip', 'local'))
          : throughWrangler(wranglerOf(place.signal, environment), toml),
    ],
  ]
}

function readText(name: string): string {
  const path = join(ROOT, name)
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}

function readUrl(text: string | undefined): URL {
  if (text === undefined)
    throw new CliError('Give the address of the Worker: npm run doctor -- https://pay.example.com')
  const scheme = /^[a-z]+:\/\//i.test(text)
    ? ''
    : /^(localhost|127\.|\[::1\])/.test(text)
      ? 'http://'
      : 'https://'
  const url = new URL(readOrigin('The doctor', `${scheme}${text}`))
  if (url.protocol === 'http:' && !isLocal(url)) {
    throw new CliError(`Use https://${url.host}: over http, the whole way could read the token.`)
  }
  return url
}

function readOnly(text: string | undefined): ReadonlySet<string> | undefined {
  if (text === undefined) return undefined
  const ids = text.split(',').map((id) => id.trim())
  const known = new Set([...INSIDE, ...Object.keys(OUTSIDE.en.checks)])
  const unknown = ids.filter((id) => !known.has(id))
  if (unknown.length === 0) return new Set(ids)
  throw new CliError(
    `--only does not know ${unknown.join(', ')}. The checks are: ${[...known].toSorted().join(', ')}.`,
  )
}

function readLanguage(text: string | undefined): Language {
  if (text === undefined)
    return (process.env['LC_ALL'] ?? process.env['LANG'] ?? '').startsWith('zh') ? 'zh' : 'en'
  if (text === 'en' || text === 'zh') return text
  throw new CliError(`--lang takes "en" or "zh", not "${text}".`)
}

function readTimeout(text = String(TIMEOUT_S)): number {
  const seconds = Number(text)
  if (/^\d{1,3}$/.test(text) && seconds >= 1 && seconds <= 120) return seconds
  throw new CliError(`--timeout takes 1 to 120 seconds, not "${text}".`)
}
