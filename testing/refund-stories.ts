/** Helpers of the stories about refunds. */
import { expect, vi } from 'vitest'
import type { OrderJson, RefundJson, World } from './world.ts'

/** How often the Worker has called a path of WeChat, for example `/secapi/pay/refund`. */
export const called = (w: World, path: string): number =>
  w.calls.filter((call) => call.endsWith(path)).length

/** A paid order. */
export type Paid = Readonly<{ ordercode: string; openid: string; transactionId: string }>

/** Registers an order, lets a payer pay it, and delivers the notice, so that the Worker records the payment. */
export async function paidOrder(w: World, name: string, totalFee = 8_800): Promise<Paid> {
  const ordercode = await w.order(name, { total_fee: totalFee })
  const openid = w.wechat.payer.newOpenid()
  const answer = await w.pay(ordercode, openid)
  if (answer.status !== 200) throw new Error(await answer.text())
  const paid = w.wechat.payer.pay(ordercode)
  if (!paid.ok) throw new Error(paid.why)
  await w.deliverNotices()
  await w.settled()
  return { ordercode, openid, transactionId: paid.transactionId }
}

/**
 * Registers an order that two payers pay: the second payer's attempt replaces the first payer's, but WeChat lets the first
 * payer pay nevertheless. WeChat's notices are not delivered yet.
 *
 * @returns `transactions`: the second payer's transaction_id, then the first payer's.
 */
export async function paidTwice(w: World, name: string) {
  const ordercode = await w.order(name)
  await w.pay(ordercode, w.wechat.payer.newOpenid())
  await w.pay(ordercode, w.wechat.payer.newOpenid())
  const first = w.wechat.payer.pay(`${ordercode}*2`)
  const second = w.wechat.payer.pay(ordercode, { despiteClose: true })
  if (!first.ok || !second.ok) throw new Error('not paid twice')
  return { ordercode, transactions: [first.transactionId, second.transactionId] }
}

/** The body of the shop's request for a refund. */
export type RefundBody = Readonly<{
  refund_fee: number
  reason?: string
  refund_account?: 'unsettled' | 'available'
  transaction_id?: string
}>

/** Requests a refund. @param body A number is the refund_fee in fen. */
export const putRefund = (
  w: World,
  ordercode: string,
  number: string,
  body: RefundBody | number,
): Promise<Response> =>
  w.shop(
    'PUT',
    `/orders/${ordercode}/refunds/${encodeURIComponent(number)}`,
    typeof body === 'number' ? { refund_fee: body } : body,
  )

/** Calls a refund off. */
export const deleteRefund = (w: World, ordercode: string, number: string): Promise<Response> =>
  w.shop('DELETE', `/orders/${ordercode}/refunds/${encodeURIComponent(number)}`)

/** The answer to a refund request: the refund's or the problem's fields, and the status. */
export type RefundAnswer = RefundJson &
  Readonly<{
    status: number
    code?: string
    left?: number
    received_by: string | null
    err_code_des: string | null
    requested_at: string
    accepted_at: string | null
    succeeded_at: string | null
    ended_at: string | null
    cancelled_at: string | null
    refund_account: string | null
  }>

/** Requests a refund through the merchant API, and reads the Worker's answer. */
export async function refund(
  w: World,
  ordercode: string,
  number: string,
  body: RefundBody | number,
): Promise<RefundAnswer> {
  const answer = await putRefund(w, ordercode, number, body)
  return { ...(await answer.json<RefundAnswer>()), status: answer.status }
}

/** Reads a refund through the merchant API. */
export async function getRefund(w: World, ordercode: string, number: string) {
  const path = `/orders/${ordercode}/refunds/${encodeURIComponent(number)}`
  const answer = await w.shop('GET', path)
  return { ...(await answer.json<RefundAnswer>()), status: answer.status }
}

/** An answer in short: status and code or state, such as `201 processing` or `409 refund_conflict`. */
export async function outcome(answer: Response | Promise<Response>): Promise<string> {
  const response = await answer
  const { code, state } = await response.json<{ code?: string; state?: string }>()
  return `${response.status} ${code ?? state ?? ''}`
}

/**
 * Lets minutes pass. In each, WeChat's due notices are delivered, unless `notices` is false, and the cron runs. Background
 * work never takes a minute: without this, the cron would repeat first tries that have not ended.
 */
export async function pass(w: World, minutes: number, { notices = true } = {}): Promise<void> {
  for (let minute = 0; minute < minutes; minute++) {
    await w.settled()
    w.advance(60)
    if (notices) await w.deliverNotices()
    await w.cron()
  }
  await w.settled()
}

/** Lets minutes pass until the refund is no longer `requested`, ten at most. */
export async function passUntilSent(w: World, ordercode: string, number: string): Promise<void> {
  for (let minute = 0; minute < 10; minute++) {
    if ((await getRefund(w, ordercode, number)).state !== 'requested') return
    await pass(w, 1)
  }
}

/** Records the XML of every refund request that is sent with the certificate from now on. */
export function recordRefunds(w: World): string[] {
  const sent: string[] = []
  const real = w.wechat.fetchWithCertificate
  vi.spyOn(w.wechat, 'fetchWithCertificate').mockImplementation(async (request) => {
    sent.push(await request.clone().text())
    return real(request)
  })
  return sent
}

/** The XML without nonce and signature, which differ in every request. */
export const withoutNonce = (xml: string): string => xml.replace(/<(nonce_str|sign)>.*?<\/\1>/g, '')

/** Posts a refund notice to the Worker. */
export const notifyRefund = (w: World, body: BodyInit): Promise<Response> =>
  w.fetch('/notify/refund', { method: 'POST', body })

/** Webhooks about refunds that the shop has received, as `type out_refund_no`. */
export const refundWebhooks = (w: World): string[] =>
  w.receiver.received
    .filter(({ type }) => type.startsWith('refund.'))
    .map(({ type, data }) => `${type} ${String(data['out_refund_no'])}`)

/** Reads the types of the order's events about refunds, oldest first. */
export const refundEvents = async (w: World, ordercode: string): Promise<string[]> =>
  (await w.history(ordercode)).filter((type) => type.startsWith('refund_'))

/** Lists the states of the order's refunds, sorted. */
export const states = ({ refunds }: OrderJson): string[] => refunds.map(({ state }) => state).sort()

/** The fields of a review that the stories read. */
export type ReviewJson = Readonly<{
  id: string
  kind: string
  ordercode: string | null
  note: string | null
  action?: string | null
  evidence: Record<string, unknown>
}>

/** Reviews of the whole shop, except those of the daily bill. @param query For example `?open=true`. */
export async function reviews(w: World, query = ''): Promise<ReviewJson[]> {
  const answer = await w.shop('GET', `/reviews${query}`)
  const all = (await answer.json<{ reviews: ReviewJson[] }>()).reviews
  return all.filter(({ kind }) => kind !== 'bill_difference')
}

/** The kinds of the reviews that {@link reviews} returns, sorted. */
export const kinds = async (w: World): Promise<string[]> =>
  (await reviews(w)).map(({ kind }) => kind).sort()

/**
 * Expects that no payment of the order has more refunds, succeeded or reserved, than its amount, and that the order states
 * the right sums.
 */
export async function expectBalanced(w: World, ordercode: string): Promise<void> {
  const order = await w.read(ordercode)
  for (const { transaction_id, total_fee, refunded_fee } of order.payments) {
    const known = order.refunds.filter((each) => each.transaction_id === transaction_id)
    const back = known
      .filter(({ state }) => state === 'succeeded')
      .reduce((sum, { refund_fee }) => sum + refund_fee, 0)
    const reserved = known
      .filter(({ state }) => !['refused', 'closed', 'cancelled'].includes(state))
      .reduce((sum, { refund_fee }) => sum + refund_fee, 0)
    expect(refunded_fee).toBe(back)
    expect(reserved).toBeLessThanOrEqual(total_fee)
  }
  expect(order.refunded_fee).toBe(
    order.payments.reduce((sum, { refunded_fee }) => sum + refunded_fee, 0),
  )
}

/** The Worker's answer to WeChat when it accepts a notice. */
export const SUCCESS =
  '<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>'
