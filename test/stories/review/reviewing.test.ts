import { describe, expect, it } from 'vitest'
import { world, type World } from '../../../testing/world.ts'

async function paidAtWechat(w: World, name: string) {
  const ordercode = await w.order(name)
  const openid = w.wechat.payer.newOpenid()
  await w.pay(ordercode, openid)
  w.wechat.payer.pay(ordercode)
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
  it('is recorded beside the first, put before a person, and told to WeChat as taken', async () => {
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

  it('on another attempt is recorded, too, and the attempt left over is closed', async () => {
    const w = world()
    const { ordercode } = await paidAtWechat(w, 'devices')
    // The first device's money arrived at WeChat; we have not heard, and its close goes wrong.
    w.wechat.platform.setTradeState(ordercode, 'SUCCESS')
    const before = await w.pay(ordercode, w.wechat.payer.newOpenid())
    expect(before.status).toBe(409)
    expect((await w.read(ordercode)).payments).toHaveLength(1)
  })
})

describe('resolving a review', () => {
  it('takes a note, once, and the list of open ones gets shorter', async () => {
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

  it('by accepting a foreign payment books it', async () => {
    const w = world()
    const { ordercode } = await paidAtWechat(w, 'accept')
    const changes = { openid: w.wechat.payer.newOpenid() }
    await w.notify(w.wechat.notices.ofPayments.xml(ordercode, { changes }))
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
    await w.notify(w.wechat.notices.ofPayments.xml(ordercode, { changes: { total_fee: '1' } }))
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
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    await w.shop('POST', `/orders/${ordercode}/close`)
    w.wechat.payer.pay(ordercode, { despiteClose: true })
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
    const notice = w.wechat.notices.ofPayments.xml(ordercode, { key: NEW })
    // Here WeChat still signs with what it has; the Worker that knows both keys takes NEW as the old one.
    const answer = await w.notifyWith({ WX_API_KEY: OLD, WX_API_KEY_OLD: NEW }, notice)
    expect(answer.status).toBe(200)
    expect((await w.read(ordercode)).state).toBe('paid')
    expect(w.calls.at(-1)).toContain('/pay/orderquery')
  })

  it('gives a thief of the old one nothing: an unpaid order stays unpaid', async () => {
    const w = world()
    const ordercode = await w.order('thief')
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    const forged = w.wechat.notices.ofPayments.xml(ordercode, { key: NEW })
    const answer = await w.notifyWith({ WX_API_KEY: OLD, WX_API_KEY_OLD: NEW }, forged)
    expect(answer.status).toBe(400)
    expect((await w.read(ordercode)).state).toBe('paying')
    expect((await w.notify(forged)).status).toBe(400)
  })
})

describe('what a second pair of eyes found', () => {
  it('a payment at a price that the shop has changed since is booked, with a review that tells', async () => {
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

  it('a payment accepted by a person closes the other attempt, and its notice is SUCCESS from then on', async () => {
    const w = world()
    const ordercode = await w.order('others')
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    const foreign = w.wechat.notices.ofPayments.xml(ordercode, {
      changes: { openid: w.wechat.payer.newOpenid() },
    })
    expect((await w.notify(foreign)).status).toBe(400)
    // Past the last rung before the expiry: only the booking itself makes the other attempt due.
    w.advance(3_700)
    await w.cron()
    const [review] = await reviews(w)
    await resolve(w, review?.id ?? '', { note: 'the same person', action: 'accept' })
    expect((await w.read(ordercode)).state).toBe('paid')

    expect((await w.notify(foreign)).status).toBe(200)
    await w.cron()
    expect(w.wechat.books.order(`${ordercode}*2`)?.tradeState).toBe('CLOSED')
  })

  it('a review of money dealt with elsewhere lets the order end', async () => {
    const w = world()
    const { ordercode } = await paidAtWechat(w, 'elsewhere')
    await w.notify(w.wechat.notices.ofPayments.xml(ordercode, { changes: { total_fee: '1' } }))
    const [review] = await reviews(w)
    await resolve(w, review?.id ?? '', { note: 'refunded on the merchant platform' })
    expect((await w.read(ordercode)).attempts).toMatchObject([{ state: 'closed' }])
    expect((await w.shop('POST', `/orders/${ordercode}/close`)).status).toBe(200)
  })

  it('two people resolving one review with different words: one of them is told', async () => {
    const w = world()
    const { ordercode } = await paidAtWechat(w, 'twopeople')
    await w.notify(w.wechat.notices.ofPayments.xml(ordercode, { changes: { total_fee: '1' } }))
    const [review] = await reviews(w)
    const answers = await Promise.all(
      ['mine', 'yours'].map((note) => resolve(w, review?.id ?? '', { note })),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409])
  })

  it('two changes of one revision: one of them is told', async () => {
    const w = world()
    const ordercode = await w.order('revision')
    const put = (total_fee: number) =>
      w.shop('PUT', `/orders/${ordercode}`, { total_fee, body: 'x' }, { 'if-match': '"1"' })
    const answers = await Promise.all([put(1), put(2)])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409])
    expect((await w.read(ordercode)).revision).toBe(2)
  })

  it('an order changed or paid while its payer logged in is not signed as it was', async () => {
    const w = world()
    const ordercode = await w.order('login')
    const openid = w.wechat.payer.newOpenid()
    await w.pay(ordercode, openid)
    let open = () => {}
    w.holds.set('/sns/jscode2session', new Promise<void>((resolve) => (open = resolve)))
    const slow = w.pay(ordercode, openid)
    w.wechat.payer.pay(ordercode)
    await w.deliverNotices()
    open()
    expect(await (await slow).json()).toMatchObject({ code: 'order_paid' })
  })

  it('a backlog drains the longest due first', async () => {
    const w = world({ vars: { TICK_CALLS: '12', TICK_STATEMENTS: '1000' } })
    const ordercodes: string[] = []
    for (let index = 0; index < 12; index++) {
      const ordercode = await w.order(`drain-${String(index).padStart(2, '0')}`)
      await w.pay(ordercode, w.wechat.payer.newOpenid())
      ordercodes.push(ordercode)
      w.advance(1)
    }
    w.advance(7_200)
    const closed: string[] = []
    for (let ticks = 0; ticks < 12; ticks++) {
      await w.cron()
      w.advance(60)
      for (const ordercode of ordercodes) {
        if (closed.includes(ordercode)) continue
        if ((await w.read(ordercode)).state === 'closed') closed.push(ordercode)
      }
    }
    expect(closed).toEqual(ordercodes)
  })

  it('two payers tapping against each other do not use up the order', async () => {
    const w = world()
    const ordercode = await w.order('tapping')
    const payers = [w.wechat.payer.newOpenid(), w.wechat.payer.newOpenid()]
    for (let tap = 0; tap < 40; tap++) {
      await w.pay(ordercode, payers[tap % 2] ?? '')
      w.advance(1)
    }
    expect((await w.read(ordercode)).attempts.length).toBeLessThanOrEqual(6)
    w.advance(60)
    expect((await w.pay(ordercode, payers[0] ?? '')).status).toBe(200)
  })

  it('a target that is taken away: nobody tries, nobody complains', async () => {
    const w = world()
    w.receiver.answerWith(() => Promise.reject(new TypeError('Network connection lost.')))
    const { ordercode } = await paidAtWechat(w, 'untarget')
    await w.deliverNotices()
    await w.settled()
    const without = world({ vars: { WEBHOOK_URL: '' } })
    for (let day = 0; day < 12; day++) {
      without.advance(86_400)
      await without.cron()
    }
    expect(w.receiver.received).toHaveLength(1)
    // The other Worker asks another WeChat for the bill, which never heard of the payment.
    const { reviews } = await w.read(ordercode)
    expect(reviews.filter(({ kind }) => kind !== 'bill_difference')).toEqual([])
  })
})
