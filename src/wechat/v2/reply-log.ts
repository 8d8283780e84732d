/** Logs the answers of WeChat that are not what a call asked for, in WeChat's own words. */
import type { Log } from '../../ports/deps.ts'
import type { EnvelopeError } from './wire/envelope.ts'
import type { Fields } from './wire/xml.ts'

/** What an answer is about: the call, and the number of the order or refund, or the day. */
export type About = Readonly<{ call: string } & Record<string, string>>
/** How the Worker understood an answer. */
export type Understood = Readonly<{
  kind: string
  cause?: string
  errCode?: string
  errCodeDes?: string
}>

/**
 * Creates the log of all answers. A refusal is `wechat_refused` with WeChat's words; many refusals are usual, and `outcome`
 * says how the Worker understood one, for example `absent`. An answer without a meaning is `wechat_unreadable`.
 */
export function replyLog(log: Log) {
  const refused = (about: About, outcome: string, errCode?: string, errCodeDes?: string): void =>
    log({
      event: 'wechat_refused',
      ...about,
      outcome,
      ...(errCode === undefined ? {} : { err_code: errCode }),
      ...(errCodeDes === undefined ? {} : { err_code_des: errCodeDes }),
    })
  const unreadable = (about: About, reason = ''): void =>
    log({ event: 'wechat_unreadable', ...about, reason })

  return {
    /** Logs a verified answer, unless it is a success that was understood. */
    verified(about: About, fields: Fields, { kind, cause }: Understood): void {
      if (fields.get('result_code') !== 'SUCCESS') {
        refused(about, kind, fields.get('err_code'), fields.get('err_code_des'))
      } else if (kind === 'unknown') unreadable(about, cause)
    },

    /** Logs an answer that failed verification. A refusal without a signature has one text, its return_msg. */
    unverified(about: About, error: EnvelopeError): void {
      if (error.reason === 'return_fail') refused(about, 'unsigned', 'FAIL', error.returnMsg)
      else unreadable(about, 'cause' in error ? error.cause : error.reason)
    },

    /** Logs an answer of a call whose answers are never signed, unless its kind is `success`. */
    plain(about: About, reply: Understood, success: string): void {
      const { kind, cause, errCode, errCodeDes } = reply
      if (kind === 'unknown') unreadable(about, cause)
      else if (kind !== success) refused(about, kind, errCode, errCodeDes)
    },
  }
}
