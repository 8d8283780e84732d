/** From findings to sentences. The sentences themselves are tables, one for each language. Pure. */
import { type Finding, type Verdict, verdictOf } from './finding.ts'

/** What is wrong, and what mends it. */
export type Sentences = readonly [wrong: string, remedy: string]

/** The words of the doctor in one language. */
export type DoctorWords = Readonly<{
  verdict: Readonly<Record<Verdict, (count: number) => string>>
  /** What each check looks at, by its id. */
  checks: Readonly<Record<string, string>>
  /** By `id reason`, or by the reason alone where it means the same for several checks. */
  findings: Readonly<Record<string, Sentences>>
}>

/** A finding in words. A check that is fine has no remedy. */
export type Told = Readonly<{ name: string; message: string; remedy: string | undefined }>

/** Says what a check found. A code without words speaks for itself. */
export function tell({ id, reason, status }: Finding, words: DoctorWords): Told {
  const name = words.checks[id] ?? id
  if (status === 'ok') return { name, message: name, remedy: undefined }
  const [message, remedy] = words.findings[`${id} ${reason}`] ?? words.findings[reason] ?? [reason]
  return { name, message, remedy }
}

/** The line above all findings. */
export function summaryOf(findings: readonly Finding[], { verdict }: DoctorWords): string {
  const { verdict: kind, count } = verdictOf(findings)
  return verdict[kind](count)
}
