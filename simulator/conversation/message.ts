/** Who takes part in a payment. */
export type Party = 'phone' | 'worker' | 'wechat' | 'shop'

/** One thing that was verified about a message. `why` explains a failure to a developer. */
export type Check = { readonly what: string; readonly ok: boolean; readonly why?: string }

/**
 * One message between two parties, or a note about what happened at one of them. It goes to the browser as it is, so it never
 * contains a key, an AppSecret, a token or a session_key.
 */
export type Message = {
  /** Counts from 1 within a conversation. */
  readonly n: number
  /** Epoch milliseconds on the simulator's clock. */
  readonly at: number
  readonly kind: 'request' | 'reply' | 'note'
  readonly from: Party
  /** Equal to `from` in a note. */
  readonly to: Party
  /** The call or event, in a word that the page translates: `unifiedorder`, `notice`, `order.paid`, `payer_paid`, … */
  readonly what: string
  /** The number of the request that a reply answers. */
  readonly answers?: number
  /** The HTTP status: of a reply; of a request when its reply has no line of its own. */
  readonly status?: number
  /** How long the answer took, in milliseconds of real time. */
  readonly ms?: number
  /** The names and values that were sent, shortened where they are secret. */
  readonly fields: Readonly<Record<string, string>>
  readonly checks: readonly Check[]
  /** The message never arrived. */
  readonly lost?: boolean
}

/** What a speaker says about a message; the conversation adds the number and the time. */
export type Said = Omit<Message, 'n' | 'at' | 'fields' | 'checks'> &
  Partial<Pick<Message, 'fields' | 'checks'>>

const SECRET = /^(secret|session_key|appSecret|authorization|token)$/i
const VALUE_CHARACTERS_MAX = 2_000

/** Copies fields without secrets: their values are replaced by a row of dots. */
export function withoutSecrets(
  fields: Iterable<readonly [string, string]>,
): Record<string, string> {
  return Object.fromEntries(
    [...fields].map(([name, value]) => [
      name,
      SECRET.test(name) ? '••••••' : value.slice(0, VALUE_CHARACTERS_MAX),
    ]),
  )
}
