/** What the command says in the end: one line first, then what is wrong, then the rest; or all of it as JSON. */
import {
  byUrgency,
  type CheckStatus,
  type Finding,
  verdictOf,
} from '../../src/core/doctor/finding.ts'
import { DOCTOR } from '../../src/console/words/doctor.ts'
import { tell } from '../../src/core/doctor/words.ts'
import { bold, dim, green, red, say, yellow } from '../cli/terminal.ts'
import type { ToldFinding } from './inside.ts'
import { OUTSIDE } from './words.ts'

export type Language = 'en' | 'zh'

/** `partial`: nothing is wrong, but the Worker's own checks were not among those that ran. `blind`: nothing answered. */
export type CommandVerdict = 'ready' | 'warnings' | 'not_ready' | 'partial' | 'blind'

/** All findings in words, and what they mean together. */
export type DoctorReport = Readonly<{
  url: string
  verdict: CommandVerdict
  summary: string
  tookMs: number
  findings: readonly ToldFinding[]
}>

/** Reasons for which a check could not look, although it should have. */
const BLIND: readonly string[] = ['unreachable', 'late', 'logged_out', 'failed']

/**
 * Puts the findings together.
 *
 * @param given Those from inside have their words already. @param isWhole Whether all checks were asked for.
 * @param named The checks that the user named; undefined for all.
 */
export function reportOf(
  given: readonly (Finding | ToldFinding)[],
  options: Readonly<{
    url: string
    lang: Language
    tookMs: number
    named: ReadonlySet<string> | undefined
  }>,
): DoctorReport {
  const { url, lang, tookMs, named } = options
  const findings = byUrgency(merged(given)).map((each) =>
    'name' in each
      ? (each as ToldFinding)
      : { ...each, ...tell(each, { ...DOCTOR[lang], ...OUTSIDE[lang] }) },
  )
  const { verdict, count } = verdictOf(findings)
  const isKeptOut = findings.some(
    ({ id, status, reason }) =>
      status === 'skip' &&
      BLIND.includes(reason) &&
      // Without a login, wrangler's checks are left out; that is a fault only if the user asked for them.
      (named !== undefined || /^(net|notify|pay|worker)\./.test(id)),
  )
  const isBlind = isKeptOut || findings.every(({ status }) => status === 'skip')
  const isWhole = findings.some(({ id }) => id === 'wechat.key')
  const final: CommandVerdict =
    verdict === 'not_ready'
      ? verdict
      : isBlind
        ? 'blind'
        : verdict === 'ready' && !isWhole
          ? 'partial'
          : verdict
  const words = OUTSIDE[lang]
  const summary =
    final === 'blind'
      ? words.blind
      : final === 'partial'
        ? words.partial
        : DOCTOR[lang].verdict[final](count)
  return { url, verdict: final, summary, tookMs, findings }
}

/** Two sides may look at the same thing: the one that saw something counts. */
function merged<T extends Finding>(given: readonly T[]): readonly T[] {
  const rank: Readonly<Record<CheckStatus, number>> = { fail: 3, warn: 2, ok: 1, skip: 0 }
  const byId = new Map<string, T>()
  for (const each of given) {
    const known = byId.get(each.id)
    if (known === undefined || rank[each.status] > rank[known.status]) byId.set(each.id, each)
  }
  return [...byId.values()]
}

/** 0: fine, or warnings. 1: a check failed. 2: could not look. */
export const exitCodeOf = ({ verdict }: DoctorReport): number =>
  verdict === 'not_ready' ? 1 : verdict === 'blind' ? 2 : 0

/** Prints the report as one JSON object. */
export function printJson({ url, verdict, summary, tookMs, findings }: DoctorReport): void {
  const checks = findings.map(
    ({ id, status, reason, seen = null, name, message, remedy = null }) => ({
      id,
      status,
      reason,
      seen,
      name,
      message,
      remedy,
    }),
  )
  say(JSON.stringify({ url, verdict, summary, took_ms: tookMs, checks }, null, 2))
}

const MARKS: Readonly<Record<CheckStatus, string>> = { fail: '✗', warn: '!', skip: '–', ok: '✓' }
const PAINT = { fail: red, warn: yellow, skip: dim, ok: green }

/** Prints the report for people. */
export function printText(
  { url, verdict, summary, tookMs, findings }: DoctorReport,
  lang: Language,
): void {
  const paint = { ready: green, partial: green, warnings: yellow, not_ready: red, blind: red }[
    verdict
  ]
  const seconds = OUTSIDE[lang].took((tookMs / 1_000).toFixed(1))
  say(`${bold(paint(summary))}  ${dim(`${url}  ${seconds}`)}`)
  const groups = Map.groupBy(findings, groupOf)
  let last: CheckStatus | undefined
  for (const [first, ...others] of groups.values()) {
    if (first === undefined) continue
    const { id, status, seen, name, message, remedy } = first
    if (status !== last && !(last === undefined && status === 'ok')) say()
    last = status
    const more = seen === undefined ? '' : dim(`  (${seen})`)
    const mark = PAINT[status](MARKS[status])
    if (others.length > 0) say(`${mark} ${[first, ...others].map((each) => each.id).join(', ')}`)
    else {
      const isWrong = status === 'fail' || status === 'warn'
      const what = isWrong ? DOCTOR[lang].page.expected(name) : name
      say(`${mark} ${bold(id)}  ${what}${status === 'ok' ? more : ''}`)
    }
    if (status === 'ok') continue
    say(`    ${message}${more}`)
    if (remedy !== undefined) say(`    → ${remedy}`)
  }
}

/** Checks that could not look for the same reason stand together. Every other one stands alone. */
const groupOf = ({ id, status, message, remedy, seen }: ToldFinding): string =>
  status === 'skip' ? JSON.stringify([message, remedy, seen]) : id
