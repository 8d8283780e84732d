import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { watchDatabase } from '../../../testing/d1/watched-database.ts'
import {
  moneyWebhooks,
  openReview,
  paidLate,
  REFUSED,
  resolveReview,
} from '../../../testing/refund-situations.ts'
import {
  called,
  expectBalanced,
  getRefund,
  kinds,
  outcome,
  paidOrder,
  paidTwice,
  pass,
  putRefund,
  refund,
  reviews,
  states,
} from '../../../testing/refund-stories.ts'
import { world, type World } from '../../../testing/world.ts'

afterEach(() => vi.restoreAllMocks())

async function close(w: World, ordercode: string): Promise<void> {
  await w.shop('POST', `/orders/${ordercode}/close`)
}

/** Another payer has paid the order, and the payment is recorded. */
async function payBefore(w: World, ordercode: string): Promise<void> {
  await w.pay(ordercode, w.wechat.payer.newOpenid())
  w.wechat.payer.pay(`${ordercode}*2`)
  w.wechat.notices.ofPayments.loseNext(`${ordercode}*2`)
  await w.notify(w.wechat.notices.ofPayments.xml(`${ordercode}*2`))
}

async function reviewIdOf(w: World, kind: string): Promise<string> {
  const found = (await reviews(w)).find((each) => each.kind === kind)
  if (found === undefined) throw new Error(`no review ${kind}`)
  return found.id
}

describe('a review is opened for', () => {
  it('the rest of a payment that was partly refunded before we recorded it', async () => {
    const w = world()
    const ordercode = await w.order('part')
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    w.wechat.notices.ofPayments.loseNext()
    w.wechat.payer.pay(ordercode)
    w.wechat.platform.refund(ordercode, { refundFee: 100 })
    await pass(w, 12)
    expect(w.receiver.types()).toContain('order.paid')
    expect(w.receiver.types()).not.toContain('payment.returned')
    const { id, evidence } = await openReview(w, 'partly_returned')
    expect(evidence).toMatchObject({ total_fee: 8_800, refunded: 100, left: 8_700 })

    expect((await resolveReview(w, id, { note: 'not shipped', action: 'refund' })).status).toBe(200)
    await pass(w, 5)
    expect(await w.read(ordercode)).toMatchObject({ refunded_fee: 8_800 })
    expect(await reviews(w, '?open=true')).toEqual([])
  })

  it('a failed refund that a review requested, and not for one of the shop', async () => {
    const w = world()
    const { ordercode } = await paidTwice(w, 'fails')
    w.wechat.platform.holdRefunds()
    await w.deliverNotices()
    const { id } = await openReview(w, 'second_payment')
    expect((await resolveReview(w, id, { note: 'x', action: 'refund' })).status).toBe(200)
    await pass(w, 2)
    const [back] = (await w.read(ordercode)).refunds
    w.wechat.platform.settleRefund(back?.out_refund_no ?? '', 'REFUNDCLOSE')
    await pass(w, 8)
    expect((await w.read(ordercode)).refunds).toMatchObject([{ state: 'closed' }])
    expect((await openReview(w, 'refund_failed')).evidence).toMatchObject({
      out_refund_no: back?.out_refund_no,
      state: 'closed',
    })
    // A refund that the shop requested opens no review: the shop gets a webhook.
    const other = await paidOrder(w, 'shops')
    await putRefund(w, other.ordercode, 'R1', 100)
    w.wechat.platform.settleRefund('R1', 'REFUNDCLOSE')
    await pass(w, 3)
    expect((await reviews(w)).filter(({ kind }) => kind === 'refund_failed')).toHaveLength(1)
  })

  it('money that WeChat refunded under a number that is refused in our records', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'othersum', 1_000)
    w.wechat.platform.refund(ordercode, { refundFee: 500, outRefundNo: 'R1' })
    w.advance(60)
    expect(await outcome(putRefund(w, ordercode, 'R1', 300))).toBe('201 refused')
    await pass(w, 3)
    expect(await kinds(w)).toEqual(['refund_conflict'])
  })

  it('a second payment, and its resolution is stored while WeChat refuses the merchant certificate', async () => {
    const w = world()
    await paidTwice(w, 'certificate')
    w.wechat.faults.inject({ ...REFUSED, errCode: 'CERT_ERROR', times: 99 })
    await w.deliverNotices()
    const { id } = await openReview(w, 'second_payment')
    const resolution = { note: 'x', action: 'refund' }
    // The automatic refund is reserved, so it will be sent; another review says what it waits for.
    expect((await resolveReview(w, id, resolution)).status).toBe(200)
    expect((await openReview(w, 'refund_waiting')).evidence).toMatchObject({
      err_code: 'CERT_ERROR',
    })
    w.wechat.faults.clear()
    await pass(w, 6)
    expect(await kinds(w)).toEqual(['refund_waiting', 'second_payment'])
    expect(await reviews(w, '?open=true')).toEqual([])
  })
})

describe('a foreign payment that an operator accepts', () => {
  it.each([
    ['late', 'refund', close],
    ['second', 'accept', payBefore],
  ] as const)(
    'is not refunded when it is %s, under LATE_PAYMENT=%s',
    async (name, policy, before) => {
      const w = world({ vars: { LATE_PAYMENT: policy, WX_CERT: 'bound' } })
      const ordercode = await w.order(`accepted-${name}`)
      await w.pay(ordercode, w.wechat.payer.newOpenid())
      await before(w, ordercode)
      const openid = w.wechat.payer.newOpenid()
      w.wechat.payer.pay(ordercode, { despiteClose: true, openid })
      w.wechat.notices.ofPayments.loseNext(ordercode)
      await w.notify(w.wechat.notices.ofPayments.xml(ordercode))
      const { id } = await openReview(w, 'foreign_payment')
      expect(
        (await resolveReview(w, id, { note: 'the same person', action: 'accept' })).status,
      ).toBe(200)
      await pass(w, 8)
      expect(w.receiver.types()).toContain('order.paid')
      expect(w.receiver.types()).not.toContain('payment.returned')
      expect(called(w, '/secapi/pay/refund')).toBe(0)
    },
  )
})

describe('resolving a review with the action refund', () => {
  it('records a foreign payment as returned and refunds it', async () => {
    const w = world()
    const ordercode = await w.order('foreign')
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    w.wechat.notices.ofPayments.loseNext()
    const paid = w.wechat.payer.pay(ordercode, { openid: w.wechat.payer.newOpenid() })
    expect((await w.notify(w.wechat.notices.ofPayments.xml(ordercode))).status).toBe(400)
    expect(await w.read(ordercode)).toMatchObject({ state: 'paying', payments: [] })

    const id = await reviewIdOf(w, 'foreign_payment')
    const resolution = { note: 'not the buyer', action: 'refund' }
    const resolved = await resolveReview(w, id, resolution)
    expect(resolved.status).toBe(200)
    expect(await resolved.json()).toMatchObject({ note: 'not the buyer', action: 'refund' })
    expect((await resolveReview(w, id, resolution)).status).toBe(200)
    await pass(w, 7)
    expect(await w.read(ordercode)).toMatchObject({
      state: 'paying',
      transaction_id: null,
      payments: [{ returned: true }],
      refunded_fee: 8_800,
      refunds: [{ out_refund_no: `auto*${paid.ok ? paid.transactionId : ''}`, source: 'operator' }],
    })
    expect(w.wechat.books.refunds()).toHaveLength(1)
    expect(moneyWebhooks(w)).toEqual(['payment.returned', 'refund.succeeded'])
    expect(await kinds(w)).toEqual(['foreign_payment'])
  })

  it('does not refund a second payment again that is already being refunded', async () => {
    const w = world()
    const { ordercode } = await paidTwice(w, 'already')
    await w.deliverNotices()
    const id = await reviewIdOf(w, 'second_payment')
    const resolution = { note: 'yes', action: 'refund' }
    expect((await resolveReview(w, id, resolution)).status).toBe(200)
    expect((await resolveReview(w, id, resolution)).status).toBe(200)
    await pass(w, 8)
    expect(w.wechat.books.refunds(ordercode)).toHaveLength(1)
    expect((await w.read(ordercode)).refunds).toMatchObject([{ state: 'succeeded' }])
  })

  it('refunds the rest of a payment that was partly refunded', async () => {
    const w = world()
    const { ordercode } = await paidLate(w, 'partly')
    await w.deliverNotices()
    await refund(w, ordercode, 'R1', 800)
    await pass(w, 5)
    const id = await reviewIdOf(w, 'late_payment')
    expect((await resolveReview(w, id, { note: 'the rest', action: 'refund' })).status).toBe(200)
    await pass(w, 7)
    expect((await w.read(ordercode)).refunded_fee).toBe(8_800)
    expect(w.wechat.books.refunds().map(({ refundFee }) => refundFee)).toEqual([800, 8_000])
    await expectBalanced(w, ordercode)
  })

  for (const [name, end] of [
    ['closed', 'was closed'],
    ['refused', 'was refused'],
  ] as const) {
    it(`succeeds after the automatic refund ${end} only when the money is refunded`, async () => {
      const w = world()
      const { ordercode } = await paidTwice(w, `auto${name}`)
      if (name === 'refused') {
        const refusal = { errCode: 'USER_ACCOUNT_ABNORMAL', errCodeDes: '?' }
        w.wechat.faults.inject({ endpoint: 'refund', kind: 'err_code', ...refusal })
      }
      await w.deliverNotices()
      await pass(w, 2)
      const [automatic] = (await w.read(ordercode)).refunds
      if (name === 'closed')
        w.wechat.platform.settleRefund(automatic?.out_refund_no ?? '', 'REFUNDCLOSE')
      await pass(w, 6)
      expect(states(await w.read(ordercode))).toEqual([name])

      const id = await reviewIdOf(w, 'second_payment')
      const answer = await resolveReview(w, id, { note: 'once more', action: 'refund' })
      await pass(w, 8)
      const succeeded = states(await w.read(ordercode)).includes('succeeded')
      // Either the operator gets 409, or the money is refunded.
      expect(answer.status === 409 || succeeded).toBe(true)
      const open = (await reviews(w, '?open=true')).map(({ kind }) => kind)
      if (answer.status === 409) expect(open.sort()).toEqual(['refund_failed', 'second_payment'])
    })
  }

  it('fails and leaves the review open when WeChat refuses the refund immediately', async () => {
    const w = world()
    const { ordercode } = await paidLate(w, 'refusedthen')
    await w.deliverNotices()
    const id = await reviewIdOf(w, 'late_payment')
    const refusal = { errCode: 'USER_ACCOUNT_ABNORMAL', errCodeDes: '?' }
    w.wechat.faults.inject({ endpoint: 'refund', kind: 'err_code', ...refusal })

    expect((await resolveReview(w, id, { note: 'sold out', action: 'refund' })).status).toBe(409)
    expect(states(await w.read(ordercode))).toEqual(['refused'])
    const open = (await reviews(w, '?open=true')).map((each) => each.id)
    expect(open).toContain(id)
    expect(open).toHaveLength(2) // the other one is refund_failed
  })

  it('is not allowed for an amount that does not match, and refunds nothing', async () => {
    const w = world()
    const ordercode = await w.order('amount')
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    w.wechat.notices.ofPayments.loseNext()
    w.wechat.payer.pay(ordercode)
    await w.notify(w.wechat.notices.ofPayments.xml(ordercode, { changes: { total_fee: '1' } }))
    const id = await reviewIdOf(w, 'amount_mismatch')
    const answer = await resolveReview(w, id, { note: 'back with it', action: 'refund' })
    expect(await outcome(answer)).toBe('409 action_not_allowed')
    expect(await reviews(w, '?open=true')).toHaveLength(1)
    expect(await w.read(ordercode)).toMatchObject({ state: 'paying', payments: [], refunds: [] })
    expect(called(w, '/secapi/pay/refund')).toBe(0)
  })

  it('is not allowed for an abnormal refund, whose money is already under way', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'hangs')
    await refund(w, ordercode, 'R1', 800)
    w.wechat.platform.settleRefund('R1', 'CHANGE')
    await w.deliverNotices()
    const id = await reviewIdOf(w, 'refund_abnormal')
    for (const action of ['refund', 'accept']) {
      expect(await outcome(resolveReview(w, id, { note: 'x', action }))).toBe(
        '409 action_not_allowed',
      )
    }
    expect((await resolveReview(w, id, { note: 'sent by bank transfer' })).status).toBe(200)
    expect(await getRefund(w, ordercode, 'R1')).toMatchObject({ state: 'abnormal' })
  })

  it('succeeds while WeChat does not answer, and the cron sends the refund', async () => {
    const w = world()
    const { ordercode } = await paidLate(w, 'noanswer')
    await w.deliverNotices()
    w.wechat.faults.inject({ endpoint: 'refund', kind: 'http_500', times: 2 })
    const id = await reviewIdOf(w, 'late_payment')
    expect((await resolveReview(w, id, { note: 'x', action: 'refund' })).status).toBe(200)
    w.wechat.faults.clear()
    await pass(w, 8)
    expect(states(await w.read(ordercode))).toEqual(['succeeded'])
  })

  it('can be repeated after a failure of D1, with one refund in the end', async () => {
    const watched = watchDatabase(env.DB)
    const w = world({ wrapDb: () => watched.db })
    // Once the refund is reserved, a failure of D1 does not fail the request.
    const steps = [
      [/INSERT INTO refunds/, 503],
      [/UPDATE refunds/, 200],
      [/UPDATE reviews.* WHERE id/s, 503],
    ] as const
    for (const [index, [matching, status]] of steps.entries()) {
      for (const fault of ['before_commit', 'after_commit'] as const) {
        const { ordercode } = await paidLate(w, `again-${index}-${fault.slice(0, 5)}`)
        await w.deliverNotices()
        const open = (await reviews(w, '?open=true')).find((each) => each.ordercode === ordercode)
        watched.fail(fault, { matching, times: fault === 'before_commit' ? 3 : 1 })
        const resolution = { note: 'x', action: 'refund' }
        expect((await resolveReview(w, open?.id ?? '', resolution)).status).toBe(status)
        expect((await resolveReview(w, open?.id ?? '', resolution)).status).toBe(200)
        await pass(w, 6)
        expect(w.wechat.books.refunds(ordercode)).toHaveLength(1)
        expect(states(await w.read(ordercode))).toEqual(['succeeded'])
      }
    }
    expect(await reviews(w, '?open=true')).toEqual([])
  })
})
