/** The shop's receiver of webhooks, written from the Standard Webhooks specification and not from our sender. */
import { createHmac } from 'node:crypto'
import type { Witness } from '../checkers/witness.ts'
import { type FaultBox, SHOP_FAULTS } from '../faults/faults.ts'
import type { Trace } from '../run/trace.ts'

/** A webhook that the shop's receiver has verified and stored. */
export type Received = Readonly<{
  id: string
  type: string
  /** How often the webhook arrived, including arrivals whose answer was lost on the way to the Worker. */
  times: number
  /** When it arrived first, in milliseconds of virtual time. */
  firstAtMs: number
  body: string
  /** The webhook's `data`: an order, refund, review or bill. Lists only the fields that the checks read. */
  data: Readonly<{
    ordercode?: string
    state?: string
    transaction_id?: string | null
    out_refund_no?: string
    refund_fee?: number
    revision?: number
  }>
}>

/** What a shop keeps of a subject: the webhook with the greatest revision. */
export type Kept = Readonly<{ type: string; revision: number }>

/** Webhooks whose subject is an order. Those about refunds have the refund as their subject. */
const ABOUT_ORDERS = ['order.paid', 'order.closed']

/** What the receiver needs. `secret` is the `whsec_…` of the Worker. */
export type ReceiverParts = Readonly<{
  secret: string
  faults: FaultBox
  trace: Trace
  witness: Witness
  nowMs: () => number
}>

/**
 * Whether all tries of a webhook must have the same body. They need not: the Worker stores the body only after a try. When it
 * dies or D1 fails before that, the next try renders the body anew from an order that may have changed. Once the Worker stores
 * the body before the first try, set this to true.
 */
const EVERY_TRY_SENDS_THE_SAME_BYTES = false

/**
 * By how many seconds a webhook's timestamp may differ from the receiver's clock: the five minutes that Standard Webhooks
 * recommends, since a request may also be delayed on its way.
 */
const TOLERANCE_S = 5 * 60

/** Verifies every webhook, stores it, and answers with the faults of the seed. */
export class Receiver {
  readonly #parts: ReceiverParts
  readonly #received = new Map<string, Received>()
  readonly #kept = new Map<string, Kept>()

  constructor(parts: ReceiverParts) {
    this.#parts = parts
  }

  /** All webhooks, one entry per id. */
  received(): readonly Received[] {
    return [...this.#received.values()]
  }

  /**
   * What a shop knows that obeys the README: it handles each webhook-id once, and never lets a smaller revision replace a
   * greater one of the same subject. By ordercode, or out_refund_no.
   */
  kept(): ReadonlyMap<string, Kept> {
    return this.#kept
  }

  readonly fetch = async (request: Request): Promise<Response> => {
    const { faults, trace } = this.#parts
    const fault = faults.draw('shop', SHOP_FAULTS)
    const id = request.headers.get('webhook-id') ?? ''
    trace.add('receiver', `${id}${fault === undefined ? '' : `, ${fault}`}`)
    if (fault === 'shop_unreachable') throw new TypeError('Network connection lost.')
    const body = await request.text()
    this.#accept(request.headers, id, body)

    switch (fault) {
      case 'shop_reply_lost':
        throw new TypeError('Network connection lost.')
      case 'shop_timeout':
        return new Promise(() => {})
      case 'shop_500':
        return new Response('oops', { status: 500 })
      case 'shop_302':
        return new Response(null, { status: 302, headers: { location: 'https://shop.test/login' } })
      case undefined:
        return new Response(null, { status: 204 })
    }
  }

  #accept(headers: Headers, id: string, body: string): void {
    const { witness, faults } = this.#parts
    const problem = this.#problemIn(headers, id, body)
    if (problem !== undefined) {
      witness.report(`webhook ${id}: ${problem}`)
      return
    }
    const { type, data } = JSON.parse(body) as Pick<Received, 'type' | 'data'>
    const before = this.#received.get(id)
    if (before !== undefined && before.body !== body) {
      faults.count('situation:webhook_body_differs')
      const mustNot = EVERY_TRY_SENDS_THE_SAME_BYTES || type !== before.type
      if (mustNot) witness.report(`webhook ${id} has another body when it is repeated`)
    }
    if (before !== undefined) faults.count('situation:webhook_repeated')
    faults.count(`webhook:${type}`)
    const times = (before?.times ?? 0) + 1
    const firstAtMs = before?.firstAtMs ?? this.#parts.nowMs()
    this.#received.set(id, { id, type, data, body, times, firstAtMs })
    if (before === undefined) this.#keep(type, data)
  }

  #keep(type: string, data: Received['data']): void {
    const isAboutRefund = type.startsWith('refund.')
    if (!isAboutRefund && !ABOUT_ORDERS.includes(type)) return
    const subject = String(isAboutRefund ? data.out_refund_no : data.ordercode)
    const { revision = 0 } = data
    if ((this.#kept.get(subject)?.revision ?? 0) <= revision) {
      this.#kept.set(subject, { type, revision })
    }
  }

  #problemIn(headers: Headers, id: string, body: string): string | undefined {
    const { secret, nowMs } = this.#parts
    const at = headers.get('webhook-timestamp') ?? ''
    if (id === '' || id.includes('.') === false) return 'no id'
    if (Math.abs(nowMs() / 1_000 - Number(at)) > TOLERANCE_S) return `timestamp ${at}`
    const key = Buffer.from(secret.replace('whsec_', ''), 'base64')
    const sign = createHmac('sha256', key).update(`${id}.${at}.${body}`).digest('base64')
    const given = (headers.get('webhook-signature') ?? '').split(' ')
    return given.includes(`v1,${sign}`) ? undefined : 'wrong signature'
  }
}
