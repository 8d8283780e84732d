/** `WX_MCH_ID` is changed while orders and refunds are under way: what belongs to the former number waits. */
import { describe, expect, it } from 'vitest'
import {
  changeBack,
  changeMerchant,
  countPayCalls,
  OTHER,
} from '../../../testing/other-merchant.ts'
import {
  getRefund,
  kinds,
  notifyRefund,
  outcome,
  paidOrder,
  pass,
  putRefund,
  reviews,
} from '../../../testing/refund-stories.ts'
import { MERCHANT, world, type World } from '../../../testing/world.ts'

const HOUR_S = 3_600
const DAY_S = 24 * HOUR_S

/** An order whose payer is at the cashier. */
async function opened(w: World, name: string, terms: Record<string, unknown> = {}) {
  const ordercode = await w.order(name, terms)
  const openid = w.wechat.payer.newOpenid()
  const answer = await w.pay(ordercode, openid)
  if (answer.status !== 200) throw new Error(await answer.text())
  return { ordercode, openid }
}

/** An order that was paid, of which the Worker has not heard: WeChat loses its notices. */
async function paidUnheard(w: World, name: string) {
  const order = await opened(w, name)
  w.wechat.notices.ofPayments.loseNext(order.ordercode)
  const paid = w.wechat.payer.pay(order.ordercode)
  if (!paid.ok) throw new Error(paid.why)
  return { ...order, transactionId: paid.transactionId }
}

const health = async (w: World) => {
  const answer = await w.fetch('/health')
  const { status, components } = await answer.json<{ status: string; components: unknown[] }>()
  return { http: answer.status, status, components }
}

describe('a payment at the former merchant number', () => {
  it('is not booked by its notice, which WeChat sends again, and is booked once the number is set back', async () => {
    const w = world()
    const { ordercode } = await paidUnheard(w, 'notice')
    const notice = w.wechat.notices.ofPayments.xml(ordercode)
    changeMerchant(w)

    expect((await w.notify(notice)).status).toBe(400)
    expect((await w.read(ordercode)).state).toBe('paying')
    changeBack(w)

    expect((await w.notify(notice)).status).toBe(200)
    expect((await w.read(ordercode)).state).toBe('paid')
  })

  it('is not booked even where both numbers have the same key', async () => {
    const w = world()
    const { ordercode } = await paidUnheard(w, 'same-key')
    w.redeploy({ WX_MCH_ID: OTHER.mchId })

    expect((await w.notify(w.wechat.notices.ofPayments.xml(ordercode))).status).toBe(400)
    expect((await w.read(ordercode)).state).toBe('paying')
  })

  it('is not what a notice under the new number is about, although the order has the same number', async () => {
    const w = world()
    const { ordercode } = await paidUnheard(w, 'same-number')
    changeMerchant(w)
    const changes = { mch_id: OTHER.mchId }
    const notice = w.wechat.notices.ofPayments.xml(ordercode, { changes, key: OTHER.apiKey })

    expect((await w.notify(notice)).status).toBe(400)
    expect((await w.read(ordercode)).state).toBe('paying')
    expect(await kinds(w)).toEqual([])
  })

  it('is found by the cron within a minute after the number is set back, however long that took', async () => {
    const w = world()
    const { ordercode } = await paidUnheard(w, 'found')
    changeMerchant(w)
    await pass(w, 3, { notices: false })
    w.advance(3 * DAY_S)
    await pass(w, 2, { notices: false })
    expect((await w.read(ordercode)).state).toBe('paying')
    changeBack(w)

    await pass(w, 1, { notices: false })

    expect((await w.read(ordercode)).state).toBe('paid')
    expect(w.receiver.received.map(({ type }) => type)).toContain('order.paid')
  })
})

describe('while the merchant number is another one, WeChat', () => {
  it('is asked nothing about what belongs to the former number, by no request and by no run of the cron', async () => {
    const w = world()
    const open = await opened(w, 'open')
    const closing = await opened(w, 'closing')
    w.wechat.faults.inject({ endpoint: 'closeorder', kind: 'request_lost', times: 2 })
    await w.shop('POST', `/orders/${closing.ordercode}/close`)
    const paid = await paidOrder(w, 'paid')
    await putRefund(w, paid.ordercode, 'R-way', 100)
    const ticket = await ticketOf(w, open)
    const other = changeMerchant(w)
    const calls = countPayCalls(w)

    for (const { ordercode, openid } of [open, closing, paid]) {
      await w.shop('POST', `/orders/${ordercode}/query`)
      await w.shop('POST', `/orders/${ordercode}/close`)
      await w.shop('PUT', `/orders/${ordercode}`, { total_fee: 9_900, body: '新' })
      await w.pay(ordercode, openid, other.payer.login(openid))
      await putRefund(w, ordercode, 'R-new', 100)
    }
    await w.fetch(`/result?ticket=${ticket}`)
    await pass(w, 5)
    w.advance(3 * HOUR_S)
    await pass(w, 5)

    expect(calls()).toBe(0)
    const states = await Promise.all(
      [open, closing, paid].map(async ({ ordercode }) => (await w.read(ordercode)).state),
    )
    expect(states).toEqual(['paying', 'paying', 'paid'])
  })

  it('answers the shop 409 other_merchant, and nothing changes', async () => {
    const w = world()
    const { ordercode } = await opened(w, 'asked')
    const before = await w.read(ordercode)
    changeMerchant(w)

    const path = `/orders/${ordercode}`
    expect(await outcome(w.shop('POST', `${path}/query`))).toBe('409 other_merchant')
    expect(await outcome(w.shop('POST', `${path}/close`))).toBe('409 other_merchant')
    const other = { total_fee: 9_900, body: '测试商店-图书' }
    expect(await outcome(w.shop('PUT', path, other))).toBe('409 other_merchant')
    expect(await w.read(ordercode)).toEqual(before)
    const same = { total_fee: 8_800, body: '测试商店-图书' }
    expect((await w.shop('PUT', path, same)).status).toBe(200)
  })
})

describe('/pay', () => {
  it('is busy for an order that may have been paid at the former number, so that the payer does not pay twice', async () => {
    const w = world()
    const { ordercode, openid } = await paidUnheard(w, 'twice')
    const other = changeMerchant(w)
    const pay = () => w.pay(ordercode, openid, other.payer.login(openid))

    expect(await outcome(pay())).toBe('409 order_busy')
    w.advance(3 * HOUR_S)
    expect(await outcome(pay())).toBe('409 order_busy')
    expect(other.books.orders()).toEqual([])
  })

  it('serves orders that nobody has tried to pay, and those whose attempts are closed, under the new number', async () => {
    const w = world()
    const fresh = await w.order('fresh')
    const { ordercode: closed } = await opened(w, 'closed')
    await w.shop('PUT', `/orders/${closed}`, { total_fee: 9_900, body: '测试商店-图书' })
    const other = changeMerchant(w)

    for (const [ordercode, number] of [
      [fresh, fresh],
      [closed, `${closed}*2`],
    ] as const) {
      const openid = other.payer.newOpenid()
      const answer = await w.pay(ordercode, openid, other.payer.login(openid))
      expect(answer.status).toBe(200)
      expect(other.payer.pay(number)).toMatchObject({ ok: true })
      const notice = other.notices.ofPayments.xml(number)
      expect((await w.notify(notice)).status).toBe(200)
      expect((await w.read(ordercode)).state).toBe('paid')
    }
  })
})

describe('the work of the former number', () => {
  it('waits under one review, which is resolved when the number is set back', async () => {
    const w = world()
    for (const name of ['one', 'two', 'three']) await opened(w, name)
    const paid = await paidOrder(w, 'refund')
    await putRefund(w, paid.ordercode, 'R-1', 100)
    changeMerchant(w)
    await pass(w, 3)

    expect(await reviews(w)).toMatchObject([
      {
        id: `other_merchant.${MERCHANT.mchId}`,
        kind: 'other_merchant',
        ordercode: null,
        evidence: { mch_id: MERCHANT.mchId, configured_mch_id: OTHER.mchId },
      },
    ])
    expect(w.receiver.received.filter(({ type }) => type === 'review.opened')).toHaveLength(1)
    changeBack(w)
    await pass(w, 1)

    expect(await reviews(w, '?open=true')).toEqual([])
    expect((await reviews(w))[0]?.note).toContain('WX_MCH_ID')
  })

  it('has another review when the number is changed once more', async () => {
    const w = world()
    await opened(w, 'twice', { expires_in: 604_800 })
    const change = async () => {
      changeMerchant(w)
      await pass(w, 1)
    }
    const back = async () => {
      changeBack(w)
      await pass(w, 1)
    }
    await change()
    await back()
    await change()

    const [review, first] = await reviews(w)
    expect(first).toMatchObject({ actor: 'system', resolved_at: expect.any(String) })
    expect(review).toMatchObject({ id: `${first?.id}.2`, resolved_at: null })
    const path = `/reviews/${review?.id}/resolve`
    expect((await w.shop('POST', path, { note: 'checked by hand' })).status).toBe(200)
    expect(await health(w)).toMatchObject({ status: 'ok' })
    await back()
    await change()

    expect((await reviews(w, '?open=true')).map(({ id }) => id)).toEqual([`${first?.id}.3`])
    expect((await reviews(w)).map(({ note }) => note)).toContain('checked by hand')
  })

  it('degrades /health, which names no number, until the number is set back', async () => {
    const w = world()
    await opened(w, 'health')
    await w.cron()
    expect(await health(w)).toEqual({ http: 200, status: 'ok', components: [] })
    changeMerchant(w)
    await pass(w, 1)

    expect(await health(w)).toEqual({
      http: 200,
      status: 'degraded',
      components: [{ name: 'merchant', status: 'degraded', reason: 'other_merchant' }],
    })
    changeBack(w)
    await pass(w, 1)
    expect(await health(w)).toMatchObject({ status: 'ok', components: [] })
  })

  it('takes one run of the cron, and no later one: a lost notice of the new number is found as fast as ever', async () => {
    const w = world({ vars: { TICK_CALLS: '10', TICK_STATEMENTS: '50' } })
    for (let n = 0; n < 30; n++) await opened(w, `old-${n}`)
    const other = changeMerchant(w)
    const fresh = await w.order('fresh')
    const openid = other.payer.newOpenid()
    await w.pay(fresh, openid, other.payer.login(openid))
    other.notices.ofPayments.loseNext(fresh)
    expect(other.payer.pay(fresh)).toMatchObject({ ok: true })

    await pass(w, 2)

    expect((await w.read(fresh)).state).toBe('paid')
    await pass(w, 2)
    const calls = countPayCalls(w)
    const runs = await w.shop('GET', '/runs?limit=2')
    const { runs: last } = await runs.json<{ runs: { due: number; left: number }[] }>()
    expect(last).toMatchObject([
      { due: 0, left: 0 },
      { due: 0, left: 0 },
    ])
    await pass(w, 3)
    expect(calls()).toBe(0)
  })

  it('is looked at once a day, and read by no run in between', async () => {
    const w = world()
    for (let n = 0; n < 5; n++) await opened(w, `day-${n}`, { expires_in: 604_800 })
    changeMerchant(w)
    await pass(w, 1)
    const aside = () => w.log.filter(({ event }) => event === 'work_set_aside').length
    expect(aside()).toBe(1)

    for (let hour = 0; hour < 23; hour++) {
      w.advance(HOUR_S)
      await w.cron()
    }
    expect(aside()).toBe(1)
    w.advance(2 * HOUR_S)
    await w.cron()
    await w.cron()
    expect(aside()).toBe(2)
  })
})

describe('a refund at the former number', () => {
  it('is refused with 409 other_merchant before anything is reserved', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'late-wish')
    changeMerchant(w)

    expect(await outcome(putRefund(w, ordercode, 'R-1', 8_800))).toBe('409 other_merchant')
    expect((await w.read(ordercode)).refunds).toEqual([])
    changeBack(w)

    expect(await outcome(putRefund(w, ordercode, 'R-1', 8_800))).toBe('201 processing')
  })

  it('that is known is answered as it is, and not sent', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'known')
    w.wechat.faults.inject({ endpoint: 'refund', kind: 'request_lost', times: 2 })
    expect(await outcome(putRefund(w, ordercode, 'R-1', 100))).toBe('201 requested')
    changeMerchant(w)
    const calls = countPayCalls(w)

    expect(await outcome(putRefund(w, ordercode, 'R-1', 100))).toBe('200 requested')
    expect(await outcome(putRefund(w, ordercode, 'R-1', 101))).toBe('409 refund_conflict')
    expect(calls()).toBe(0)
  })

  it('that the former number accepted stays reserved, although the new number has no such refund', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'accepted')
    // The answer to the refund is lost: it is `requested` here, and under way at WeChat.
    w.wechat.faults.inject({ endpoint: 'refund', kind: 'reply_lost', times: 2 })
    expect(await outcome(putRefund(w, ordercode, 'R-1', 8_000))).toBe('201 requested')
    expect(w.wechat.books.refund('R-1')).toMatchObject({ refundFee: 8_000 })
    changeMerchant(w)

    await pass(w, 10)
    w.advance(40 * DAY_S)
    await pass(w, 2)

    const path = `/orders/${ordercode}`
    expect(await outcome(w.shop('DELETE', `${path}/refunds/R-1`))).toBe('409 other_merchant')
    expect((await getRefund(w, ordercode, 'R-1')).state).toBe('requested')
    expect(await outcome(w.shop('POST', `${path}/query`))).toBe('409 other_merchant')
    changeBack(w)
    expect(await outcome(putRefund(w, ordercode, 'R-2', 801))).toBe('409 refund_exceeds_payment')
    await pass(w, 2)

    expect((await getRefund(w, ordercode, 'R-1')).state).toBe('succeeded')
    expect(w.wechat.books.refundedFen()).toBe(8_000)
  })

  it('that is overdue is not given up under the new number, whatever the operator resolves', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'overdue')
    w.wechat.platform.holdRefunds()
    expect(await outcome(putRefund(w, ordercode, 'R-1', 8_000))).toBe('201 processing')
    w.advance(31 * DAY_S)
    await pass(w, 2)
    const [review] = await reviews(w, '?open=true')
    expect(review?.kind).toBe('refund_overdue')
    changeMerchant(w)

    const path = `/reviews/${encodeURIComponent(review?.id ?? '')}/resolve`
    expect(await outcome(w.shop('POST', path, { note: 'gone' }))).toBe('409 other_merchant')
    expect((await getRefund(w, ordercode, 'R-1')).state).toBe('processing')
  })

  it('is not made by resolving the review of its payment, nor is the payment accepted', async () => {
    const w = world()
    const { ordercode } = await opened(w, 'late')
    await w.shop('POST', `/orders/${ordercode}/close`)
    expect(w.wechat.payer.pay(ordercode, { despiteClose: true })).toMatchObject({ ok: true })
    await w.deliverNotices()
    const { ordercode: foreign } = await paidUnheard(w, 'foreign')
    const changes = { openid: w.wechat.payer.newOpenid() }
    await w.notify(w.wechat.notices.ofPayments.xml(foreign, { changes }))
    expect(await kinds(w)).toEqual(['foreign_payment', 'late_payment'])
    changeMerchant(w)
    const calls = countPayCalls(w)

    for (const { id, kind } of await reviews(w)) {
      const action = kind === 'foreign_payment' ? 'accept' : 'refund'
      const path = `/reviews/${id}/resolve`
      const resolved = w.shop('POST', path, { note: 'decided', action })
      expect(await outcome(resolved)).toBe('409 other_merchant')
    }
    expect(calls()).toBe(0)
    expect((await w.read(ordercode)).refunds).toEqual([])
    expect((await w.read(foreign)).state).toBe('paying')
  })

  it('is not asked about after a notice, under whichever number', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'refund-notice')
    await putRefund(w, ordercode, 'R-1', 100)
    const genuine = w.wechat.notices.ofRefunds.xml('R-1')
    const forged = w.wechat.notices.ofRefunds.xml('R-1', {
      changes: { mch_id: OTHER.mchId },
      key: OTHER.apiKey,
    })
    changeMerchant(w)
    const calls = countPayCalls(w)

    expect((await notifyRefund(w, genuine)).status).toBe(400)
    expect((await notifyRefund(w, forged)).status).toBe(400)
    expect(calls()).toBe(0)
    expect((await getRefund(w, ordercode, 'R-1')).state).toBe('processing')
  })
})

describe('a number that is given up by resolving the review', () => {
  async function givenUp(w: World, mchId = MERCHANT.mchId): Promise<void> {
    const path = `/reviews/other_merchant.${mchId}/resolve`
    const answer = await w.shop('POST', path, { note: 'checked on the merchant platform' })
    if (answer.status !== 200) throw new Error(await answer.text())
  }

  it('has its orders closed once they have expired, without WeChat', async () => {
    const w = world()
    const { ordercode } = await opened(w, 'ends')
    changeMerchant(w)
    await pass(w, 3)
    await givenUp(w)
    const calls = countPayCalls(w)
    await pass(w, 3)
    expect((await w.read(ordercode)).state).toBe('paying')
    expect(await outcome(w.shop('POST', `/orders/${ordercode}/close`))).toBe('409 other_merchant')

    w.advance(2 * HOUR_S)
    await pass(w, 2)

    expect((await w.read(ordercode)).state).toBe('closed')
    expect(w.receiver.received.map(({ type }) => type)).toContain('order.closed')
    expect(calls()).toBe(0)
    expect(await health(w)).toMatchObject({ status: 'ok' })
  })

  it('is given up, too, when the run that opened the review stopped before it set anything aside', async () => {
    const w = world()
    const { ordercode } = await opened(w, 'stopped')
    changeMerchant(w)
    await pass(w, 3)
    await w.db.prepare('DELETE FROM other_merchants').run()
    await givenUp(w)
    w.advance(2 * HOUR_S)
    await pass(w, 2)
    expect((await w.read(ordercode)).state).toBe('closed')
  })

  it('has its orders closed with the smallest budget, too, and they use up no run of the others', async () => {
    const w = world({ vars: { TICK_STATEMENTS: '40', TICK_CALLS: '10' } })
    const { ordercode } = await opened(w, 'small')
    changeMerchant(w)
    await pass(w, 3)
    await givenUp(w)
    w.advance(2 * HOUR_S)
    await pass(w, 3)
    expect((await w.read(ordercode)).state).toBe('closed')
  })

  it('has the attempts closed that outlived their order, too', async () => {
    const w = world()
    const { ordercode } = await opened(w, 'outlives')
    await w.shop('PUT', `/orders/${ordercode}`, { total_fee: 9_900, body: '测试商店-图书' })
    const other = changeMerchant(w)
    const openid = other.payer.newOpenid()
    expect((await w.pay(ordercode, openid, other.payer.login(openid))).status).toBe(200)
    changeBack(w)
    expect(w.wechat.payer.pay(ordercode, { despiteClose: true })).toMatchObject({ ok: true })
    await w.notify(w.wechat.notices.ofPayments.xml(ordercode))
    await pass(w, 3)
    expect((await w.read(ordercode)).state).toBe('paid')
    const attempts = async () =>
      (await w.db.prepare('SELECT state FROM attempts WHERE mch_id = ?').bind(OTHER.mchId).all())
        .results
    expect(await attempts()).toEqual([{ state: 'open' }])
    await givenUp(w, OTHER.mchId)

    w.advance(DAY_S + HOUR_S)
    await pass(w, 2)

    expect(await attempts()).toEqual([{ state: 'closed' }])
  })

  it('is asked again when it is set back after all: a payment of then is a late payment', async () => {
    const w = world()
    const { ordercode } = await paidUnheard(w, 'late')
    changeMerchant(w)
    await pass(w, 3, { notices: false })
    await givenUp(w)
    w.advance(3 * HOUR_S)
    await pass(w, 2, { notices: false })
    expect((await w.read(ordercode)).state).toBe('closed')
    changeBack(w)

    await pass(w, 1, { notices: false })

    expect((await w.read(ordercode)).state).toBe('paid')
    expect(await kinds(w)).toEqual(['late_payment', 'other_merchant'])
  })

  it('keeps its refunds waiting, since money may be under way', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'kept')
    await putRefund(w, ordercode, 'R-1', 8_000)
    changeMerchant(w)
    await pass(w, 3)
    await givenUp(w)
    w.advance(40 * DAY_S)
    await pass(w, 3)

    expect((await getRefund(w, ordercode, 'R-1')).state).toBe('processing')
  })
})

async function ticketOf(w: World, { ordercode, openid }: { ordercode: string; openid: string }) {
  const answer = await w.pay(ordercode, openid)
  return (await answer.json<{ ticket: string }>()).ticket
}
