import { describe, expect, it } from 'vitest'
import { world, type World } from '../../../testing/world.ts'

/** @param payer The openid that WeChat records as the payer's; by default that of the attempt. */
async function paidAtWechat(w: World, name: string, payer?: string) {
  const ordercode = await w.order(name)
  const openid = w.wechat.payer.newOpenid()
  await w.pay(ordercode, openid)
  w.wechat.payer.pay(ordercode, { openid: payer ?? openid })
  return { ordercode, openid }
}

type Review = { id: string; kind: string; evidence: Record<string, unknown>; note: string | null }

const reviews = async (w: World, query = ''): Promise<Review[]> =>
  (await (await w.shop('GET', `/reviews${query}`)).json<{ reviews: Review[] }>()).reviews

const resolve = (w: World, id: string, body: unknown) =>
  w.shop('POST', `/reviews/${id}/resolve`, body)

describe('a payment that does not match its attempt', () => {
  it('opens one review and sends one webhook, however often WeChat repeats it', async () => {
    const w = world()
    const { ordercode } = await paidAtWechat(w, 'mismatch')
    const notice = w.wechat.notices.ofPayments.xml(ordercode, { changes: { total_fee: '1' } })
    for (let times = 0; times < 5; times++) expect((await w.notify(notice)).status).toBe(400)
    await Promise.all([1, 2, 3].map(() => w.notify(notice)))
    await w.settled()

    expect(await reviews(w)).toMatchObject([
      { kind: 'amount_mismatch', evidence: { total_fee: 1, expected: 8_800 } },
    ])
    expect(w.receiver.received).toMatchObject([
      { type: 'review.opened', data: { kind: 'amount_mismatch', ordercode } },
    ])
    expect((await w.read(ordercode)).state).toBe('paying')
  })

  it('opens no other one after it was resolved, however often WeChat repeats it', async () => {
    const w = world()
    const { ordercode } = await paidAtWechat(w, 'resolved')
    const notice = w.wechat.notices.ofPayments.xml(ordercode, { changes: { total_fee: '1' } })
    await w.notify(notice)
    const [review] = await reviews(w)
    await resolve(w, review?.id ?? '', { note: 'refunded on the merchant platform' })

    for (let times = 0; times < 3; times++) expect((await w.notify(notice)).status).toBe(400)
    await w.settled()

    expect(await reviews(w, '?open=true')).toEqual([])
    expect(await reviews(w)).toHaveLength(1)
    expect(w.receiver.types()).toEqual(['review.opened'])
  })

  it('opens a review of its kind: currency, payer, unknown order', async () => {
    const w = world()
    const { ordercode } = await paidAtWechat(w, 'kinds')
    const changes: [string, Record<string, string>][] = [
      ['currency_mismatch', { fee_type: 'USD', transaction_id: '1' }],
      ['foreign_payment', { openid: w.wechat.payer.newOpenid(), transaction_id: '2' }],
      ['unknown_order', { out_trade_no: 'of-another-system', transaction_id: '3' }],
    ]
    for (const [kind, change] of changes) {
      await w.notify(w.wechat.notices.ofPayments.xml(ordercode, { changes: change }))
      expect((await reviews(w)).map((review) => review.kind)).toContain(kind)
    }
    expect((await w.read(ordercode)).state).toBe('paying')
  })
})

describe('a second payment for one order', () => {
  it('is recorded beside the first, opens a review, and its notice is answered with SUCCESS', async () => {
    const w = world()
    const { ordercode } = await paidAtWechat(w, 'second')
    await w.deliverNotices()
    const first = await w.read(ordercode)

    const second = w.wechat.notices.ofPayments.xml(ordercode, {
      changes: { transaction_id: '4200000540202611239999999999' },
    })
    for (let times = 0; times < 3; times++) {
      const answer = await w.notify(second)
      expect(answer.status).toBe(200)
    }

    const order = await w.read(ordercode)
    expect(order.transaction_id).toBe(first.transaction_id)
    expect(order.payments).toHaveLength(2)
    expect(order.reviews).toMatchObject([{ kind: 'second_payment' }])
    expect(await w.history(ordercode)).toEqual([
      'order_registered',
      'attempt_opened',
      'payment_booked',
      'second_payment_recorded',
    ])
    await w.settled()
    expect(w.receiver.types().filter((type) => type === 'order.paid')).toHaveLength(1)
  })

  it('is prevented when a query finds the first one before another payer pays', async () => {
    const w = world()
    const { ordercode } = await paidAtWechat(w, 'devices')
    // WeChat has the payment of the first device, and no notice has reached us.
    w.wechat.platform.setTradeState(ordercode, 'SUCCESS')
    const before = await w.pay(ordercode, w.wechat.payer.newOpenid())
    expect(before.status).toBe(409)
    expect((await w.read(ordercode)).payments).toHaveLength(1)
  })
})

describe('resolving a review', () => {
  it('requires a note, works once, and takes the review off the list of open ones', async () => {
    const w = world()
    const { ordercode } = await paidAtWechat(w, 'note')
    await w.notify(w.wechat.notices.ofPayments.xml(ordercode, { changes: { total_fee: '1' } }))
    const [review] = await reviews(w, '?open=true')
    if (review === undefined) throw new Error('no review')

    expect((await resolve(w, review.id, { note: '' })).status).toBe(400)
    expect((await resolve(w, review.id, {})).status).toBe(400)
    const resolved = await resolve(w, review.id, { note: 'asked WeChat: a test' })
    expect(await resolved.json()).toMatchObject({ note: 'asked WeChat: a test' })
    expect((await resolve(w, review.id, { note: 'asked WeChat: a test' })).status).toBe(200)
    expect((await resolve(w, review.id, { note: 'something else' })).status).toBe(409)
    expect(await reviews(w, '?open=true')).toEqual([])
    expect(await reviews(w, '?open=false')).toHaveLength(1)
    expect((await resolve(w, 'nothing.here', { note: 'x' })).status).toBe(404)
  })

  it('with accept records a foreign payment', async () => {
    const w = world()
    const { ordercode } = await paidAtWechat(w, 'accept', w.wechat.payer.newOpenid())
    await w.notify(w.wechat.notices.ofPayments.xml(ordercode))
    const [review] = await reviews(w)
    if (review === undefined) throw new Error('no review')

    const answer = await resolve(w, review.id, { note: 'the same person', action: 'accept' })

    expect(answer.status).toBe(200)
    expect((await w.read(ordercode)).state).toBe('paid')
    await w.settled()
    expect(w.receiver.types()).toContain('order.paid')
  })

  it('with accept is refused for another amount', async () => {
    const w = world()
    const { ordercode } = await paidAtWechat(w, 'noaccept')
    await w.notify(w.wechat.notices.ofPayments.xml(ordercode, { changes: { total_fee: '1' } }))
    const [review] = await reviews(w)
    if (review === undefined) throw new Error('no review')
    const answer = await resolve(w, review.id, { note: 'fine', action: 'accept' })
    expect(answer.status).toBe(409)
    expect((await w.read(ordercode)).state).toBe('paying')
    expect(await reviews(w, '?open=true')).toHaveLength(1)
  })
})

describe('a review', () => {
  it('is opened for a payment at an old price, with both prices', async () => {
    const w = world()
    const ordercode = await w.order('repriced', { total_fee: 100 })
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    const dearer = { total_fee: 90_000, body: '测试商店-图书' }
    expect((await w.shop('PUT', `/orders/${ordercode}`, dearer)).status).toBe(200)
    w.wechat.payer.pay(ordercode, { despiteClose: true })
    await w.deliverNotices()

    expect(await w.read(ordercode)).toMatchObject({ state: 'paid', payments: [{ total_fee: 100 }] })
    expect(await reviews(w)).toMatchObject([
      { kind: 'late_payment', evidence: { total_fee: 100, order_total_fee: 90_000 } },
    ])
  })

  it('closes the other attempt when its payment is accepted, whose notice then gets SUCCESS', async () => {
    const w = world()
    const ordercode = await w.order('others')
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    const openid = w.wechat.payer.newOpenid()
    w.wechat.payer.pay(ordercode, { despiteClose: true, openid })
    w.wechat.notices.ofPayments.loseNext(ordercode)
    const foreign = w.wechat.notices.ofPayments.xml(ordercode)
    expect((await w.notify(foreign)).status).toBe(400)
    // After the last scheduled query before the expiry, only the recorded payment makes the other attempt due.
    w.advance(3_700)
    await w.cron()
    const [review] = await reviews(w)
    await resolve(w, review?.id ?? '', { note: 'the same person', action: 'accept' })
    expect((await w.read(ordercode)).state).toBe('paid')

    expect((await w.notify(foreign)).status).toBe(200)
    await w.cron()
    expect(w.wechat.books.order(`${ordercode}*2`)?.tradeState).toBe('CLOSED')
  })

  it('lets its order be closed once it is resolved', async () => {
    const w = world()
    const { ordercode } = await paidAtWechat(w, 'elsewhere')
    await w.notify(w.wechat.notices.ofPayments.xml(ordercode, { changes: { total_fee: '1' } }))
    const [review] = await reviews(w)
    await resolve(w, review?.id ?? '', { note: 'refunded on the merchant platform' })
    expect((await w.read(ordercode)).attempts).toMatchObject([{ state: 'closed' }])
    expect((await w.shop('POST', `/orders/${ordercode}/close`)).status).toBe(200)
  })

  it('answers 409 to one of two operators who resolve it concurrently with different notes', async () => {
    const w = world()
    const { ordercode } = await paidAtWechat(w, 'twopeople')
    await w.notify(w.wechat.notices.ofPayments.xml(ordercode, { changes: { total_fee: '1' } }))
    const [review] = await reviews(w)
    const answers = await Promise.all(
      ['mine', 'yours'].map((note) => resolve(w, review?.id ?? '', { note })),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409])
  })
})
