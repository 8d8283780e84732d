import { describe, expect, it } from 'vitest'
import { world, type World } from '../world.ts'

async function paidAtWechat(w: World, name: string) {
  const ordercode = await w.order(name)
  const openid = w.wechat.newOpenid()
  await w.pay(ordercode, openid)
  w.wechat.pay(ordercode)
  return { ordercode, openid }
}

type Review = { id: string; kind: string; evidence: Record<string, unknown>; note: string | null }
const reviews = async (w: World, query = ''): Promise<Review[]> =>
  (await (await w.shop('GET', `/reviews${query}`)).json<{ reviews: Review[] }>()).reviews

const resolve = (w: World, id: string, body: unknown) =>
  w.shop('POST', `/reviews/${id}/resolve`, body)

describe('a payment that does not fit', () => {
  it('opens one review however often WeChat repeats it, and the shop hears of it once', async () => {
    const w = world()
    const { ordercode } = await paidAtWechat(w, 'mismatch')
    const notice = w.wechat.noticeXml(ordercode, { changes: { total_fee: '1' } })
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

  it('opens a review of its kind: currency, payer, unknown order', async () => {
    const w = world()
    const { ordercode } = await paidAtWechat(w, 'kinds')
    const changes: [string, Record<string, string>][] = [
      ['currency_mismatch', { fee_type: 'USD', transaction_id: '1' }],
      ['foreign_payment', { openid: w.wechat.newOpenid(), transaction_id: '2' }],
      ['unknown_order', { out_trade_no: 'of-another-system', transaction_id: '3' }],
    ]
    for (const [kind, change] of changes) {
      await w.notify(w.wechat.noticeXml(ordercode, { changes: change }))
      expect((await reviews(w)).map((review) => review.kind)).toContain(kind)
    }
    expect((await w.read(ordercode)).state).toBe('paying')
  })
})

describe('a second payment for one order', () => {
  it('is recorded beside the first, put before a person, and told to WeChat as taken', async () => {
    const w = world()
    const { ordercode } = await paidAtWechat(w, 'second')
    await w.deliverNotices()
    const first = await w.read(ordercode)

    const second = w.wechat.noticeXml(ordercode, {
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

  it('on another attempt is recorded, too, and the attempt left over is closed', async () => {
    const w = world()
    const { ordercode } = await paidAtWechat(w, 'devices')
    // The first device's money arrived at WeChat; we have not heard, and its close goes wrong.
    w.wechat.setTradeState(ordercode, 'SUCCESS')
    const before = await w.pay(ordercode, w.wechat.newOpenid())
    expect(before.status).toBe(409)
    expect((await w.read(ordercode)).payments).toHaveLength(1)
  })
})

describe('resolving a review', () => {
  it('takes a note, once, and the list of open ones gets shorter', async () => {
    const w = world()
    const { ordercode } = await paidAtWechat(w, 'note')
    await w.notify(w.wechat.noticeXml(ordercode, { changes: { total_fee: '1' } }))
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

  it('by accepting a foreign payment books it', async () => {
    const w = world()
    const { ordercode } = await paidAtWechat(w, 'accept')
    const changes = { openid: w.wechat.newOpenid() }
    await w.notify(w.wechat.noticeXml(ordercode, { changes }))
    const [review] = await reviews(w)
    if (review === undefined) throw new Error('no review')

    const answer = await resolve(w, review.id, { note: 'the same person', action: 'accept' })

    expect(answer.status).toBe(200)
    expect((await w.read(ordercode)).state).toBe('paid')
    await w.settled()
    expect(w.receiver.types()).toContain('order.paid')
  })

  it('cannot make another amount the right one', async () => {
    const w = world()
    const { ordercode } = await paidAtWechat(w, 'noaccept')
    await w.notify(w.wechat.noticeXml(ordercode, { changes: { total_fee: '1' } }))
    const [review] = await reviews(w)
    if (review === undefined) throw new Error('no review')
    const answer = await resolve(w, review.id, { note: 'fine', action: 'accept' })
    expect(answer.status).toBe(409)
    expect((await w.read(ordercode)).state).toBe('paying')
    expect(await reviews(w, '?open=true')).toHaveLength(1)
  })
})

describe('LATE_PAYMENT', () => {
  it('refund needs the merchant certificate', async () => {
    expect(() => world({ vars: { LATE_PAYMENT: 'refund' } })).toThrow('LATE_PAYMENT')
  })

  it('refund makes a late payment one that the shop must not ship for', async () => {
    const w = world({ vars: { LATE_PAYMENT: 'refund', WX_CERT: 'bound' } })
    const ordercode = await w.order('late')
    await w.pay(ordercode, w.wechat.newOpenid())
    await w.shop('POST', `/orders/${ordercode}/close`)
    w.wechat.pay(ordercode, { despiteClose: true })
    await w.deliverNotices()
    await w.settled()
    expect(w.receiver.types().sort()).toEqual(['order.closed', 'payment.returned', 'review.opened'])
    expect((await w.read(ordercode)).state).toBe('paid')
  })
})

describe('a changed API key', () => {
  const OLD = '192006250b4c09247ec02edce69f6a2d'
  const NEW = '0123456789abcdef0123456789abcdef'

  it('makes a notice under the old one a hint, which WeChat confirms under the new one', async () => {
    const w = world()
    const { ordercode } = await paidAtWechat(w, 'oldkey')
    const notice = w.wechat.noticeXml(ordercode, { key: NEW })
    // Here WeChat still signs with what it has; the Worker that knows both keys takes NEW as the old one.
    const answer = await w.notifyWith({ WX_API_KEY: OLD, WX_API_KEY_OLD: NEW }, notice)
    expect(answer.status).toBe(200)
    expect((await w.read(ordercode)).state).toBe('paid')
    expect(w.calls.at(-1)).toContain('/pay/orderquery')
  })

  it('gives a thief of the old one nothing: an unpaid order stays unpaid', async () => {
    const w = world()
    const ordercode = await w.order('thief')
    await w.pay(ordercode, w.wechat.newOpenid())
    const forged = w.wechat.noticeXml(ordercode, { key: NEW })
    const answer = await w.notifyWith({ WX_API_KEY: OLD, WX_API_KEY_OLD: NEW }, forged)
    expect(answer.status).toBe(400)
    expect((await w.read(ordercode)).state).toBe('paying')
    expect((await w.notify(forged)).status).toBe(400)
  })
})
