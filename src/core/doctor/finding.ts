/** What the doctor finds: one finding for each check, and what they mean together. Pure. */
import type { UnixSeconds } from '../time.ts'

/** `warn`: payments work, but a person should look at it. `skip`: it could not be looked at, and says nothing. */
export type CheckStatus = 'ok' | 'warn' | 'fail' | 'skip'

/**
 * What one check found. `id` and `reason` are codes; the words for them are in the console's words. `seen` has the facts:
 * names, counts, other systems' words. Never a value of the configuration.
 */
export type Finding = Readonly<{ id: string; status: CheckStatus; reason: string; seen?: string }>

/** One run of all checks. `isThorough`: with those that leave a trace. */
export type Checkup = Readonly<{
  at: UnixSeconds
  isThorough: boolean
  findings: readonly Finding[]
}>

/** What all findings mean together. */
export type Verdict = 'ready' | 'warnings' | 'not_ready'

/** A finding; `seen` is left out where it is empty. */
export const finding = (
  id: string,
  status: CheckStatus,
  reason: string,
  seen?: string,
): Finding => ({ id, status, reason, ...(seen === undefined || seen === '' ? {} : { seen }) })

/** A check that found nothing wrong. */
export const fine = (id: string, seen?: string): Finding => finding(id, 'ok', 'ok', seen)

/** The findings with a status. */
export const withStatus = (findings: readonly Finding[], status: CheckStatus): readonly Finding[] =>
  findings.filter((each) => each.status === status)

/** What the findings mean together, and how many count against it. */
export function verdictOf(
  findings: readonly Finding[],
): Readonly<{ verdict: Verdict; count: number }> {
  const failed = withStatus(findings, 'fail').length
  const warned = withStatus(findings, 'warn').length
  if (failed > 0) return { verdict: 'not_ready', count: failed }
  return { verdict: warned > 0 ? 'warnings' : 'ready', count: warned }
}

const URGENCY: readonly CheckStatus[] = ['fail', 'warn', 'skip', 'ok']

/** The findings in the order in which a person needs them. */
export const byUrgency = (findings: readonly Finding[]): readonly Finding[] =>
  URGENCY.flatMap((status) => withStatus(findings, status))
