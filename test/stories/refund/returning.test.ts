import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { watchDatabase } from '../../../testing/d1/watched-database.ts'
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
  refundWebhooks,
  reviews,
  states,
} from '../../../testing/refund-stories.ts'
import { world, type World } from '../../../testing/world.ts'

const RETURNING = { vars: { LATE_PAYMENT: 'refund', WX_CERT: 'x' } }

const resolve = (w: World, id: string, body: unknown) =>
  w.shop('POST', `/reviews/${encodeURIComponent(id)}/resolve`, body)

async function reviewOf(w: World, kind: string): Promise<string> {
  const found = (await reviews(w)).find((each) => each.kind === kind)
  if (found === undefined) throw new Error(`no review ${kind}`)
  return found.id
}

/** Paid after it was closed: WeChat let the payer through. */
async function paidLate(w: World, name: string) {
  const ordercode = await w.order(name)
  await w.pay(ordercode, w.wechat.payer.newOpenid())
  expect((await w.shop('POST', `/orders/${ordercode}/close`)).status).toBe(200)
  const paid = w.wechat.payer.pay(ordercode, { despiteClose: true })
  if (!paid.ok) throw new Error(paid.why)
  return { ordercode, transactionId: paid.transactionId }
}

/** What the shop was told about money: not about reviews, bills, and the close that came first. */
const toldOfMoney = (w: World): string[] =>
  w.receiver.types().filter((type) => /^(order\.paid|payment|refund)/.test(type))

describe('a second payment', () => {
  it('goes back by itself under its own number, and the first one stays', async () => {
    const w = world()
    const { ordercode, transactions } = await paidTwice(w, 'twice')
    await w.deliverNotices()
    const booked = await w.read(ordercode)
    const second = transactions.find((each) => each !== booked.transaction_id) ?? ''
    expect(booked.payments).toHaveLength(2)

    await pass(w, 7)

    const number = `auto*${second}`
    expect(await w.read(ordercode)).toMatchObject({
      state: 'paid',
      transaction_id: booked.transaction_id,
      refunded_fee: 8_800,
      refunds: [
        {
          out_refund_no: number,
          transaction_id: second,
          state: 'succeeded',
          refund_fee: 8_800,
          source: 'automatic',
        },
      ],
    })
    const order = await w.read(ordercode)
    for (const { transaction_id, refunded_fee } of order.payments) {
      expect(refunded_fee).toBe(transaction_id === second ? 8_800 : 0)
    }
    expect(w.wechat.books.refunds()).toMatchObject([{ outRefundNo: number, transactionId: second }])
    expect(await kinds(w)).toEqual(['second_payment'])
    expect(toldOfMoney(w)).toEqual(['order.paid', 'refund.succeeded'])
    expect(await getRefund(w, ordercode, number)).toMatchObject({ state: 'succeeded' })
    await expectBalanced(w, ordercode)
  })

  it('told of twenty times, by notice, query and cron at once, goes back once', async () => {
    const w = world()
    const { ordercode } = await paidTwice(w, 'crowd')
    const notices = [
      w.wechat.notices.ofPayments.xml(ordercode),
      w.wechat.notices.ofPayments.xml(`${ordercode}*2`),
    ]
    w.advance(60)
    await Promise.all([
      ...Array.from({ length: 10 }, () => notices.map((notice) => w.notify(notice))).flat(),
      w.shop('POST', `/orders/${ordercode}/query`),
      w.cron(),
    ])
    await w.deliverNotices()
    await pass(w, 8)
    const order = await w.read(ordercode)
    expect(order.payments).toHaveLength(2)
    expect(order.refunds).toMatchObject([{ state: 'succeeded', refund_fee: 8_800 }])
    expect(w.wechat.books.refundedFen()).toBe(8_800)
    expect(toldOfMoney(w).sort()).toEqual(['order.paid', 'refund.succeeded'])
    expect(await kinds(w)).toEqual(['second_payment'])
  })

  it('can be refunded by nobody else once it is on its way', async () => {
    const w = world()
    const { ordercode } = await paidTwice(w, 'nobodyelse')
    await w.deliverNotices()
    const [automatic] = (await w.read(ordercode)).refunds
    const body = { refund_fee: 1, transaction_id: automatic?.transaction_id ?? '' }
    expect(await refund(w, ordercode, 'S1', body)).toMatchObject({
      status: 409,
      code: 'refund_exceeds_payment',
      left: 0,
    })
    // The first payment is the shop's business.
    expect(await outcome(putRefund(w, ordercode, 'S1', 8_800))).toBe('201 processing')
    await pass(w, 8)
    expect((await w.read(ordercode)).refunded_fee).toBe(17_600)
    expect(states(await w.read(ordercode))).toEqual(['succeeded', 'succeeded'])
  })

  it('whose automatic refund is closed can be given back by the shop, under its own number', async () => {
    const w = world()
    const { ordercode } = await paidTwice(w, 'byshop')
    await w.deliverNotices()
    await pass(w, 1)
    const [automatic] = (await w.read(ordercode)).refunds
    w.wechat.platform.settleRefund(automatic?.out_refund_no ?? '', 'REFUNDCLOSE')
    await w.deliverNotices()
    w.advance(60)
    const body = { refund_fee: 8_800, transaction_id: automatic?.transaction_id ?? '' }
    expect(await outcome(putRefund(w, ordercode, 'S1', body))).toBe('201 processing')
    await pass(w, 5)
    expect(states(await w.read(ordercode))).toEqual(['closed', 'succeeded'])
    expect(toldOfMoney(w)).toEqual(['order.paid', 'refund.failed', 'refund.succeeded'])
    await expectBalanced(w, ordercode)
  })

  it('stays where it is without the merchant certificate, until a person sees to it', async () => {
    const w = world({ certificate: false })
    const { ordercode } = await paidTwice(w, 'nocert')
    await w.deliverNotices()
    await pass(w, 7)
    expect(await w.read(ordercode)).toMatchObject({ refunds: [], refunded_fee: 0 })
    expect(await kinds(w)).toEqual(['second_payment'])
    const id = await reviewOf(w, 'second_payment')
    const answer = await resolve(w, id, { note: 'give it back', action: 'refund' })
    expect(await outcome(answer)).toBe('501 refund_not_configured')
    expect(await reviews(w, '?open=true')).toHaveLength(1)
  })

  it('whose automatic refund goes wrong at first goes back all the same', async () => {
    const w = world()
    const { ordercode } = await paidTwice(w, 'atfirst')
    await w.deliverNotices()
    w.wechat.faults.inject({ endpoint: 'refund', kind: 'http_500', times: 2 })
    w.wechat.platform.setBalance(0)
    await pass(w, 8)
    expect(states(await w.read(ordercode))).toEqual(['requested'])
    w.wechat.platform.setBalance(100_000)
    await pass(w, 40)
    expect(states(await w.read(ordercode))).toEqual(['succeeded'])
  })

  it('whose booking was lost on its way to D1 goes back once', async () => {
    const watched = watchDatabase(env.DB)
    const w = world({ wrapDb: () => watched.db })
    for (const [index, fault] of (
      ['before_commit', 'after_commit', 'stall_after_commit'] as const
    ).entries()) {
      const { ordercode } = await paidTwice(w, `lost-${index}`)
      const times = fault === 'before_commit' ? 3 : 1
      watched.fail(fault, { matching: /INSERT INTO refunds/, times })
      await w.deliverNotices()
      await pass(w, 9)
      const order = await w.read(ordercode)
      expect(order.payments).toHaveLength(2)
      expect(`${fault} ${states(order).join()}`).toBe(`${fault} succeeded`)
    }
    expect(w.wechat.books.refunds()).toHaveLength(3)
  })
})

describe('a late payment', () => {
  it('under LATE_PAYMENT=refund goes back, and the shop ships nothing', async () => {
    const w = world(RETURNING)
    const { ordercode, transactionId } = await paidLate(w, 'late')
    await w.deliverNotices()
    await pass(w, 7)
    expect(await w.read(ordercode)).toMatchObject({
      state: 'paid',
      transaction_id: transactionId,
      refunded_fee: 8_800,
      refunds: [
        { out_refund_no: `auto*${transactionId}`, source: 'automatic', state: 'succeeded' },
      ],
    })
    expect(toldOfMoney(w)).toEqual(['payment.returned', 'refund.succeeded'])
    expect(await kinds(w)).toEqual(['late_payment'])
  })

  it('told of ten times at once goes back once, and is never order.paid', async () => {
    const w = world(RETURNING)
    const { ordercode } = await paidLate(w, 'lateten')
    const notice = w.wechat.notices.ofPayments.xml(ordercode)
    await Promise.all([
      ...Array.from({ length: 10 }, () => w.notify(notice)),
      w.shop('POST', `/orders/${ordercode}/query`),
    ])
    await pass(w, 7)
    expect(w.wechat.books.refunds()).toHaveLength(1)
    expect(toldOfMoney(w)).toEqual(['payment.returned', 'refund.succeeded'])
  })

  it('and a second one of the same order both go back, and nothing is ever shipped', async () => {
    const w = world(RETURNING)
    const ordercode = await w.order('twolate')
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    expect((await w.shop('POST', `/orders/${ordercode}/close`)).status).toBe(200)
    for (const number of [ordercode, `${ordercode}*2`]) {
      expect(w.wechat.payer.pay(number, { despiteClose: true }).ok).toBe(true)
    }
    await w.deliverNotices()
    await pass(w, 10)
    const order = await w.read(ordercode)
    expect(order).toMatchObject({ state: 'paid', refunded_fee: 17_600 })
    expect(states(order)).toEqual(['succeeded', 'succeeded'])
    expect(await kinds(w)).toEqual(['late_payment', 'second_payment'])
    expect(w.receiver.types()).not.toContain('order.paid')
    expect(w.wechat.books.refundedFen()).toBe(17_600)
    await expectBalanced(w, ordercode)
  })

  it('under LATE_PAYMENT=refund does not touch one that came in time', async () => {
    const w = world(RETURNING)
    const { ordercode } = await paidOrder(w, 'intime')
    await pass(w, 7)
    expect((await w.read(ordercode)).refunds).toEqual([])
    expect(toldOfMoney(w)).toEqual(['order.paid'])
  })

  it('under LATE_PAYMENT=accept stays, until a person gives it back', async () => {
    const w = world()
    const { ordercode, transactionId } = await paidLate(w, 'accepted')
    await w.deliverNotices()
    await pass(w, 7)
    expect((await w.read(ordercode)).refunds).toEqual([])
    expect(toldOfMoney(w)).toEqual(['order.paid'])

    const resolution = { note: 'sold out', action: 'refund' }
    const id = await reviewOf(w, 'late_payment')
    const answers = await Promise.all([1, 2, 3].map(() => resolve(w, id, resolution)))
    for (const { status } of answers) expect(status).toBe(200)
    expect((await resolve(w, id, resolution)).status).toBe(200)
    expect((await resolve(w, id, { note: 'other', action: 'refund' })).status).toBe(409)
    await pass(w, 7)
    expect(await w.read(ordercode)).toMatchObject({
      refunded_fee: 8_800,
      refunds: [{ out_refund_no: `auto*${transactionId}`, source: 'operator', state: 'succeeded' }],
    })
    expect(w.wechat.books.refunds()).toHaveLength(1)
    expect(toldOfMoney(w)).toEqual(['order.paid', 'refund.succeeded'])
    expect(await reviews(w, '?open=true')).toEqual([])
  })
})

describe('a payment whose first word is REFUND', () => {
  /** Paid and given back by hand on the merchant platform before we heard a word. */
  async function goneAlready(w: World, name: string, refundFee = 8_800) {
    const ordercode = await w.order(name)
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    w.wechat.notices.ofPayments.loseNext()
    const paid = w.wechat.payer.pay(ordercode)
    w.wechat.platform.refund(ordercode, { refundFee })
    return { ordercode, transactionId: paid.ok ? paid.transactionId : '' }
  }

  for (const [name, options] of [
    ['accept', {}],
    ['refund', RETURNING],
  ] as const) {
    it(`(LATE_PAYMENT=${name}) is payment.returned, and its refund is found and not made again`, async () => {
      const w = world(options)
      const { ordercode } = await goneAlready(w, 'gone')
      await pass(w, 60)
      expect(await w.read(ordercode)).toMatchObject({
        state: 'paid',
        refunded_fee: 8_800,
        refunds: [{ source: 'merchant_platform', state: 'succeeded', refund_fee: 8_800 }],
      })
      expect(called(w, '/secapi/pay/refund')).toBe(0)
      expect(toldOfMoney(w)).toEqual(['payment.returned', 'refund.succeeded'])
      expect(await outcome(putRefund(w, ordercode, 'R1', 1))).toBe('409 refund_exceeds_payment')
    })
  }

  it('late, under LATE_PAYMENT=refund, is not refunded a second time', async () => {
    const w = world(RETURNING)
    const { ordercode } = await paidLate(w, 'lategone')
    w.wechat.notices.ofPayments.loseNext(ordercode)
    w.wechat.platform.refund(ordercode, { refundFee: 8_800 })
    for (let hour = 0; hour < 30; hour++) {
      w.advance(3_600)
      await w.deliverNotices()
      await w.cron()
    }
    await w.settled()
    const order = await w.read(ordercode)
    expect(order.refunded_fee).toBe(8_800)
    expect(order.refunds).toMatchObject([{ source: 'merchant_platform' }])
    expect(called(w, '/secapi/pay/refund')).toBe(0)
    expect(toldOfMoney(w)).toEqual(['payment.returned', 'refund.succeeded'])
  })

  it('of a second payment is not refunded a second time either', async () => {
    const w = world()
    const { ordercode } = await paidTwice(w, 'twicegone')
    w.wechat.notices.ofPayments.loseNext(ordercode)
    w.wechat.platform.refund(ordercode, { refundFee: 8_800 })
    await pass(w, 15)
    await w.shop('POST', `/orders/${ordercode}/query`)
    await pass(w, 7)
    const order = await w.read(ordercode)
    expect(order.payments).toHaveLength(2)
    expect(called(w, '/secapi/pay/refund')).toBe(0)
    expect(order.refunds).toMatchObject([{ source: 'merchant_platform', state: 'succeeded' }])
    expect(w.wechat.books.refundedFen()).toBe(8_800)
    expect(w.receiver.types().filter((type) => type === 'order.paid')).toHaveLength(1)
  })

  it('of a second payment: its refund is found by itself, with the bill at the latest', async () => {
    const w = world()
    const { ordercode } = await paidTwice(w, 'twicefound')
    w.wechat.notices.ofPayments.loseNext(ordercode)
    w.wechat.platform.refund(ordercode, { refundFee: 8_800 })
    for (let hour = 0; hour < 24; hour++) {
      w.advance(3_600)
      await w.cron()
    }
    expect(called(w, '/secapi/pay/refund')).toBe(0)
    expect((await w.read(ordercode)).refunds).toMatchObject([
      { source: 'merchant_platform', state: 'succeeded' },
    ])
  })

  it('but the notice was only late: the notice changes nothing any more', async () => {
    const w = world()
    const { ordercode } = await goneAlready(w, 'lateword')
    await pass(w, 10)
    expect((await w.notify(w.wechat.notices.ofPayments.xml(ordercode))).status).toBe(200)
    await w.settled()
    expect(w.receiver.types()).not.toContain('order.paid')
  })
})

describe('a review resolved with action refund', () => {
  it('of a foreign payment books it as returned, and gives it back', async () => {
    const w = world()
    const ordercode = await w.order('foreign')
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    w.wechat.notices.ofPayments.loseNext()
    const paid = w.wechat.payer.pay(ordercode)
    const changes = { openid: w.wechat.payer.newOpenid() }
    expect((await w.notify(w.wechat.notices.ofPayments.xml(ordercode, { changes }))).status).toBe(
      400,
    )
    expect(await w.read(ordercode)).toMatchObject({ state: 'paying', payments: [] })

    const id = await reviewOf(w, 'foreign_payment')
    const resolution = { note: 'not the buyer', action: 'refund' }
    const resolved = await resolve(w, id, resolution)
    expect(resolved.status).toBe(200)
    expect(await resolved.json()).toMatchObject({ note: 'not the buyer', action: 'refund' })
    expect((await resolve(w, id, resolution)).status).toBe(200)
    await pass(w, 7)
    expect(await w.read(ordercode)).toMatchObject({
      state: 'paid',
      refunded_fee: 8_800,
      refunds: [{ out_refund_no: `auto*${paid.ok ? paid.transactionId : ''}`, source: 'operator' }],
    })
    expect(w.wechat.books.refunds()).toHaveLength(1)
    expect(toldOfMoney(w)).toEqual(['payment.returned', 'refund.succeeded'])
    expect(await kinds(w)).toEqual(['foreign_payment'])
  })

  it('of a second payment that goes back already changes nothing about it', async () => {
    const w = world()
    const { ordercode } = await paidTwice(w, 'already')
    await w.deliverNotices()
    const id = await reviewOf(w, 'second_payment')
    const resolution = { note: 'yes', action: 'refund' }
    expect((await resolve(w, id, resolution)).status).toBe(200)
    expect((await resolve(w, id, resolution)).status).toBe(200)
    await pass(w, 8)
    expect(w.wechat.books.refunds(ordercode)).toHaveLength(1)
    expect((await w.read(ordercode)).refunds).toMatchObject([{ state: 'succeeded' }])
  })

  it('of a payment that was given back in part returns what is left', async () => {
    const w = world()
    const { ordercode } = await paidLate(w, 'partly')
    await w.deliverNotices()
    await refund(w, ordercode, 'R1', 800)
    await pass(w, 5)
    const id = await reviewOf(w, 'late_payment')
    expect((await resolve(w, id, { note: 'the rest', action: 'refund' })).status).toBe(200)
    await pass(w, 7)
    expect((await w.read(ordercode)).refunded_fee).toBe(8_800)
    expect(w.wechat.books.refunds().map(({ refundFee }) => refundFee)).toEqual([800, 8_000])
    await expectBalanced(w, ordercode)
  })

  for (const [name, end] of [
    ['closed', 'closes'],
    ['refused', 'is refused'],
  ] as const) {
    it(`whose automatic refund ${end}: done is said only when the money is on its way`, async () => {
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

      const id = await reviewOf(w, 'second_payment')
      const answer = await resolve(w, id, { note: 'once more', action: 'refund' })
      await pass(w, 8)
      const succeeded = states(await w.read(ordercode)).includes('succeeded')
      // Either a person is told that this is not the way, or the money goes back.
      expect(answer.status === 409 || succeeded).toBe(true)
      const open = (await reviews(w, '?open=true')).map(({ kind }) => kind)
      if (answer.status === 409) expect(open.sort()).toEqual(['refund_failed', 'second_payment'])
    })
  }

  it('that WeChat refuses there and then is not done, and stays open', async () => {
    const w = world()
    const { ordercode } = await paidLate(w, 'refusedthen')
    await w.deliverNotices()
    const id = await reviewOf(w, 'late_payment')
    const refusal = { errCode: 'USER_ACCOUNT_ABNORMAL', errCodeDes: '?' }
    w.wechat.faults.inject({ endpoint: 'refund', kind: 'err_code', ...refusal })

    expect((await resolve(w, id, { note: 'sold out', action: 'refund' })).status).toBe(409)
    expect(states(await w.read(ordercode))).toEqual(['refused'])
    const open = (await reviews(w, '?open=true')).map((each) => each.id)
    expect(open).toContain(id)
    expect(open).toHaveLength(2) // and that the refund failed
  })

  it('of an amount that does not fit is not allowed, and nothing moves', async () => {
    const w = world()
    const ordercode = await w.order('amount')
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    w.wechat.notices.ofPayments.loseNext()
    w.wechat.payer.pay(ordercode)
    await w.notify(w.wechat.notices.ofPayments.xml(ordercode, { changes: { total_fee: '1' } }))
    const id = await reviewOf(w, 'amount_mismatch')
    const answer = await resolve(w, id, { note: 'back with it', action: 'refund' })
    expect(await outcome(answer)).toBe('409 action_not_allowed')
    expect(await reviews(w, '?open=true')).toHaveLength(1)
    expect(await w.read(ordercode)).toMatchObject({ state: 'paying', payments: [], refunds: [] })
    expect(called(w, '/secapi/pay/refund')).toBe(0)
  })

  it('of a refund that hangs is not allowed: that money is on its way', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'hangs')
    await refund(w, ordercode, 'R1', 800)
    w.wechat.platform.settleRefund('R1', 'CHANGE')
    await w.deliverNotices()
    const id = await reviewOf(w, 'refund_abnormal')
    for (const action of ['refund', 'accept']) {
      expect(await outcome(resolve(w, id, { note: 'x', action }))).toBe('409 action_not_allowed')
    }
    expect((await resolve(w, id, { note: 'sent by bank transfer' })).status).toBe(200)
    expect(await getRefund(w, ordercode, 'R1')).toMatchObject({ state: 'abnormal' })
  })

  it('while WeChat does not answer is resolved, and the refund goes by itself', async () => {
    const w = world()
    const { ordercode } = await paidLate(w, 'noanswer')
    await w.deliverNotices()
    w.wechat.faults.inject({ endpoint: 'refund', kind: 'http_500', times: 2 })
    const id = await reviewOf(w, 'late_payment')
    expect((await resolve(w, id, { note: 'x', action: 'refund' })).status).toBe(200)
    w.wechat.faults.clear()
    await pass(w, 8)
    expect(states(await w.read(ordercode))).toEqual(['succeeded'])
  })

  it('and lost on its way to D1 can be resolved again, with one refund in the end', async () => {
    const watched = watchDatabase(env.DB)
    const w = world({ wrapDb: () => watched.db })
    const steps = [/INSERT INTO refunds/, /UPDATE refunds/, /UPDATE reviews/]
    for (const [index, matching] of steps.entries()) {
      for (const fault of ['before_commit', 'after_commit'] as const) {
        const { ordercode } = await paidLate(w, `again-${index}-${fault.slice(0, 5)}`)
        await w.deliverNotices()
        const open = (await reviews(w, '?open=true')).find((each) => each.ordercode === ordercode)
        watched.fail(fault, { matching, times: fault === 'before_commit' ? 3 : 1 })
        const resolution = { note: 'x', action: 'refund' }
        expect((await resolve(w, open?.id ?? '', resolution)).status).toBe(503)
        expect((await resolve(w, open?.id ?? '', resolution)).status).toBe(200)
        await pass(w, 6)
        expect(w.wechat.books.refunds(ordercode)).toHaveLength(1)
        expect(states(await w.read(ordercode))).toEqual(['succeeded'])
      }
    }
    expect(await reviews(w, '?open=true')).toEqual([])
  })
})

describe('a refund made by hand on the merchant platform', () => {
  const PLATFORM_URL = 'https://pay.test/notify/refund'

  it('is found by its notice', async () => {
    const w = world()
    w.wechat.platform.setRefundNotifyUrl(PLATFORM_URL)
    const { ordercode, transactionId } = await paidOrder(w, 'bynotice')
    w.wechat.platform.refund(ordercode, { refundFee: 300, outRefundNo: 'hand-1' })
    w.wechat.notices.ofRefunds.duplicateNext(3)
    w.advance(180)
    const attempts = await w.deliverNotices()
    for (const attempt of attempts) expect(attempt).toMatchObject({ outcome: 'delivered' })
    await w.settled()
    expect(await w.read(ordercode)).toMatchObject({
      refunded_fee: 300,
      refunds: [
        {
          out_refund_no: 'hand-1',
          transaction_id: transactionId,
          source: 'merchant_platform',
          state: 'succeeded',
          refund_fee: 300,
          total_fee: 8_800,
          reason: null,
          refund_id: w.wechat.books.refund('hand-1')?.refundId,
        },
      ],
    })
    expect(await w.history(ordercode)).toEqual([
      'order_registered',
      'attempt_opened',
      'payment_booked',
      'refund_discovered',
    ])
    expect(refundWebhooks(w)).toEqual(['refund.succeeded hand-1'])
  })

  it('is found by POST query while it is under way, and followed to its end', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'byquery')
    w.wechat.platform.refund(ordercode, { refundFee: 300, outRefundNo: 'hand-1' })
    const answer = await w.shop('POST', `/orders/${ordercode}/query`)
    expect(await answer.json()).toMatchObject({
      refunded_fee: 0,
      refunds: [{ out_refund_no: 'hand-1', state: 'processing', source: 'merchant_platform' }],
    })
    expect(await refund(w, ordercode, 'R1', 8_501)).toMatchObject({ status: 409, left: 8_500 })
    await pass(w, 6, { notices: false })
    expect((await w.read(ordercode)).refunded_fee).toBe(300)
    expect(refundWebhooks(w)).toEqual(['refund.succeeded hand-1'])
  })

  it('closed or abnormal is told as such', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'endings')
    for (const number of ['hand-1', 'hand-2']) {
      w.wechat.platform.refund(ordercode, { refundFee: 300, outRefundNo: number })
    }
    w.wechat.platform.settleRefund('hand-1', 'REFUNDCLOSE')
    w.wechat.platform.settleRefund('hand-2', 'CHANGE')
    await w.shop('POST', `/orders/${ordercode}/query`)
    await w.settled()
    expect(states(await w.read(ordercode))).toEqual(['abnormal', 'closed'])
    expect(refundWebhooks(w)).toEqual(['refund.failed hand-1'])
    expect(await kinds(w)).toEqual(['refund_abnormal'])
    expect(await refund(w, ordercode, 'R1', 8_501)).toMatchObject({ left: 8_500 })
  })

  it('under a number that the shop has used for another order is put before a person', async () => {
    const w = world()
    const other = await paidOrder(w, 'usedbefore')
    const { ordercode } = await paidOrder(w, 'usedagain')
    const refusal = { errCode: 'USER_ACCOUNT_ABNORMAL', errCodeDes: '?' }
    w.wechat.faults.inject({ endpoint: 'refund', kind: 'err_code', ...refusal })
    expect(await outcome(putRefund(w, other.ordercode, 'N1', 300))).toBe('201 refused')
    w.wechat.platform.refund(ordercode, { refundFee: 300, outRefundNo: 'N1' })
    expect((await w.shop('POST', `/orders/${ordercode}/query`)).status).toBe(200)
    expect((await reviews(w)).map((each) => each.id)).toEqual(['refund_conflict.N1'])
    expect((await w.read(ordercode)).refunds).toEqual([])
    expect(states(await w.read(other.ordercode))).toEqual(['refused'])
  })

  it('in place of ours, which WeChat closed: both are booked, and nobody needs to look', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'inplace', 1_000)
    expect(await outcome(putRefund(w, ordercode, 'ours', 1_000))).toBe('201 processing')
    w.wechat.platform.settleRefund('ours', 'REFUNDCLOSE')
    w.advance(60)
    w.wechat.platform.refund(ordercode, { refundFee: 1_000, outRefundNo: 'hand-1' })
    await w.shop('POST', `/orders/${ordercode}/query`)
    expect(states(await w.read(ordercode))).toEqual(['closed', 'processing'])
    expect(await kinds(w)).toEqual([])
  })

  it('is found among more than ten: each of twenty, as many as WeChat shows of a payment', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'many')
    await refund(w, ordercode, 'ours', 5)
    for (let n = 0; n < 19; n++) {
      w.wechat.platform.refund(ordercode, { refundFee: 10 + n, outRefundNo: `hand-${n}` })
    }
    w.advance(180)
    for (let times = 0; times < 2; times++) {
      expect((await w.shop('POST', `/orders/${ordercode}/query`)).status).toBe(200)
    }
    const order = await w.read(ordercode)
    expect(order.refunds).toHaveLength(20)
    expect(order.refunded_fee).toBe(w.wechat.books.refundedFen())
    expect(new Set(states(order))).toEqual(new Set(['succeeded']))
    await pass(w, 10)
    expect(new Set(refundWebhooks(w)).size).toBe(20)
    expect(refundWebhooks(w)).toHaveLength(20)
  })

  it('as one of more than twenty is found by its notice', async () => {
    const w = world()
    w.wechat.platform.setRefundNotifyUrl(PLATFORM_URL)
    const { ordercode } = await paidOrder(w, 'verymany')
    for (let n = 0; n < 24; n++) {
      w.wechat.platform.refund(ordercode, { refundFee: 10 + n, outRefundNo: `hand-${n}` })
      w.wechat.platform.settleRefund(`hand-${n}`, 'SUCCESS')
      await w.deliverNotices()
    }
    await w.settled()
    expect((await w.read(ordercode)).refunded_fee).toBe(w.wechat.books.refundedFen())
    expect(refundWebhooks(w)).toHaveLength(24)
  })

  it('while ours waits: ours is refused then, and never more goes back than was paid', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'whileours', 1_000)
    w.wechat.faults.inject({ endpoint: 'refund', kind: 'request_lost', times: 2 })
    expect(await outcome(putRefund(w, ordercode, 'ours', 800))).toBe('201 requested')
    w.wechat.platform.refund(ordercode, { refundFee: 500, outRefundNo: 'hand-1' })
    await w.shop('POST', `/orders/${ordercode}/query`)
    const answer = await refund(w, ordercode, 'more', 1)
    expect(answer).toMatchObject({ status: 409, code: 'refund_exceeds_payment' })
    expect(answer.left).toBeGreaterThanOrEqual(0)
    await pass(w, 8)
    expect(await getRefund(w, ordercode, 'ours')).toMatchObject({
      state: 'refused',
      err_code: 'REFUND_FEE_INVALID',
    })
    expect(await w.read(ordercode)).toMatchObject({ refunded_fee: 500 })
    expect(refundWebhooks(w).sort()).toEqual(['refund.failed ours', 'refund.succeeded hand-1'])
    expect(w.wechat.books.refundedFen()).toBe(500)
    await expectBalanced(w, ordercode)
    expect(await outcome(putRefund(w, ordercode, 'rest', 500))).toBe('201 processing')
  })

  it('of which we have not heard makes WeChat refuse ours, and that is believed', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'unheard', 1_000)
    w.wechat.platform.refund(ordercode, { refundFee: 1_000 })
    w.advance(60)
    expect(await refund(w, ordercode, 'ours', 800)).toMatchObject({
      state: 'refused',
      err_code: 'TRADE_STATE_ERROR',
    })
    await w.shop('POST', `/orders/${ordercode}/query`)
    await pass(w, 6)
    expect((await w.read(ordercode)).refunded_fee).toBe(1_000)
    await expectBalanced(w, ordercode)
  })

  it('a moment ago makes ours wait, and then it goes by itself', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'moment')
    w.wechat.platform.refund(ordercode, { refundFee: 500 })
    expect(await refund(w, ordercode, 'ours', 800)).toMatchObject({
      status: 201,
      state: 'requested',
      err_code: 'INVALID_REQ_TOO_MUCH',
    })
    await pass(w, 10)
    expect(await getRefund(w, ordercode, 'ours')).toMatchObject({ state: 'succeeded' })
  })

  it('under a number that the shop then wants, too: nobody mistakes one for the other', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'samenumber', 1_000)
    w.wechat.platform.refund(ordercode, { refundFee: 500, outRefundNo: 'N1' })
    w.advance(60)
    expect(await refund(w, ordercode, 'N1', 300)).toMatchObject({ state: 'refused' })
    w.advance(180)
    await w.shop('POST', `/orders/${ordercode}/query`)
    // 500 went back at WeChat. Either the books say so, or a person has been told that they do not.
    const { reviews: opened, refunded_fee } = await w.read(ordercode)
    expect(opened.length > 0 || refunded_fee === 500).toBe(true)
    expect(refundWebhooks(w)).toEqual(['refund.failed N1'])
  })
})
