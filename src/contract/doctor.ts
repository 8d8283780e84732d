import { type Checkup, verdictOf } from '../core/doctor/finding.ts'
import { type DoctorWords, summaryOf, tell } from '../core/doctor/words.ts'
import { formatRfc3339 } from '../core/time.ts'

/** A run of the doctor, in one language. Contract: fields are added, never renamed. */
export const doctorJson = (
  { at, isThorough, findings }: Checkup,
  words: DoctorWords,
  version: string,
) => ({
  verdict: verdictOf(findings).verdict,
  summary: summaryOf(findings, words),
  version,
  checked_at: formatRfc3339(at),
  thorough: isThorough,
  checks: findings.map((each) => {
    const { name, message, remedy = null } = tell(each, words)
    const { id, status, reason, seen = null } = each
    return { id, status, reason, seen, name, message, remedy }
  }),
})
