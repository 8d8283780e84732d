import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { watchDatabase } from '../../../testing/d1/watched-database.ts'
import {
  called,
  expectBalanced,
  getRefund,
  outcome,
  paidOrder,
  paidTwice,
  pass,
  putRefund,
  recordRefunds,
  refund,
  type RefundAnswer,
  refundEvents,
  refundWebhooks,
  reviews,
} from '../../../testing/refund-stories.ts'
import { MERCHANT, TOKEN, world } from '../../../testing/world.ts'

describe('a refund', () => {
  it('stands in its order by the time of its request, whatever its number is', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'order-of-refunds')
    for (const number of ['R2', 'R1', 'R3']) {
      await refund(w, ordercode, number, { refund_fee: 100 })
      w.advance(60)
    }
    const { refunds } = await w.read(ordercode)
    expect(refunds.map(({ out_refund_no }) => out_refund_no)).toEqual(['R2', 'R1', 'R3'])
  })

  it('is accepted, then succeeds and sends a webhook', async () => {
    const w = world()
    const { ordercode, transactionId } = await paidOrder(w, 'whole')

    const first = await refund(w, ordercode, 'R1', { refund_fee: 800, reason: '少发一件' })

    expect(first).toMatchObject({
      status: 201,
      out_refund_no: 'R1',
      ordercode,
      transaction_id: transactionId,
      state: 'processing',
      refund_fee: 800,
      total_fee: 8_800,
      reason: '少发一件',
      source: 'shop',
      refund_id: w.wechat.books.refund('R1')?.refundId,
      err_code: null,
      err_code_des: null,
      requested_at: new Date(w.now()).toISOString().replace('.000Z', 'Z'),
      succeeded_at: null,
      ended_at: null,
    })
    expect(first.accepted_at).not.toBeNull()
    expect(await w.read(ordercode)).toMatchObject({ refunded_fee: 0, state: 'paid' })

    w.advance(600)
    await w.deliverNotices()
    await w.settled()
    const order = await w.read(ordercode)
    expect(order).toMatchObject({
      state: 'paid',
      refunded_fee: 800,
      payments: [{ refunded_fee: 800 }],
      refunds: [{ state: 'succeeded', received_by: '支付用户零钱' }],
    })
    const { status: _, ...read } = await getRefund(w, ordercode, 'R1')
    expect(order.refunds).toEqual([read])
    // The time is that of WeChat, not that of the notice.
    expect(Date.parse(read.succeeded_at ?? '')).toBe(w.now() - 420_000)
    expect(w.receiver.types()).toEqual(['order.paid', 'refund.succeeded'])
    expect(w.receiver.received[1]).toMatchObject({
      id: 'refund.succeeded.R1',
      data: { ordercode, out_refund_no: 'R1', refund_fee: 800, state: 'succeeded' },
    })
    expect(await w.history(ordercode)).toEqual([
      'order_registered',
      'attempt_opened',
      'payment_booked',
      'refund_requested',
      'refund_accepted',
      'refund_succeeded',
    ])
  })

  it('stays the same refund when it is requested again, in every state', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'again')
    expect(await outcome(putRefund(w, ordercode, 'R1', 800))).toBe('201 processing')
    expect(await outcome(putRefund(w, ordercode, 'R1', 800))).toBe('200 processing')
    await pass(w, 5)
    expect(await outcome(putRefund(w, ordercode, 'R1', 800))).toBe('200 succeeded')
    expect(called(w, '/secapi/pay/refund')).toBe(1)
    expect(refundWebhooks(w)).toEqual(['refund.succeeded R1'])
  })

  it('is possible in parts up to the last fen, and not a fen more', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'parts', 1_000)
    for (const [number, fee] of [
      ['P1', 333],
      ['P2', 333],
      ['P3', 333],
      ['P4', 1],
    ] as const) {
      expect((await refund(w, ordercode, number, fee)).status).toBe(201)
      await pass(w, 2)
    }
    expect(await refund(w, ordercode, 'P5', 1)).toMatchObject({
      status: 409,
      code: 'refund_exceeds_payment',
      left: 0,
    })
    await pass(w, 5)
    expect(await w.read(ordercode)).toMatchObject({ refunded_fee: 1_000, state: 'paid' })
    expect(w.wechat.books.refundedFen()).toBe(1_000)
    expect(refundWebhooks(w)).toEqual(['P1', 'P2', 'P3', 'P4'].map((n) => `refund.succeeded ${n}`))
    expect(await outcome(putRefund(w, ordercode, 'P5', 1))).toBe('409 refund_exceeds_payment')
    await expectBalanced(w, ordercode)
  })

  it('is refused with the amount that is left, and reserves nothing, when it is larger', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'left', 1_000)
    await refund(w, ordercode, 'A', 400)
    expect(await refund(w, ordercode, 'B', 601)).toMatchObject({
      code: 'refund_exceeds_payment',
      left: 600,
    })
    expect((await w.read(ordercode)).refunds).toHaveLength(1)
    expect((await refund(w, ordercode, 'B', 600)).status).toBe(201)
  })

  it('may return the whole amount of a payment with coupons', async () => {
    const w = world()
    const ordercode = await w.order('coupons', { total_fee: 1_000 })
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    w.wechat.payer.pay(ordercode, {
      coupons: [
        { type: 'CASH', fee: 100 },
        { type: 'NO_CASH', fee: 50 },
      ],
    })
    await w.deliverNotices()
    expect(await outcome(putRefund(w, ordercode, 'C1', 1_000))).toBe('201 processing')
    await pass(w, 5)
    expect(await w.read(ordercode)).toMatchObject({ refunded_fee: 1_000 })
  })

  it('is signed with HMAC-SHA256 when that is configured', async () => {
    const w = world({ vars: { WX_SIGN_TYPE: 'HMAC-SHA256' } })
    const { ordercode } = await paidOrder(w, 'hmac')
    expect(await outcome(putRefund(w, ordercode, 'H1', 100))).toBe('201 processing')
    await pass(w, 5)
    expect((await w.read(ordercode)).refunded_fee).toBe(100)
  })

  it('is sent once with the documented parameters', async () => {
    const w = world()
    const { ordercode, transactionId } = await paidOrder(w, 'words')
    const sent = recordRefunds(w)
    await refund(w, ordercode, 'W-1', { refund_fee: 7, reason: '<坏了> & "退"' })
    expect(w.wechat.books.refund('W-1')).toMatchObject({
      refundFee: 7,
      totalFee: 8_800,
      notifyUrl: 'https://pay.test/notify/refund',
      transactionId,
    })
    expect(w.wechat.books.refund('W-1')?.parameters.get('refund_desc')).toBe('<坏了> & "退"')
    expect(sent).toHaveLength(1)
    expect(w.calls.at(-1)).toBe('api.mch.weixin.qq.com/secapi/pay/refund')
  })
})

describe('the number of a refund', () => {
  it('with another amount or reason is refund_conflict', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'conflict')
    await refund(w, ordercode, 'N1', { refund_fee: 100, reason: 'one' })
    const conflicts = [
      { refund_fee: 101, reason: 'one' },
      { refund_fee: 100, reason: 'two' },
      { refund_fee: 100 },
    ]
    for (const body of conflicts) {
      expect(await outcome(putRefund(w, ordercode, 'N1', body))).toBe('409 refund_conflict')
    }
    expect((await w.read(ordercode)).refunds).toHaveLength(1)
  })

  it('belongs to one order of the merchant', async () => {
    const w = world()
    const one = await paidOrder(w, 'number-a')
    const two = await paidOrder(w, 'number-b')
    expect(await outcome(putRefund(w, one.ordercode, 'N1', 100))).toBe('201 processing')
    expect(await outcome(putRefund(w, two.ordercode, 'N1', 100))).toBe('409 refund_conflict')
    expect((await w.read(two.ordercode)).refunds).toEqual([])
    expect((await getRefund(w, two.ordercode, 'N1')).status).toBe(404)
    expect((await getRefund(w, one.ordercode, 'N1')).status).toBe(200)
  })

  it('goes to one of two orders that request it concurrently', async () => {
    const w = world()
    const orders = [await paidOrder(w, 'both-a'), await paidOrder(w, 'both-b')]
    const answers = await Promise.all(
      orders.map(({ ordercode }) => outcome(putRefund(w, ordercode, 'N1', 100))),
    )
    expect(answers.sort()).toEqual(['201 processing', '409 refund_conflict'])
    expect(w.wechat.books.refunds()).toHaveLength(1)
  })

  it('may have every character that WeChat allows, percent-encoded or not', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'chars')
    const number = 'Az09_-|*@'.padEnd(64, 'x')
    expect(await outcome(putRefund(w, ordercode, number, 100))).toBe('201 processing')
    expect(await getRefund(w, ordercode, number)).toMatchObject({ out_refund_no: number })
    const bare = await w.shop('GET', `/orders/${ordercode}/refunds/${number}`)
    expect(bare.status).toBe(200)
    await pass(w, 5)
    expect(await getRefund(w, ordercode, number)).toMatchObject({ state: 'succeeded' })
  })

  it('with such characters works in every other path too', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'paths')
    const number = 'a|b@c*d'
    w.receiver.answerWith(() => Promise.resolve(new Response(null, { status: 500 })))
    await refund(w, ordercode, number, 100)
    w.wechat.platform.settleRefund(number, 'CHANGE')
    await w.deliverNotices()
    await w.settled()
    const id = encodeURIComponent(`refund_abnormal.${number}`)
    const resent = await w.shop('POST', `/deliveries/review.opened.${id}/resend`)
    expect(resent.status).toBe(200)
    const resolved = await w.shop('POST', `/reviews/${id}/resolve`, { note: 'sent by transfer' })
    expect(resolved.status).toBe(200)
    w.wechat.platform.settleRefund(number, 'SUCCESS')
    await w.deliverNotices()
    await w.settled()
    expect(w.receiver.received.at(-1)).toMatchObject({ id: `refund.succeeded.${number}` })
    const deliveryId = encodeURIComponent(`refund.succeeded.${number}`)
    expect((await w.shop('POST', `/deliveries/${deliveryId}/resend`)).status).toBe(200)
  })

  it('is refused, like the body, before anything happens when it breaks the rules', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'rules')
    const numbers = ['x'.repeat(65), 'a b', 'a.b', '退款', 'a/b', 'a%zz', 'auto*1', 'auto*']
    for (const number of numbers) {
      expect(`${number} ${await outcome(putRefund(w, ordercode, number, 1))}`).toBe(
        `${number} 400 invalid_request`,
      )
    }
    const bodies: unknown[] = [
      {},
      [],
      { refund_fee: 0 },
      { refund_fee: -1 },
      { refund_fee: 1.5 },
      { refund_fee: '1' },
      { refund_fee: 1_000_000_001 },
      { refund_fee: 1, reason: '退'.repeat(27) },
      { refund_fee: 1, reason: 'x'.repeat(81) },
      { refund_fee: 1, reason: 7 },
      { refund_fee: 1, transaction_id: 7 },
      { refund_fee: 1, refund_free: 2 },
    ]
    for (const body of bodies) {
      const answer = await w.shop('PUT', `/orders/${ordercode}/refunds/N1`, body)
      expect(`${JSON.stringify(body)} ${await outcome(answer)}`).toBe(
        `${JSON.stringify(body)} 400 invalid_request`,
      )
    }
    expect((await w.read(ordercode)).refunds).toEqual([])
    expect(called(w, '/secapi/pay/refund')).toBe(0)
    // 80 bytes are allowed.
    const longest = { refund_fee: 1, reason: '退'.repeat(26) + 'xx' }
    expect(await outcome(putRefund(w, ordercode, 'N1', longest))).toBe('201 processing')
  })
})

describe('a refund request', () => {
  it('requires the token', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'token')
    const path = `/orders/${ordercode}/refunds/T1`
    const body = JSON.stringify({ refund_fee: 1 })
    for (const authorization of ['', `Bearer ${TOKEN}x`, `Basic ${TOKEN}`]) {
      const put = await w.fetch(path, { method: 'PUT', body, headers: { authorization } })
      expect(put.status).toBe(401)
      expect((await w.fetch(path, { headers: { authorization } })).status).toBe(401)
    }
    expect((await w.read(ordercode)).refunds).toEqual([])
  })

  it('requires a paid order and a payment of that order', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'paidone')
    const other = await paidOrder(w, 'otherone')
    const unpaid = await w.order('unpaid')
    expect(await outcome(putRefund(w, 'unknown-order', 'U1', 1))).toBe('404 order_not_found')
    expect(await outcome(putRefund(w, unpaid, 'U1', 1))).toBe('409 order_not_paid')
    await w.pay(unpaid, w.wechat.payer.newOpenid())
    expect(await outcome(putRefund(w, unpaid, 'U1', 1))).toBe('409 order_not_paid')
    await w.shop('POST', `/orders/${unpaid}/close`)
    expect(await outcome(putRefund(w, unpaid, 'U1', 1))).toBe('409 order_not_paid')
    for (const transaction_id of ['4200000540202611239999999999', other.transactionId]) {
      const wrong = await putRefund(w, ordercode, 'U1', { refund_fee: 1, transaction_id })
      expect(wrong.status).toBe(400)
      expect(await wrong.json()).toMatchObject({ errors: [{ field: 'transaction_id' }] })
    }
    expect((await getRefund(w, ordercode, 'U1')).status).toBe(404)
    expect((await getRefund(w, 'unknown-order', 'U1')).status).toBe(404)
    expect(called(w, '/secapi/pay/refund')).toBe(0)
  })

  it('is refused with another HTTP method', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'method')
    for (const method of ['POST', 'PATCH']) {
      const answer = await w.shop(method, `/orders/${ordercode}/refunds/R1`, { refund_fee: 1 })
      expect(`${method} ${answer.status}`).toBe(`${method} 405`)
      expect(answer.headers.get('allow')).toMatch(/GET.*PUT|PUT.*GET/)
    }
  })

  it('is refused without the merchant certificate', async () => {
    const w = world({ certificate: false })
    const { ordercode } = await paidOrder(w, 'nocert')
    expect(await outcome(putRefund(w, ordercode, 'R1', 1))).toBe('501 refund_not_configured')
    expect((await w.read(ordercode)).refunds).toEqual([])
  })
})

describe('without the certificate', () => {
  it('a refund that exists is returned, and a new or different one is refused', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'nocert')
    await putRefund(w, ordercode, 'R1', 100)
    const without = world({ certificate: false })
    expect(await outcome(putRefund(without, ordercode, 'R1', 100))).toBe('200 processing')
    expect(await outcome(putRefund(without, ordercode, 'R1', 101))).toBe(
      '501 refund_not_configured',
    )
    expect(await outcome(putRefund(without, ordercode, 'R2', 100))).toBe(
      '501 refund_not_configured',
    )
  })
})

describe('refunds of one payment', () => {
  it('start a minute apart: the second one waits and is sent by the cron', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'pause')
    expect(await outcome(putRefund(w, ordercode, 'M1', 100))).toBe('201 processing')
    w.advance(20)
    expect(await outcome(putRefund(w, ordercode, 'M2', 200))).toBe('201 requested')
    expect(await outcome(putRefund(w, ordercode, 'M2', 200))).toBe('200 requested')
    expect(called(w, '/secapi/pay/refund')).toBe(1)

    w.advance(39)
    await w.cron()
    expect(called(w, '/secapi/pay/refund')).toBe(1)
    w.advance(1)
    await w.cron()
    expect(called(w, '/secapi/pay/refund')).toBe(2)
    expect(await getRefund(w, ordercode, 'M2')).toMatchObject({ state: 'processing' })
    expect(await refundEvents(w, ordercode)).toEqual([
      'refund_requested',
      'refund_accepted',
      'refund_requested',
      'refund_started',
      'refund_accepted',
    ])
  })

  it('are sent one per minute when several wait', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'row')
    for (let n = 0; n < 5; n++) await refund(w, ordercode, `row-${n}`, 100 + n)
    const sent: number[] = []
    for (let minute = 0; minute < 6; minute++) {
      sent.push(called(w, '/secapi/pay/refund'))
      await pass(w, 1)
    }
    expect(sent).toEqual([1, 2, 3, 4, 5, 5])
    expect(w.log.filter(({ reason }) => reason === 'INVALID_REQ_TOO_MUCH')).toEqual([])
    await pass(w, 5)
    expect((await w.read(ordercode)).refunded_fee).toBe(510)
  })

  it('are also sent when the shop repeats its request after the minute', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'asksagain')
    await refund(w, ordercode, 'M1', 100)
    await refund(w, ordercode, 'M2', 200)
    w.advance(60)
    expect(await outcome(putRefund(w, ordercode, 'M2', 200))).toBe('200 processing')
    await w.cron()
    expect(called(w, '/secapi/pay/refund')).toBe(2)
  })

  it('do not wait for refunds of another payment', async () => {
    const w = world()
    const one = await paidOrder(w, 'apart-a')
    const two = await paidOrder(w, 'apart-b')
    expect(await outcome(putRefund(w, one.ordercode, 'M1', 100))).toBe('201 processing')
    expect(await outcome(putRefund(w, two.ordercode, 'M2', 100))).toBe('201 processing')
  })

  it('are limited to fifty', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'fifty')
    for (let n = 0; n < 50; n++) {
      expect(await outcome(putRefund(w, ordercode, `F${n}`, 1))).toBe('201 processing')
      w.advance(60)
    }
    expect(await outcome(putRefund(w, ordercode, 'F50', 1))).toBe('409 too_many_refunds')
    expect(await outcome(putRefund(w, ordercode, 'F49', 1))).toBe('200 processing')
    expect((await w.read(ordercode)).refunds).toHaveLength(50)
  })
})

describe('the budget of a refund', () => {
  it('is one query, one refund and four round trips to D1, and one round trip for a repetition', async () => {
    const watched = watchDatabase(env.DB)
    const w = world({ wrapDb: () => watched.db })
    const { ordercode } = await paidOrder(w, 'budget')
    watched.reset()
    w.calls.length = 0
    await refund(w, ordercode, 'B1', 100)
    expect(w.calls).toEqual([
      'api.mch.weixin.qq.com/pay/orderquery',
      'api.mch.weixin.qq.com/secapi/pay/refund',
    ])
    expect(watched.roundTrips()).toBe(4)

    watched.reset()
    await refund(w, ordercode, 'B1', 100)
    expect(w.calls).toHaveLength(2)
    expect(watched.roundTrips()).toBe(1)
    expect(watched.rowsWritten()).toBe(0)
  })

  it('allows 20 written rows from the PUT to the webhook', async () => {
    const watched = watchDatabase(env.DB)
    const w = world({ wrapDb: () => watched.db })
    const { ordercode } = await paidOrder(w, 'rows')
    watched.reset()
    await refund(w, ordercode, 'B1', 100)
    w.wechat.platform.settleRefund('B1', 'SUCCESS')
    await w.deliverNotices()
    await w.settled()
    expect(refundWebhooks(w)).toEqual(['refund.succeeded B1'])
    expect(watched.rowsWritten()).toBeLessThanOrEqual(20)
  })

  it('keeps thirty due refunds within the limits of the free plan', async () => {
    const w = world({ vars: { PLAN: 'free' } })
    const ordercodes: string[] = []
    for (let n = 0; n < 30; n++) {
      const { ordercode } = await paidOrder(w, `drain-${n}`)
      await refund(w, ordercode, `drain-${n}`, 100)
      ordercodes.push(ordercode)
    }
    await pass(w, 30, { notices: false })
    for (const ordercode of ordercodes) {
      expect((await w.read(ordercode)).refunded_fee).toBe(100)
    }
    for (const report of w.log.filter(({ event }) => event === 'tick_finished')) {
      expect(report['statements']).toBeLessThanOrEqual(50)
      expect(report['calls']).toBeLessThanOrEqual(40)
    }
  })
})

describe('the traces of a refund', () => {
  it('contain no key, token, openid or ciphertext in the log and in the answers', async () => {
    const w = world()
    const { ordercode, openid } = await paidOrder(w, 'secrets')
    const texts: string[] = []
    w.wechat.faults.inject({ endpoint: 'refund', kind: 'wrong_sign' })
    texts.push(await (await putRefund(w, ordercode, 'X1', 100)).text())
    await pass(w, 5)
    texts.push(JSON.stringify(await getRefund(w, ordercode, 'X1')))
    await w.fetch('/notify/refund', { method: 'POST', body: w.wechat.notices.ofRefunds.xml('X1') })
    const events = await w.shop('GET', `/orders/${ordercode}/events`)
    texts.push(await events.text(), JSON.stringify(w.log))
    expect(w.log.some(({ event }) => event === 'refund_sent')).toBe(true)
    for (const text of texts) {
      for (const secret of [MERCHANT.apiKey, MERCHANT.appSecret, TOKEN, openid, 'req_info']) {
        expect(text).not.toContain(secret)
      }
      expect(text).not.toMatch(/Error:|stack|whsec_/)
    }
  })

  it('name the refund and its amount in every event', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'events')
    await refund(w, ordercode, 'E1', 100)
    await pass(w, 5)
    const answer = await w.shop('GET', `/orders/${ordercode}/events`)
    const { events } = await answer.json<{ events: (RefundAnswer & { type: string })[] }>()
    const ours = events.filter(({ type }) => type.startsWith('refund_'))
    for (const event of ours) expect(event).toMatchObject({ out_refund_no: 'E1', refund_fee: 100 })
    expect(ours).toHaveLength(3)
  })
})

describe('the shop reads', () => {
  it('how much of a payment is being refunded', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'onitsway', 1_000)
    await putRefund(w, ordercode, 'R1', 300)
    expect((await w.read(ordercode)).payments).toMatchObject([
      { refunded_fee: 0, refunding_fee: 300 },
    ])
    await pass(w, 5)
    expect((await w.read(ordercode)).payments).toMatchObject([
      { refunded_fee: 300, refunding_fee: 0 },
    ])
  })

  it('the times of a review in the same form as everywhere', async () => {
    const w = world()
    const { ordercode } = await paidTwice(w, 'times')
    await w.deliverNotices()
    const [review] = await reviews(w)
    expect(review?.evidence['paid_at']).toMatch(/^2026-11-23T\d\d:\d\d:\d\dZ$/)
    expect((await w.read(ordercode)).reviews).toMatchObject([
      { evidence: { paid_at: expect.stringMatching(/Z$/) as string } },
    ])
  })
})
