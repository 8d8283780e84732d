/** What the stories about refunds have in common. */
import { expect, vi } from 'vitest'
import type { OrderJson, RefundJson, World } from './world.ts'

/** `/secapi/pay/refund`, `/pay/refundquery`: how often each was called. */
export const called = (w: World, path: string): number =>
  w.calls.filter((call) => call.endsWith(path)).length

export type Paid = Readonly<{ ordercode: string; openid: string; transactionId: string }>

/** An order that was paid, and whose payment we know. */
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

/** Money for a second time: the first payer's, whose attempt was closed for the second's, is let through. */
export async function paidTwice(w: World, name: string) {
  const ordercode = await w.order(name)
  await w.pay(ordercode, w.wechat.payer.newOpenid())
  await w.pay(ordercode, w.wechat.payer.newOpenid())
  const first = w.wechat.payer.pay(`${ordercode}*2`)
  const second = w.wechat.payer.pay(ordercode, { despiteClose: true })
  if (!first.ok || !second.ok) throw new Error('not paid twice')
  return { ordercode, transactions: [first.transactionId, second.transactionId] }
}

export type RefundBody = Readonly<{
  refund_fee: number
  reason?: string
  transaction_id?: string
}>

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
  }>

/** The same, read: the refund or the problem, with the status of the answer. */
export async function refund(
  w: World,
  ordercode: string,
  number: string,
  body: RefundBody | number,
): Promise<RefundAnswer> {
  const answer = await putRefund(w, ordercode, number, body)
  return { ...(await answer.json<RefundAnswer>()), status: answer.status }
}

export async function getRefund(w: World, ordercode: string, number: string) {
  const path = `/orders/${ordercode}/refunds/${encodeURIComponent(number)}`
  const answer = await w.shop('GET', path)
  return { ...(await answer.json<RefundAnswer>()), status: answer.status }
}

/** `201 processing`, `409 refund_conflict`: what an answer to a PUT comes down to. */
export async function outcome(answer: Response | Promise<Response>): Promise<string> {
  const response = await answer
  const { code, state } = await response.json<{ code?: string; state?: string }>()
  return `${response.status} ${code ?? state ?? ''}`
}

/** Minutes go by, with their crons and WeChat's notices. */
export async function pass(w: World, minutes: number, { notices = true } = {}): Promise<void> {
  for (let minute = 0; minute < minutes; minute++) {
    w.advance(60)
    if (notices) await w.deliverNotices()
    await w.cron()
  }
  await w.settled()
}

/** Cron by cron until the refund is no longer `requested`, for ten minutes at most. */
export async function passUntilSent(w: World, ordercode: string, number: string): Promise<void> {
  for (let minute = 0; minute < 10; minute++) {
    if ((await getRefund(w, ordercode, number)).state !== 'requested') return
    await pass(w, 1)
  }
}

/** Records every refund that leaves with the certificate, as it is on the wire. */
export function recordRefunds(w: World): string[] {
  const sent: string[] = []
  const real = w.wechat.fetchWithCertificate
  vi.spyOn(w.wechat, 'fetchWithCertificate').mockImplementation(async (request) => {
    sent.push(await request.clone().text())
    return real(request)
  })
  return sent
}

/** The same request without what must differ. */
export const withoutNonce = (xml: string): string => xml.replace(/<(nonce_str|sign)>.*?<\/\1>/g, '')

export const notifyRefund = (w: World, body: BodyInit): Promise<Response> =>
  w.fetch('/notify/refund', { method: 'POST', body })

/** What the shop was told about refunds, and nothing else. */
export const refundWebhooks = (w: World): string[] =>
  w.receiver.received
    .filter(({ type }) => type.startsWith('refund.'))
    .map(({ type, data }) => `${type} ${String(data['out_refund_no'])}`)

export const refundEvents = async (w: World, ordercode: string): Promise<string[]> =>
  (await w.history(ordercode)).filter((type) => type.startsWith('refund_'))

export const states = ({ refunds }: OrderJson): string[] => refunds.map(({ state }) => state).sort()

export type ReviewJson = Readonly<{
  id: string
  kind: string
  ordercode: string | null
  note: string | null
  action?: string | null
  evidence: Record<string, unknown>
}>

/** Reviews of the whole shop; those of the daily bill are another story. */
export async function reviews(w: World, query = ''): Promise<ReviewJson[]> {
  const answer = await w.shop('GET', `/reviews${query}`)
  const all = (await answer.json<{ reviews: ReviewJson[] }>()).reviews
  return all.filter(({ kind }) => kind !== 'bill_difference')
}

export const kinds = async (w: World): Promise<string[]> =>
  (await reviews(w)).map(({ kind }) => kind).sort()

/** However it went: not a fen more went back than came in, at WeChat and on the books, per payment. */
export async function expectBalanced(w: World, ordercode: string): Promise<void> {
  const order = await w.read(ordercode)
  for (const { transaction_id, total_fee, refunded_fee } of order.payments) {
    const known = order.refunds.filter((each) => each.transaction_id === transaction_id)
    const back = known
      .filter(({ state }) => state === 'succeeded')
      .reduce((sum, { refund_fee }) => sum + refund_fee, 0)
    const reserved = known
      .filter(({ state }) => state !== 'refused' && state !== 'closed')
      .reduce((sum, { refund_fee }) => sum + refund_fee, 0)
    expect(refunded_fee).toBe(back)
    expect(reserved).toBeLessThanOrEqual(total_fee)
  }
  expect(order.refunded_fee).toBe(
    order.payments.reduce((sum, { refunded_fee }) => sum + refunded_fee, 0),
  )
}

export const SUCCESS =
  '<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>'
