import { describe, expect, it } from 'vitest'
import {
  beijing,
  compact,
  DAY,
  downloads,
  goTo,
  lost,
  minutes,
  NEXT_DAY,
  onDownload,
  paid,
  reconciled,
  refunded,
  reportOf,
  reviews,
  runNow,
  tens,
  watchDays,
  webhooks,
} from '../../../testing/bill-days.ts'
import { MERCHANT, TOKEN, world } from '../../../testing/world.ts'

describe('a day that agrees', () => {
  it('is reconciled by itself the next morning, and the shop is told once', async () => {
    const w = world()
    const names = ['图书,两本', 'a,`b', '茶, 咖啡,`0,`1', '"quoted", \'text\'']
    for (const [n, body] of names.entries()) {
      await paid(w, `agree-${n}`, { total_fee: 1_000 + n, body, attach: 'x,`y,z' })
    }
    await refunded(w, w.code('agree-0'), 'agree-r1', 300)
    await refunded(w, w.code('agree-1'), 'agree-r2', 1_001)
    w.advance(61)
    await refunded(w, w.code('agree-0'), 'agree-r3', 200)
    w.receiver.received.length = 0

    const report = await reconciled(w)

    expect(report).toMatchObject({
      date: DAY,
      state: 'reconciled',
      fetched_at: expect.stringMatching(/^2026-11-24T02:1\d:00Z$/),
      reconciled_at: expect.stringMatching(/^2026-11-24T02:1\d:00Z$/),
      last_error: null,
      bill: {
        rows: 7,
        payments: 4,
        total_fee: 4_006,
        refunds: 3,
        refund_fee: 1_501,
        others: 0,
        unreadable: 0,
      },
      books: { payments: 4, total_fee: 4_006 },
      difference_count: 0,
      differences: [],
    })
    expect(await reviews(w)).toEqual([])
    await minutes(w, 3)
    const told = webhooks(w, 'bill.reconciled')
    expect(told).toHaveLength(1)
    expect(told[0]?.id).toContain(DAY)
    expect(told[0]?.data).toEqual(report)
  })

  it('agrees with coupons, too: they are part of the amount', async () => {
    const w = world()
    const coupons = [
      { type: 'CASH', fee: 500 },
      { type: 'NO_CASH', fee: 300 },
    ] as const
    const { ordercode } = await paid(w, 'coupon', { total_fee: 8_800 }, { coupons })
    await refunded(w, ordercode, 'coupon-r', 8_800)
    const report = await reconciled(w)
    expect(report).toMatchObject({
      bill: { payments: 1, total_fee: 8_800, refunds: 1, refund_fee: 8_800 },
      difference_count: 0,
    })
  })

  it('counts what belongs to others, and never books or reviews it', async () => {
    const w = world()
    const { ordercode } = await paid(w, 'ours')
    const known = await w.order('unpaid')
    const add = (row: 'payment' | 'refund', columns: Record<string, string>) =>
      w.wechat.bills.change(compact(DAY), { kind: 'extra_row', row, columns })
    // Another mini program of the merchant, by chance with a number like ours.
    add('payment', { 公众账号ID: 'wx0000000000000002', 商户订单号: known })
    add('payment', { 公众账号ID: 'wx0000000000000002', 商户订单号: 'elsewhere-1' })
    add('refund', { 公众账号ID: 'wx0000000000000002', 商户订单号: ordercode })
    // Another system with our appid.
    add('payment', { 商户订单号: 'till_0000017' })
    add('payment', { 商户订单号: 'short' })
    add('payment', { 商户订单号: 'a_number_longer_than_any_ordercode_of_ours_may_be' })
    add('payment', { 商户订单号: `${known.slice(0, -1)}X*2` })
    add('refund', { 商户订单号: 'till_0000017' })
    const asked = w.calls.length

    const report = await reconciled(w)

    expect(report).toMatchObject({
      bill: { rows: 9, payments: 1, total_fee: 8_800, refunds: 0, refund_fee: 0, others: 8 },
      difference_count: 0,
    })
    expect(await reviews(w)).toEqual([])
    expect(await reviews(w, 'unknown_order')).toEqual([])
    expect((await w.read(known)).payments).toEqual([])
    // Nothing but the bill was asked about them.
    const queries = w.calls.slice(asked).filter((call) => /refundquery/.test(call))
    expect(queries).toEqual([])
  })

  it('without any payment is reconciled as empty: "No Bill Exist" is no failure', async () => {
    const w = world()
    await w.order('nobody-paid')
    const report = await reconciled(w, DAY, 1)
    expect(report).toMatchObject({
      bill: { rows: 0, payments: 0, total_fee: 0, refunds: 0, refund_fee: 0, others: 0 },
      books: { payments: 0, total_fee: 0 },
      difference_count: 0,
    })
    expect(downloads(w)).toBe(1)
    expect((await w.shop('GET', `/bills/${DAY}/raw`)).status).toBe(404)
  })

  it('asks for nothing before the first order was registered', async () => {
    const w = world()
    goTo(w, `${NEXT_DAY}T10:10`)
    await w.cron()
    expect(downloads(w)).toBe(0)
    await paid(w, 'first')
    await reconciled(w, NEXT_DAY)
    expect((await w.shop('GET', `/bills/${DAY}`)).status).toBe(404)
    expect(downloads(w)).toBe(1)
  })
})

describe('around midnight in Beijing', () => {
  it('a payment is in the bill of the day it was paid on, to the second', async () => {
    const w = world()
    goTo(w, `${DAY}T23:59:59`)
    await paid(w, 'before')
    goTo(w, `${NEXT_DAY}T00:00:00`)
    await paid(w, 'after')
    const [first, second] = [await reconciled(w, DAY), await reconciled(w, NEXT_DAY)]
    expect(first).toMatchObject({ bill: { payments: 1 }, books: { payments: 1 } })
    expect(second).toMatchObject({ bill: { payments: 1 }, books: { payments: 1 } })
    expect([first.difference_count, second.difference_count]).toEqual([0, 0])
  })

  it('a refund accepted just before midnight is no difference in either bill', async () => {
    const w = world()
    const { ordercode } = await paid(w, 'late-refund')
    goTo(w, `${DAY}T23:59:58`)
    await refunded(w, ordercode, 'late-r', 100)
    expect(await reconciled(w, DAY)).toMatchObject({ bill: { refunds: 1 }, difference_count: 0 })
    expect((await reconciled(w, NEXT_DAY)).difference_count).toBe(0)
    expect(await reviews(w)).toEqual([])
  })

  it('a refund that WeChat dates a moment later, in the next bill, is none either', async () => {
    const w = world()
    const { ordercode } = await paid(w, 'skewed')
    goTo(w, `${DAY}T23:59:58`)
    await refunded(w, ordercode, 'skewed-r', 100)
    moveRefund(w, 'skewed-r', DAY, NEXT_DAY)
    expect(await reconciled(w, DAY)).toMatchObject({ bill: { refunds: 0 }, difference_count: 0 })
    expect(await reconciled(w, NEXT_DAY)).toMatchObject({
      bill: { refunds: 1 },
      difference_count: 0,
    })
    expect(await reviews(w)).toEqual([])
  })

  it('nor is one that WeChat dates a moment earlier', async () => {
    const w = world()
    const { ordercode } = await paid(w, 'early')
    goTo(w, `${NEXT_DAY}T00:00:01`)
    await refunded(w, ordercode, 'early-r', 100)
    moveRefund(w, 'early-r', NEXT_DAY, DAY)
    expect(await reconciled(w, DAY)).toMatchObject({ bill: { refunds: 1 }, difference_count: 0 })
    expect((await reconciled(w, NEXT_DAY)).difference_count).toBe(0)
    expect(await reviews(w)).toEqual([])
  })

  it('a refund just before midnight is no difference when the next bill comes first', async () => {
    const w = world()
    const { ordercode } = await paid(w, 'overtaken')
    goTo(w, `${DAY}T23:57:00`)
    await refunded(w, ordercode, 'overtaken-r', 100)
    goTo(w, `${NEXT_DAY}T12:00:00`)
    await paid(w, 'next-day')
    // The first day's bill is late by two days; the second one's is not.
    const late = { errorCode: '20002', returnMsg: 'Bill Creating' }
    w.wechat.bills.change(compact(DAY), { kind: 'unavailable', ...late })
    goTo(w, '2026-11-25T10:10')
    await minutes(w, 20)
    expect((await reportOf(w, NEXT_DAY))?.state).toBe('reconciled')
    w.wechat.bills.clearChanges()
    w.advance(3_600)
    expect((await reconciled(w, DAY)).difference_count).toBe(0)
    const about = (await reviews(w)).map(({ id }) => id)
    expect(about.filter((id) => !id.endsWith('bill_missing'))).toEqual([])
    expect((await reportOf(w, NEXT_DAY))?.difference_count).toBe(0)
  })

  it('a refund whose answer was lost is in the bill of the day WeChat accepted it', async () => {
    const w = world()
    const { ordercode } = await paid(w, 'unanswered')
    goTo(w, `${DAY}T23:50:00`)
    w.wechat.faults.inject({ endpoint: 'refund', kind: 'reply_lost', times: 2 })
    const answer = await w.shop('PUT', `/orders/${ordercode}/refunds/unanswered-r`, {
      refund_fee: 100,
    })
    expect(await answer.json()).toMatchObject({ state: 'requested' })
    // The cron is down all night: the bill is the first to tell.
    const first = await reconciled(w, DAY)
    expect(first.differences.filter(({ outcome }) => outcome !== 'booked')).toEqual([])
    await minutes(w, 10)
    expect((await w.read(ordercode)).refunds).toMatchObject([{ state: 'succeeded' }])
    expect((await reconciled(w, NEXT_DAY)).difference_count).toBe(0)
    expect(await reviews(w)).toEqual([])
  })
})

/** WeChat's clock and ours may differ by seconds: the refund's row is in the bill of another day. */
function moveRefund(w: ReturnType<typeof world>, outRefundNo: string, from: string, to: string) {
  const refund = w.wechat.books.refund(outRefundNo)
  if (refund === undefined) throw new Error('no refund')
  const yuan = (fen: number) => (fen / 100).toFixed(2)
  w.wechat.bills.change(compact(from), { kind: 'drop_row', number: outRefundNo })
  w.wechat.bills.change(compact(to), {
    kind: 'extra_row',
    row: 'refund',
    columns: {
      微信订单号: refund.transactionId,
      商户订单号: refund.outTradeNo,
      微信退款单号: refund.refundId,
      商户退款单号: outRefundNo,
      退款金额: yuan(refund.refundFee),
      申请退款金额: yuan(refund.refundFee),
    },
  })
}

describe('when the bill is asked for', () => {
  const creating = { kind: 'unavailable', errorCode: '20002', returnMsg: 'Bill Creating' } as const

  it('from 10:10 on every ten minutes until noon, then every hour', async () => {
    const w = world()
    await paid(w, 'patience')
    w.wechat.bills.change(compact(DAY), creating)
    goTo(w, `${NEXT_DAY}T09:00`)
    const asked = await askedAt(w, 7 * 60, 5)
    expect(asked.join(' ')).toBe(
      '10:10 10:20 10:30 10:40 10:50 11:00 11:10 11:20 11:30 11:40 11:50 12:00 13:00 14:00 15:00',
    )
    const answer = await w.shop('GET', `/bills/${DAY}`)
    expect(answer.status).toBe(409)
    expect(await answer.json()).toMatchObject({ code: 'bill_not_ready' })
  })

  it('every hour stays every hour in the night and the next morning', async () => {
    const w = world()
    await paid(w, 'night')
    w.wechat.bills.change(compact(DAY), creating)
    goTo(w, `${NEXT_DAY}T15:00`)
    await w.cron()
    goTo(w, `${NEXT_DAY}T22:00`)
    await w.cron()
    w.advance(600)
    const asked = await askedAt(w, 6 * 60, 10)
    expect(asked).toEqual(['23:00', '00:00', '01:00', '02:00', '03:00', '04:00'])
  })

  it('a day on which we have payments and WeChat has "No Bill Exist" is not ready, until noon', async () => {
    const w = world()
    const { ordercode, transactionId } = await paid(w, 'no-bill')
    w.wechat.bills.change(compact(DAY), {
      kind: 'unavailable',
      errorCode: '20002',
      returnMsg: 'No Bill Exist',
    })
    goTo(w, `${NEXT_DAY}T10:10`)
    await minutes(w, 2)
    expect((await w.shop('GET', `/bills/${DAY}`)).status).toBe(409)
    goTo(w, `${NEXT_DAY}T11:50`)
    await w.cron()
    expect((await w.shop('GET', `/bills/${DAY}`)).status).toBe(409)
    expect(await reviews(w)).toEqual([])

    goTo(w, `${NEXT_DAY}T12:00`)
    const report = await reconciled(w, DAY, 70)
    expect(report).toMatchObject({
      bill: { rows: 0 },
      books: { payments: 1, total_fee: 8_800 },
      difference_count: 1,
      differences: [
        {
          kind: 'payment_not_in_bill',
          subject: transactionId,
          ordercode,
          bill: null,
          outcome: 'review',
        },
      ],
    })
  })

  it('what does not come for 36 hours after its day is told to a person, and still asked for', async () => {
    const w = world()
    await paid(w, 'missing')
    w.wechat.bills.change(compact(DAY), creating)
    goTo(w, `${NEXT_DAY}T10:10`)
    await w.cron()
    goTo(w, '2026-11-25T11:50')
    await minutes(w, 10)
    expect(await reviews(w)).toEqual([])
    goTo(w, '2026-11-25T12:01')
    await tens(w, 7)
    const [review, ...more] = await reviews(w)
    expect(more).toEqual([])
    expect(review).toMatchObject({
      id: `bill_difference.${DAY}.bill_missing`,
      kind: 'bill_difference',
      ordercode: null,
    })
    expect(webhooks(w, 'review.opened').map(({ data }) => data['id'])).toEqual([review?.id])

    w.wechat.bills.clearChanges()
    expect((await reconciled(w, DAY, 70)).difference_count).toBe(0)
    expect(await reviews(w)).toHaveLength(1)
  })

  it('several days after an outage: the oldest first, one after the other', async () => {
    const w = world()
    const days = [DAY, NEXT_DAY, '2026-11-25', '2026-11-26']
    for (const [n, day] of days.entries()) {
      goTo(w, `${day}T12:00`)
      await paid(w, `outage-${n}`)
    }
    const asked = watchDays(w)
    goTo(w, '2026-11-27T17:00')
    await minutes(w, 20)
    expect(asked).toEqual(days.map(compact))
    for (const day of days) {
      expect(await reportOf(w, day)).toMatchObject({ state: 'reconciled', difference_count: 0 })
    }
    expect(webhooks(w, 'bill.reconciled').map(({ data }) => data['date'])).toEqual(days)
  })

  it('a day that takes several ticks is compared to its end before the next one is begun', async () => {
    const w = world()
    const days = [DAY, NEXT_DAY]
    for (const day of days) {
      goTo(w, `${day}T12:00`)
      for (let n = 0; n < 8; n++) await lost(w, `long-${day.slice(-2)}-${n}`)
    }
    // Only the bills are to find them.
    await w.db.prepare('UPDATE attempts SET due_at = NULL').run()
    await w.db.prepare('UPDATE orders SET due_at = NULL').run()
    goTo(w, '2026-11-25T10:10')
    const begun: number[] = []
    for (let tick = 0; tick < 40; tick++) {
      await minutes(w, 1)
      const sql = "SELECT count(*) AS n FROM bills WHERE state = 'comparing'"
      begun.push((await w.db.prepare(sql).first<number>('n')) ?? 0)
    }
    for (const day of days) expect((await reportOf(w, day))?.state).toBe('reconciled')
    expect(Math.max(...begun)).toBeLessThanOrEqual(1)
  })

  it('a day run by hand after an outage does not keep the older ones waiting', async () => {
    const w = world()
    const days = [DAY, NEXT_DAY, '2026-11-25']
    for (const [n, day] of days.entries()) {
      goTo(w, `${day}T12:00`)
      await paid(w, `by-hand-${n}`)
    }
    goTo(w, '2026-11-26T11:00')
    expect((await runNow(w, '2026-11-25')).status).toBe(200)
    await minutes(w, 120)
    for (const day of days) expect((await reportOf(w, day))?.state).toBe('reconciled')
  })

  it('an outage longer than WeChat keeps bills ends with those that it still has', async () => {
    const w = world()
    await paid(w, 'ages-ago')
    const asked = watchDays(w)
    w.advance(120 * 86_400)
    goTo(w, `${new Date(w.now() + 8 * 3_600_000).toISOString().slice(0, 10)}T10:10`)
    await minutes(w, 5)
    // 23 November and 120 days are 23 March; three months back is 23 December.
    expect(asked[0] ?? '').toMatch(/^2026122\d$/)
    expect(asked).toEqual(asked.toSorted())
    expect(asked).toHaveLength(5)
    const outcomes = w.wechat.books.history().filter(({ endpoint }) => endpoint === 'downloadbill')
    expect(outcomes.map(({ outcome }) => outcome).join()).not.toContain('invalid')
  })

  /** When the cron asked, of that many minutes from now. */
  async function askedAt(w: ReturnType<typeof world>, count: number, step = 1): Promise<string[]> {
    const asked: string[] = []
    for (let minute = 0; minute < count; minute += step) {
      const before = downloads(w)
      await w.cron()
      if (downloads(w) > before) asked.push(beijing(w.now()).slice(6))
      w.advance(step * 60)
    }
    return asked
  }
})

describe('GET and POST /bills', () => {
  it('want the merchant token', async () => {
    const w = world()
    const wrong = { authorization: `Bearer ${TOKEN.replace('m', 'n')}` }
    for (const headers of [{}, wrong]) {
      const answers = [
        await w.fetch(`/bills/${DAY}`, { headers }),
        await w.fetch(`/bills/${DAY}/raw`, { headers }),
        await w.fetch(`/bills/${DAY}/reconcile`, { method: 'POST', headers }),
      ]
      for (const answer of answers) {
        expect(answer.status).toBe(401)
        expect(await answer.json()).toMatchObject({ code: 'unauthorized' })
      }
    }
    expect(w.calls).toEqual([])
  })

  it('take a day, and nothing that is none', async () => {
    const w = world()
    for (const day of [
      '20261123',
      '2026-02-30',
      '2026-13-01',
      'today',
      '2026-1-2',
      '2026-11-23Z',
    ]) {
      for (const [method, path] of [
        ['GET', `/bills/${day}`],
        ['GET', `/bills/${day}/raw`],
        ['POST', `/bills/${day}/reconcile`],
      ] as const) {
        const answer = await w.shop(method, path)
        expect([day, answer.status]).toEqual([day, 400])
        expect(await answer.json()).toMatchObject({ code: 'invalid_request' })
      }
    }
    expect((await w.shop('DELETE', `/bills/${DAY}`)).status).toBe(405)
    expect((await w.shop('GET', `/bills/${DAY}/reconcile`)).status).toBe(405)
    expect(downloads(w)).toBe(0)
  })

  it('say what there is not, and what there is not yet', async () => {
    const w = world()
    await paid(w, 'not-yet')
    const codeOf = async (answer: Response) => [
      answer.status,
      (await answer.json<{ code: string }>()).code,
    ]
    expect(await codeOf(await w.shop('GET', '/bills/2026-11-20'))).toEqual([404, 'bill_not_found'])
    // A day that is not over has no bill.
    expect(await codeOf(await runNow(w, DAY))).toEqual([409, 'bill_not_ready'])
    expect(await codeOf(await runNow(w, '2026-12-24'))).toEqual([409, 'bill_not_ready'])
    expect(await codeOf(await runNow(w, '2026-08-01'))).toEqual([404, 'bill_not_found'])
    // Over, and not made yet.
    goTo(w, `${NEXT_DAY}T08:00`)
    expect(await codeOf(await runNow(w, DAY))).toEqual([409, 'bill_not_ready'])
    expect(await codeOf(await w.shop('GET', `/bills/${DAY}`))).toEqual([409, 'bill_not_ready'])
    expect(await codeOf(await w.shop('GET', `/bills/${DAY}/raw`))).toEqual([409, 'bill_not_ready'])
    // That somebody asked too early changes nothing.
    expect((await reconciled(w)).differences).toEqual([])
  })

  it('POST reconciles at once, without the cron', async () => {
    const w = world()
    await paid(w, 'at-once')
    goTo(w, `${NEXT_DAY}T10:00`)
    const answer = await runNow(w)
    expect(answer.status).toBe(200)
    const report = await answer.json()
    expect(report).toMatchObject({ date: DAY, state: 'reconciled', difference_count: 0 })
    expect(report).toEqual(await reportOf(w))
    await w.settled()
    expect(webhooks(w, 'bill.reconciled')).toHaveLength(1)
  })

  it('raw gives exactly the bytes that WeChat sent', async () => {
    const w = world()
    for (let n = 0; n < 5; n++) await paid(w, `raw-${n}`)
    let sent = new Uint8Array()
    onDownload(w, async (response) => {
      sent = new Uint8Array(await response.arrayBuffer())
      return undefined
    })
    await reconciled(w)
    const answer = await w.shop('GET', `/bills/${DAY}/raw`)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('application/gzip')
    expect(answer.headers.has('content-encoding')).toBe(false)
    expect(answer.headers.get('content-disposition')).toContain(DAY)
    expect(sent.length).toBeGreaterThan(100)
    expect(new Uint8Array(await answer.arrayBuffer())).toEqual(sent)
  })

  it('raw is a text when WeChat sent a text', async () => {
    const w = world()
    for (let n = 0; n < 5; n++) await paid(w, `plain-${n}`, { body: '茶,`两包' })
    const text = () => w.wechat.bills.text(compact(DAY))
    onDownload(w, () => Promise.resolve(new Response(text())))
    const report = await reconciled(w)
    expect(report).toMatchObject({ bill: { rows: 5, payments: 5 }, difference_count: 0 })
    const answer = await w.shop('GET', `/bills/${DAY}/raw`)
    expect(answer.headers.get('content-type')).toMatch(/^text\/csv; ?charset=utf-8$/i)
    const bytes = new Uint8Array(await answer.arrayBuffer())
    expect(bytes).toEqual(new TextEncoder().encode(text()))
    expect(bytes.slice(0, 3)).toEqual(Uint8Array.of(0xef, 0xbb, 0xbf))
  })

  it('no secret and no openid is in any log line', async () => {
    const w = world()
    const { ordercode } = await paid(w, 'secretive')
    w.wechat.bills.change(compact(DAY), { kind: 'wrong_totals' })
    w.wechat.bills.change(compact(DAY), { kind: 'unasked_refund', outTradeNo: ordercode, fen: 100 })
    await reconciled(w)
    await runNow(w)
    await w.shop('GET', `/bills/${DAY}/raw`)
    expect(w.log.map(({ event }) => event)).toContain('bill_advanced')
    const written = JSON.stringify(w.log)
    const { openid } = (await w.read(ordercode)).attempts[0] ?? { openid: '?' }
    for (const secret of [MERCHANT.apiKey, MERCHANT.appSecret, TOKEN, openid]) {
      expect(written).not.toContain(secret)
    }
  })
})
