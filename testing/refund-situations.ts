/** Faults and situations that several stories about refunds need. */
import { expect } from 'vitest'
import type { Fault } from '../simulator/protocol/faults.ts'
import { refund, reviews } from './refund-stories.ts'
import type { World } from './world.ts'

/** A fault that the simulated WeChat injects into a refund request. */
export type RefundFault = Fault extends infer Each
  ? Each extends Fault
    ? Omit<Each, 'endpoint'>
    : never
  : never

/** A fault: WeChat answers a refund request with this err_code, correctly signed. */
export const errCode = (code: string, errCodeDes = '?') =>
  ({ kind: 'err_code', errCode: code, errCodeDes }) as const

/** Injects `fault` into the next `times` refund requests that WeChat gets. */
export const injectFault = (w: World, fault: RefundFault, times = 2): void =>
  w.wechat.faults.inject({ endpoint: 'refund', ...fault, times } as Fault)

/** Expects that exactly `left` fen of the payment can still be refunded. */
export async function expectReserved(w: World, ordercode: string, left: number): Promise<void> {
  const answer = await refund(w, ordercode, 'too-much', left + 1)
  expect(answer).toMatchObject({ status: 409, code: 'refund_exceeds_payment', left })
}

/** A fault for the simulator's `faults.inject`: WeChat refuses a refund request with an err_code that the Worker takes as final. */
export const REFUSED = {
  endpoint: 'refund',
  kind: 'err_code',
  errCode: 'TRADE_STATE_ERROR',
  errCodeDes: '?',
} as const

/** Decides a review as the operator does: `POST /reviews/{id}/resolve`. */
export const resolveReview = (w: World, id: string, body: unknown): Promise<Response> =>
  w.shop('POST', `/reviews/${encodeURIComponent(id)}/resolve`, body)

/** Reads an open review of the given kind; throws when there is none. */
export async function openReview(w: World, kind: string) {
  const found = (await reviews(w, '?open=true')).find((each) => each.kind === kind)
  if (found === undefined) throw new Error(`no review ${kind}`)
  return found
}

/** An order that was closed and then paid, because WeChat accepted the payment in spite of the close. */
export async function paidLate(w: World, name: string) {
  const ordercode = await w.order(name)
  await w.pay(ordercode, w.wechat.payer.newOpenid())
  expect((await w.shop('POST', `/orders/${ordercode}/close`)).status).toBe(200)
  const paid = w.wechat.payer.pay(ordercode, { despiteClose: true })
  if (!paid.ok) throw new Error(paid.why)
  return { ordercode, transactionId: paid.transactionId }
}

/** The types of all webhooks about payments and refunds. Webhooks about reviews, bills and closed orders are left out. */
export const moneyWebhooks = (w: World): string[] =>
  w.receiver.types().filter((type) => /^(order\.paid|payment|refund)/.test(type))
