/**
 * An attacker who holds the API key can sign a notice about any transaction of the merchant. Nothing of this may move
 * money, and nothing may block the payment that the transaction_id belongs to for good.
 */
import { describe, expect, it } from 'vitest'
import { openReview, resolveReview } from '../../../testing/refund-situations.ts'
import {
  called,
  kinds,
  outcome,
  paidOrder,
  pass,
  putRefund,
  refund,
  reviews,
} from '../../../testing/refund-stories.ts'
import { world, type World } from '../../../testing/world.ts'

const POLICIES = [
  ['accept', { vars: { LATE_PAYMENT: 'accept' } }],
  ['refund', { vars: { LATE_PAYMENT: 'refund', WX_CERT: 'bound' } }],
] as const

/** The attacker's own order, opened and closed without a payment. */
async function closedOrder(
  w: World,
  name: string,
  openid = w.wechat.payer.newOpenid(),
): Promise<string> {
  const ordercode = await w.order(name)
  await w.pay(ordercode, openid)
  expect((await w.shop('POST', `/orders/${ordercode}/close`)).status).toBe(200)
  return ordercode
}

/** A notice about the attacker's order, signed with the leaked key, that names another payment's transaction. */
const forge = (w: World, ordercode: string, transactionId: string): Promise<Response> =>
  w.notify(
    w.wechat.notices.ofPayments.xml(ordercode, { changes: { transaction_id: transactionId } }),
  )

/** A payment that WeChat took and of which the Worker has not heard. */
async function unheard(w: World, name: string, openid = w.wechat.payer.newOpenid()) {
  const ordercode = await w.order(name)
  await w.pay(ordercode, openid)
  const paid = w.wechat.payer.pay(ordercode)
  if (!paid.ok) throw new Error(paid.why)
  return { ordercode, transactionId: paid.transactionId }
}

describe.each(POLICIES)('under LATE_PAYMENT=%s, a forged notice', (_, options) => {
  it('of a late payment with the transaction of another order is refused with a review', async () => {
    const w = world(options)
    const victim = await paidOrder(w, 'victim')
    const own = await closedOrder(w, 'own')

    expect((await forge(w, own, victim.transactionId)).status).toBe(400)
    await pass(w, 30)

    expect(await w.read(own)).toMatchObject({ state: 'closed', payments: [], refunds: [] })
    expect(await w.read(victim.ordercode)).toMatchObject({ state: 'paid', refunds: [] })
    const { evidence } = await openReview(w, 'transaction_conflict')
    expect(evidence).toMatchObject({
      transaction_id: victim.transactionId,
      out_trade_no: own,
      recorded_for: victim.ordercode,
    })
    expect(called(w, '/secapi/pay/refund')).toBe(0)
  })

  it('opens another review once the first one is resolved, if it names another order, and none if it repeats itself', async () => {
    const w = world(options)
    const victim = await paidOrder(w, 'victim')
    const [own, another] = [await closedOrder(w, 'own'), await closedOrder(w, 'another')]
    await forge(w, own, victim.transactionId)
    const first = await openReview(w, 'transaction_conflict')
    await resolveReview(w, first.id, { note: 'the key has leaked' })

    await forge(w, own, victim.transactionId)
    await pass(w, 30)
    expect(await reviews(w, '?open=true')).toEqual([])
    await forge(w, another, victim.transactionId)

    const second = await openReview(w, 'transaction_conflict')
    expect(second).toMatchObject({ id: `${first.id}.2`, ordercode: another })
  })

  it('of a second payment with the transaction of another order is refused with a review', async () => {
    const w = world(options)
    const victim = await paidOrder(w, 'victim')
    const own = await paidOrder(w, 'own')

    expect((await forge(w, own.ordercode, victim.transactionId)).status).toBe(400)
    await pass(w, 30)

    expect((await w.read(own.ordercode)).payments).toHaveLength(1)
    expect(await kinds(w)).toEqual(['transaction_conflict'])
    expect(called(w, '/secapi/pay/refund')).toBe(0)
  })

  it("of a second payment with the transaction of the order's own payment changes nothing of that payment", async () => {
    const w = world(options)
    const own = await w.order('own')
    await w.pay(own, w.wechat.payer.newOpenid())
    expect((await w.pay(own, w.wechat.payer.newOpenid())).status).toBe(200)
    const paid = w.wechat.payer.pay(`${own}*2`)
    if (!paid.ok) throw new Error(paid.why)
    await w.deliverNotices()
    const before = await w.read(own)
    expect(before).toMatchObject({ state: 'paid', payments: [{ out_trade_no: `${own}*2` }] })

    expect((await forge(w, own, paid.transactionId)).status).toBe(400)
    await pass(w, 30)

    const after = await w.read(own)
    expect(after.payments).toEqual(before.payments)
    expect(after.refunds).toEqual([])
    const { evidence } = await openReview(w, 'transaction_conflict')
    expect(evidence).toMatchObject({ out_trade_no: own, recorded_for: `${own}*2` })
    // The payer's money can still be returned.
    expect(await refund(w, own, 'R1', 100)).toMatchObject({ status: 201, state: 'processing' })
  })

  it('with a transaction of which the Worker has not heard moves no money', async () => {
    const w = world(options)
    const victim = await unheard(w, 'victim')
    const own = await closedOrder(w, 'own')
    await forge(w, own, victim.transactionId)
    await pass(w, 30, { notices: false })

    expect(called(w, '/secapi/pay/refund')).toBe(0)
    expect(w.wechat.books.refundedFen()).toBe(0)
    // The true notice never fails with an exception: a person is told of the conflict.
    const answer = await w.notify(w.wechat.notices.ofPayments.xml(victim.ordercode))
    expect(answer.status).toBe(400)
    expect(w.log.filter(({ event }) => event === 'internal_error')).toEqual([])
    const conflicts = (await reviews(w)).filter(({ kind }) => kind === 'transaction_conflict')
    // A conflict has one review. If the refund is confirmed before the victim's attempt is queried, it stands with the
    // attacker's order, and names the victim's in its evidence.
    expect(conflicts).toHaveLength(1)
    const [conflict] = conflicts
    expect([conflict?.ordercode, conflict?.evidence['wechat_out_trade_no']]).toContain(
      victim.ordercode,
    )
  })

  it("of the attacker's own payment for another order gets nothing back for it", async () => {
    const w = world(options)
    const attacker = w.wechat.payer.newOpenid()
    // Payer, amount and kind are right; only the number is that of another order.
    const goods = await unheard(w, 'goods', attacker)
    const own = await closedOrder(w, 'own', attacker)
    await forge(w, own, goods.transactionId)
    await pass(w, 30, { notices: false })
    const { id } = await openReview(w, 'late_payment')
    await resolveReview(w, id, { note: 'x', action: 'refund' })

    expect(called(w, '/secapi/pay/refund')).toBe(0)
    expect(w.wechat.books.refundedFen()).toBe(0)
  })

  it('of a second payment with such a transaction moves no money', async () => {
    const w = world(options)
    const own = await paidOrder(w, 'own')
    const victim = await unheard(w, 'victim')
    w.wechat.notices.ofPayments.loseNext(victim.ordercode)
    expect((await forge(w, own.ordercode, victim.transactionId)).status).toBe(200)
    await pass(w, 30, { notices: false })

    expect(called(w, '/secapi/pay/refund')).toBe(0)
    expect((await w.read(own.ordercode)).refunds).toMatchObject([
      { state: 'refused', err_code: 'TRANSACTION_CONFLICT' },
    ])
    expect(await kinds(w)).toContain('transaction_conflict')
  })

  it('moves no money when the operator resolves its review with refund', async () => {
    const w = world(options)
    const victim = await unheard(w, 'victim')
    const own = await closedOrder(w, 'own')
    await forge(w, own, victim.transactionId)
    const { id } = await openReview(w, 'late_payment')

    const answer = await resolveReview(w, id, { note: 'give it back', action: 'refund' })

    expect(await outcome(answer)).toBe('409 action_not_allowed')
    expect(called(w, '/secapi/pay/refund')).toBe(0)
    expect((await reviews(w, '?open=true')).map(({ kind }) => kind)).toContain('late_payment')
  })

  it("moves no money when the shop refunds the attacker's order", async () => {
    const w = world(options)
    const victim = await unheard(w, 'victim')
    const own = await w.order('own')
    await w.pay(own, w.wechat.payer.newOpenid())
    // Below NOTICE_CONFIRM_FROM, a signed notice is believed: the order is paid.
    expect((await forge(w, own, victim.transactionId)).status).toBe(200)
    expect((await w.read(own)).state).toBe('paid')

    const refunded = await refund(w, own, 'R1', 100)

    expect(refunded).toMatchObject({ state: 'refused', err_code: 'TRANSACTION_CONFLICT' })
    await pass(w, 30, { notices: false })
    expect(called(w, '/secapi/pay/refund')).toBe(0)
    expect(w.wechat.books.refundedFen()).toBe(0)
    expect(await kinds(w)).toContain('transaction_conflict')
  })
})

describe('a foreign payment that only a forged notice reported', () => {
  it.each(['accept', 'refund'] as const)('cannot be resolved with %s', async (action) => {
    const w = world()
    const victim = await unheard(w, 'victim')
    const own = await w.order('own')
    await w.pay(own, w.wechat.payer.newOpenid())
    const changes = {
      transaction_id: victim.transactionId,
      openid: w.wechat.payer.newOpenid(),
    }
    expect((await w.notify(w.wechat.notices.ofPayments.xml(own, { changes }))).status).toBe(400)
    const { id } = await openReview(w, 'foreign_payment')

    const answer = await resolveReview(w, id, { note: 'x', action })

    expect(await answer.json()).toMatchObject({
      code: 'action_not_allowed',
      wechat: { trade_state: 'SUCCESS' },
    })
    expect(await w.read(own)).toMatchObject({ state: 'paying', payments: [] })
    expect(called(w, '/secapi/pay/refund')).toBe(0)
  })
})

describe('a refund whose payment WeChat does not confirm for now', () => {
  it('waits while WeChat does not answer, and goes out when it does', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'silent')
    w.wechat.faults.inject({ endpoint: 'orderquery', kind: 'reply_lost', times: 4 })

    const waiting = await refund(w, ordercode, 'R1', 100)
    expect(waiting).toMatchObject({ status: 201, state: 'requested' })
    expect(called(w, '/secapi/pay/refund')).toBe(0)

    await pass(w, 8)
    expect((await w.read(ordercode)).refunded_fee).toBe(100)
    expect(await kinds(w)).toEqual([])
  })

  it('waits while WeChat does not know the transaction yet', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'lagging')
    w.wechat.faults.inject({
      endpoint: 'orderquery',
      kind: 'err_code',
      errCode: 'ORDERNOTEXIST',
      errCodeDes: '订单不存在',
      times: 1,
    })

    expect(await refund(w, ordercode, 'R1', 100)).toMatchObject({
      status: 201,
      state: 'requested',
      err_code: 'ORDERNOTEXIST',
    })
    await pass(w, 8)
    expect((await w.read(ordercode)).refunded_fee).toBe(100)
  })

  it('is asked for once: later refunds of a confirmed payment go out at once', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'once')
    await putRefund(w, ordercode, 'R1', 100)
    await pass(w, 2)
    w.calls.length = 0
    await putRefund(w, ordercode, 'R2', 100)
    expect(w.calls).toEqual(['api.mch.weixin.qq.com/secapi/pay/refund'])
  })
})

describe('accept', () => {
  it('is refused with the words of WeChat when the money went back by hand meanwhile', async () => {
    const w = world()
    const own = await w.order('back')
    await w.pay(own, w.wechat.payer.newOpenid())
    w.wechat.payer.pay(own, { openid: w.wechat.payer.newOpenid() })
    w.wechat.notices.ofPayments.loseNext(own)
    await w.notify(w.wechat.notices.ofPayments.xml(own))
    const { id } = await openReview(w, 'foreign_payment')
    w.wechat.platform.refund(own, { refundFee: 8_800 })

    const answer = await resolveReview(w, id, { note: 'a friend paid', action: 'accept' })

    expect(answer.status).toBe(409)
    expect(await answer.json()).toMatchObject({
      code: 'action_not_allowed',
      wechat: { trade_state: 'REFUND' },
    })
    expect(await w.read(own)).toMatchObject({ state: 'paying', payments: [] })
  })

  it('is 503 while WeChat does not answer, and works afterwards', async () => {
    const w = world()
    const own = await w.order('later')
    await w.pay(own, w.wechat.payer.newOpenid())
    w.wechat.payer.pay(own, { openid: w.wechat.payer.newOpenid() })
    w.wechat.notices.ofPayments.loseNext(own)
    await w.notify(w.wechat.notices.ofPayments.xml(own))
    const { id } = await openReview(w, 'foreign_payment')
    const resolution = { note: 'a friend paid', action: 'accept' }
    w.wechat.faults.inject({ endpoint: 'orderquery', kind: 'reply_lost', times: 2 })

    expect(await outcome(resolveReview(w, id, resolution))).toBe('503 wechat_unavailable')
    expect((await resolveReview(w, id, resolution)).status).toBe(200)
    expect((await resolveReview(w, id, resolution)).status).toBe(200)
    expect((await w.read(own)).state).toBe('paid')
  })
})

describe('a returned payment whose refund ends without money', () => {
  const RETURNING = { vars: { LATE_PAYMENT: 'refund', WX_CERT: 'bound' } }

  async function failedReturn(w: World, name: string) {
    const own = await closedOrder(w, name)
    w.wechat.platform.holdRefunds()
    w.wechat.payer.pay(own, { despiteClose: true })
    await w.deliverNotices()
    await pass(w, 2)
    const [back] = (await w.read(own)).refunds
    w.wechat.platform.settleRefund(back?.out_refund_no ?? '', 'REFUNDCLOSE')
    await pass(w, 8)
    return { own, id: (await openReview(w, 'refund_failed')).id }
  }

  it('can be accepted, which makes the order paid', async () => {
    const w = world(RETURNING)
    const { own, id } = await failedReturn(w, 'kept')
    expect((await w.read(own)).state).toBe('closed')

    const resolution = { note: 'the payer wants the goods', action: 'accept' }
    expect((await resolveReview(w, id, resolution)).status).toBe(200)
    await w.settled()

    expect(await w.read(own)).toMatchObject({ state: 'paid', payments: [{ returned: false }] })
    expect(w.receiver.types()).toContain('order.paid')
    expect(await w.history(own)).toContain('payment_accepted')
  })

  it('cannot be accepted while another refund of it is under way', async () => {
    const w = world(RETURNING)
    const { own, id } = await failedReturn(w, 'underway')
    const [payment] = (await w.read(own)).payments
    const body = { refund_fee: 8_800, transaction_id: payment?.transaction_id ?? '' }
    expect((await putRefund(w, own, 'R1', body)).status).toBe(201)

    const answer = await resolveReview(w, id, { note: 'keep it', action: 'accept' })
    expect(answer.status).toBe(409)
    expect((await w.read(own)).state).toBe('closed')
  })
})
