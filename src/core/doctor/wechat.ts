/** Judges what WeChat answers to questions that change nothing. Pure. */
import { type Finding, fine, finding } from './finding.ts'

/**
 * What WeChat says to a signed question about an order that cannot exist: `known`, it accepts our signature, and its own
 * verifies under our key; otherwise what is wrong. `other` has words that WeChat's documents do not list.
 */
export type KeyAnswer = Readonly<{
  kind:
    'known' | 'key' | 'merchant' | 'appid' | 'unbound' | 'product' | 'busy' | 'no_answer' | 'other'
  words: string
  /** WeChat's clock minus ours, in seconds; undefined when the answer has no date. */
  skewS: number | undefined
}>

/** What WeChat says to a login code that does not exist. `known`: AppID and AppSecret belong together. */
export type SecretAnswer = Readonly<{
  kind: 'known' | 'secret' | 'appid' | 'no_answer' | 'other'
  words: string
}>

/** What WeChat says to a refund of a payment that does not exist. `known`: it accepts the certificate. */
export type CertificateAnswer = Readonly<{
  kind: 'known' | 'refused' | 'no_answer' | 'other'
  words: string
}>

/** Beyond it, WeChat may refuse the times of an order. */
const SKEW_MAX_S = 60

/** What says that WeChat was asked, and could not tell now. */
const UNCLEAR: readonly string[] = ['busy', 'other']

/** Judges the key and the numbers, and WeChat's clock. */
export function judgeKey({ kind, words, skewS }: KeyAnswer): readonly Finding[] {
  const id = 'wechat.key'
  const clock = 'wechat.clock'
  const seen = skewS === undefined ? undefined : `${skewS} s`
  return [
    kind === 'known'
      ? fine(id)
      : finding(id, UNCLEAR.includes(kind) ? 'warn' : 'fail', kind, words),
    skewS === undefined
      ? finding(clock, 'skip', 'unread')
      : Math.abs(skewS) > SKEW_MAX_S
        ? finding(clock, 'warn', 'skew', seen)
        : fine(clock, seen),
  ]
}

/**
 * Judges the backup origin. Any answer shows that it can be reached; what is wrong with the key is told once.
 *
 * @param answer Undefined when the backup is the same origin.
 */
export function judgeBackup(answer: KeyAnswer | undefined): Finding {
  const id = 'wechat.backup'
  if (answer === undefined) return finding(id, 'skip', 'same')
  return answer.kind === 'no_answer' ? finding(id, 'warn', 'no_answer', answer.words) : fine(id)
}

/** Judges AppID and AppSecret. */
export function judgeSecret({ kind, words }: SecretAnswer): Finding {
  const id = 'wechat.secret'
  return kind === 'known'
    ? fine(id)
    : finding(id, UNCLEAR.includes(kind) ? 'warn' : 'fail', kind, words)
}

/** Judges the certificate. @param answer Undefined when WeChat was not asked. */
export function judgeCertificate(isBound: boolean, answer: CertificateAnswer | undefined): Finding {
  const id = 'cert.bound'
  if (!isBound) return finding(id, 'warn', 'absent')
  if (answer === undefined || answer.kind === 'known') return fine(id)
  const { kind, words } = answer
  return finding(id, kind === 'refused' ? 'fail' : 'warn', kind, words)
}
