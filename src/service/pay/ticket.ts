/**
 * A ticket proves to `/result` that its bearer got payment parameters for the ticket's order from `/pay`.
 *
 *     ordercode.payer.expiry.mac
 *
 * `payer` is a keyed hash of the openid, so a ticket does not reveal who paid. `expiry` is in Unix seconds.
 * `mac` is an HMAC-SHA256 of `ordercode.payer.expiry`.
 */
import { DAY_S, later, type UnixSeconds } from '../../core/time.ts'
import { derivedKey, macHex } from '../../lib/mac.ts'
import { equalInConstantTime } from '../../lib/text.ts'

const TICKET_LIFE_S = DAY_S
const PAYER_HEX_CHARS = 32
const TICKET = /^(([0-9A-Za-z_-]{6,28})\.([0-9a-f]{32})\.(\d{1,12}))\.([0-9a-f]{64})$/

/**
 * Derives the HMAC key of tickets from an AppSecret, so that the operator has no further secret to set.
 */
export const ticketKey = (appSecret: string): Promise<CryptoKey> =>
  derivedKey(appSecret, 'wxpay-edge ticket v1')

/** Makes a ticket for a payer who has logged in. The ticket is valid for one day. */
export async function issueTicket(
  key: CryptoKey,
  ordercode: string,
  openid: string,
  now: UnixSeconds,
): Promise<string> {
  const claim = `${ordercode}.${await payerHash(key, openid)}.${later(now, TICKET_LIFE_S)}`
  return `${claim}.${await macHex(key, `ticket ${claim}`)}`
}

/** A ticket that was issued here and has not expired. */
export type Ticket = Readonly<{
  ordercode: string
  /** Whether the ticket was issued for this payer. */
  belongsTo: (openid: string) => Promise<boolean>
}>

/**
 * Checks a ticket.
 *
 * @param keys The keys under which a ticket may be signed: while the AppSecret is changed, also the previous one.
 * @returns undefined when the ticket is forged, altered or expired.
 */
export async function readTicket(
  keys: readonly CryptoKey[],
  ticket: string,
  now: UnixSeconds,
): Promise<Ticket | undefined> {
  const parts = TICKET.exec(ticket)
  if (parts === null) return undefined
  const [, claim = '', ordercode = '', payer = '', expiry = '', claimed = ''] = parts
  for (const key of keys) {
    const expected = await macHex(key, `ticket ${claim}`)
    if (equalInConstantTime(claimed, expected) && now < Number(expiry)) {
      return { ordercode, belongsTo: async (openid) => (await payerHash(key, openid)) === payer }
    }
  }
  return undefined
}

/** The keyed hash that stands for the payer in a ticket. */
const payerHash = async (key: CryptoKey, openid: string): Promise<string> =>
  (await macHex(key, `payer ${openid}`)).slice(0, PAYER_HEX_CHARS)
