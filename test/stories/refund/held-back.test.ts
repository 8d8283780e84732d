import { describe, expect, it } from 'vitest'
import { openReview, paidLate, resolveReview } from '../../../testing/refund-situations.ts'
import {
  called,
  deleteRefund,
  getRefund,
  kinds,
  outcome,
  paidOrder,
  paidTwice,
  pass,
  putRefund,
  refund,
  refundEvents,
  refundWebhooks,
  reviews,
} from '../../../testing/refund-stories.ts'
import { type World, world } from '../../../testing/world.ts'

/** A second payment, which the Worker refunds automatically. @returns the automatic refund's number. */
async function secondPayment(w: World, name: string) {
  const { ordercode, transactions } = await paidTwice(w, name)
  await w.deliverNotices()
  return { ordercode, number: `auto*${transactions[1]}` }
}

describe('while refunds are paused', () => {
  it('a new refund is not reserved, and a known one is answered as it is', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'known')
    w.wechat.platform.holdRefunds()
    await refund(w, ordercode, 'accepted', 100)
    w.wechat.platform.setBalance(0)
    w.advance(61)
    await refund(w, ordercode, 'waiting', 100)
    w.wechat.platform.setBalance(10_000)
    const sent = called(w, '/secapi/pay/refund')

    w.redeploy({ REFUNDS: 'paused' })
    const answer = await putRefund(w, ordercode, 'new', 100)
    expect(answer.headers.get('retry-after')).not.toBeNull()
    expect(await outcome(answer)).toBe('503 refunds_paused')
    expect((await getRefund(w, ordercode, 'new')).status).toBe(404)
    expect(await outcome(putRefund(w, ordercode, 'accepted', 100))).toBe('200 processing')
    expect(await outcome(putRefund(w, ordercode, 'waiting', 100))).toBe('200 requested')
    expect(await outcome(putRefund(w, ordercode, 'waiting', 101))).toBe('409 refund_conflict')
    for (const seconds of [60, 1_740, 1_800, 3_600, 90_000]) {
      w.advance(seconds)
      await w.cron()
    }
    expect(called(w, '/secapi/pay/refund')).toBe(sent)

    // What was requested before the pause goes out when refunds are resumed; so does the repeated request.
    w.redeploy({ REFUNDS: 'on' })
    await pass(w, 1)
    expect((await getRefund(w, ordercode, 'waiting')).state).toBe('processing')
    expect(await outcome(putRefund(w, ordercode, 'new', 100))).toMatch(/^201 /)
  })

  it('accepted refunds are still queried, and waiting ones can be called off', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'queried')
    await refund(w, ordercode, 'accepted', 100)
    await refund(w, ordercode, 'unsent', 100)
    w.redeploy({ REFUNDS: 'paused' })
    await pass(w, 6, { notices: false })
    expect(await getRefund(w, ordercode, 'accepted')).toMatchObject({ state: 'succeeded' })
    expect(refundWebhooks(w)).toEqual(['refund.succeeded accepted'])
    expect(await outcome(deleteRefund(w, ordercode, 'unsent'))).toBe('200 cancelled')
    w.redeploy({ REFUNDS: 'on' })
    await pass(w, 3)
    expect(w.wechat.books.refunds(ordercode)).toHaveLength(1)
  })

  it('an accepted refund that WeChat has forgotten is not sent again', async () => {
    const w = world()
    w.wechat.platform.holdRefunds()
    const { ordercode } = await paidOrder(w, 'forgotten')
    await refund(w, ordercode, 'R1', 100)
    const sent = called(w, '/secapi/pay/refund')
    const unknown = { kind: 'err_code', errCode: 'REFUNDNOTEXIST', errCodeDes: '?' } as const
    w.wechat.faults.inject({ endpoint: 'refundquery', ...unknown, times: 99 })
    w.redeploy({ REFUNDS: 'paused' })
    await pass(w, 10, { notices: false })
    expect(called(w, '/secapi/pay/refund')).toBe(sent)
    w.redeploy({ REFUNDS: 'on' })
    await pass(w, 30, { notices: false })
    expect(called(w, '/secapi/pay/refund')).toBeGreaterThan(sent)
  })

  it('automatic refunds wait under one review, which ends when they are resumed', async () => {
    const w = world({ vars: { REFUNDS: 'paused' } })
    const one = await secondPayment(w, 'one')
    await pass(w, 2)
    const { evidence } = await openReview(w, 'refund_waiting')
    expect(evidence).toEqual({ reason: 'paused', refunds: 1, refund_fee: 8_800 })
    const two = await secondPayment(w, 'two')
    w.advance(3_600)
    await pass(w, 2)
    expect(await kinds(w)).toEqual(['refund_waiting', 'second_payment', 'second_payment'])
    for (const { ordercode, number } of [one, two]) {
      expect((await getRefund(w, ordercode, number)).state).toBe('requested')
    }
    expect(called(w, '/secapi/pay/refund')).toBe(0)

    w.redeploy({ REFUNDS: 'on' })
    await pass(w, 3)
    expect(called(w, '/secapi/pay/refund')).toBe(2)
    const [waiting] = (await reviews(w)).filter(({ kind }) => kind === 'refund_waiting')
    expect(waiting?.note).toContain('automatically')
    await pass(w, 5)
    expect(w.wechat.books.refundedFen()).toBe(17_600)
  })

  it('a pause has one review, even when more refunds wait after it was resolved; the next pause has another', async () => {
    const w = world({ vars: { REFUNDS: 'paused' } })
    const waiting = async (query: string) =>
      (await reviews(w, query)).flatMap(({ id, kind }) => (kind === 'refund_waiting' ? [id] : []))
    await secondPayment(w, 'first')
    await pass(w, 2)
    const { id } = await openReview(w, 'refund_waiting')
    expect((await resolveReview(w, id, { note: 'over the weekend' })).status).toBe(200)
    await secondPayment(w, 'more')
    await pass(w, 4)
    expect(await waiting('?open=true')).toEqual([])

    w.redeploy({ REFUNDS: 'on' })
    await pass(w, 3)
    w.redeploy({ REFUNDS: 'paused' })
    await secondPayment(w, 'again')
    await pass(w, 4)
    expect(await waiting('?open=true')).toEqual([`${id}.2`])
    expect(w.receiver.received.map((each) => each.id)).toContain(`review.opened.${id}.2`)
    expect((await resolveReview(w, id, { note: 'over the weekend' })).status).toBe(200)
    expect(await waiting('?open=true')).toEqual([`${id}.2`])
  })

  it('the action refund of a review reserves nothing, and records nothing', async () => {
    const w = world({ vars: { REFUNDS: 'paused' } })
    const { ordercode } = await paidLate(w, 'action')
    await w.deliverNotices()
    const { id } = await openReview(w, 'late_payment')
    const before = await w.read(ordercode)
    const resolution = { note: 'x', action: 'refund' }
    expect(await outcome(resolveReview(w, id, resolution))).toBe('503 refunds_paused')
    expect(await w.read(ordercode)).toEqual(before)
    w.redeploy({ REFUNDS: 'on' })
    expect((await resolveReview(w, id, resolution)).status).toBe(200)
    await pass(w, 6)
    expect(w.wechat.books.refundedFen()).toBe(8_800)
  })
})

describe('the limit of a day', () => {
  it('refuses what exceeds it, over all orders, until the next day in Beijing', async () => {
    // The world begins at noon in Beijing.
    const w = world({ vars: { REFUND_LIMIT_DAY: '1000' } })
    const one = await paidOrder(w, 'day-one')
    const two = await paidOrder(w, 'day-two')
    expect(await outcome(putRefund(w, one.ordercode, 'A', 600))).toBe('201 processing')
    expect(await refund(w, two.ordercode, 'B', 401)).toMatchObject({
      status: 409,
      code: 'refund_limit_reached',
      left: 400,
    })
    expect((await getRefund(w, two.ordercode, 'B')).status).toBe(404)
    expect(await outcome(putRefund(w, one.ordercode, 'A', 600))).toBe('200 processing')
    expect(await outcome(putRefund(w, two.ordercode, 'B', 400))).toBe('201 processing')
    w.advance(12 * 3_600 - 1)
    expect(await outcome(putRefund(w, two.ordercode, 'C', 1))).toBe('409 refund_limit_reached')
    w.advance(1)
    expect(await outcome(putRefund(w, two.ordercode, 'C', 1_000))).toMatch(/^201 /)
  })

  it('counts what was released no more', async () => {
    const w = world({ vars: { REFUND_LIMIT_DAY: '1000' } })
    const { ordercode } = await paidOrder(w, 'released')
    w.wechat.platform.setBalance(0)
    await refund(w, ordercode, 'A', 1_000)
    expect(await outcome(putRefund(w, ordercode, 'B', 1_000))).toBe('409 refund_limit_reached')
    expect(await outcome(deleteRefund(w, ordercode, 'A'))).toBe('200 cancelled')
    expect(await outcome(putRefund(w, ordercode, 'B', 1_000))).toBe('201 requested')
  })

  it('is kept by ten concurrent requests', async () => {
    const w = world({ vars: { REFUND_LIMIT_DAY: '1000' } })
    const orders: string[] = []
    for (let n = 0; n < 10; n++) orders.push((await paidOrder(w, `ten-${n}`)).ordercode)
    const answers = await Promise.all(
      orders.map((ordercode, n) => outcome(putRefund(w, ordercode, `ten-${n}`, 300))),
    )
    expect(answers.toSorted()).toEqual([
      ...Array<string>(3).fill('201 processing'),
      ...Array<string>(7).fill('409 refund_limit_reached'),
    ])
  })

  it('lets automatic refunds above it wait under one review, until the next day', async () => {
    const w = world({ vars: { REFUND_LIMIT_DAY: '9000' } })
    const first = await secondPayment(w, 'fits')
    await pass(w, 2)
    expect((await getRefund(w, first.ordercode, first.number)).state).not.toBe('requested')
    const over = [await secondPayment(w, 'over'), await secondPayment(w, 'beyond')]
    await pass(w, 3)
    expect((await openReview(w, 'refund_waiting')).evidence).toMatchObject({ reason: 'limit' })
    for (const { ordercode, number } of over) {
      expect((await getRefund(w, ordercode, number)).state).toBe('requested')
      expect(await refundEvents(w, ordercode)).toEqual([])
    }
    // A person cannot send it either: the refund is known, and goes out tomorrow.
    const { id } = await openReview(w, 'second_payment')
    expect((await resolveReview(w, id, { note: 'x', action: 'refund' })).status).toBe(200)
    expect(called(w, '/secapi/pay/refund')).toBe(1)
    // Nothing is left for the shop.
    const { ordercode } = await paidOrder(w, 'shop')
    expect(await outcome(putRefund(w, ordercode, 'S', 1))).toBe('409 refund_limit_reached')

    w.advance(12 * 3_600)
    await pass(w, 3)
    expect(called(w, '/secapi/pay/refund')).toBe(3)
    const waiting = (await reviews(w)).filter(({ kind }) => kind === 'refund_waiting')
    expect(waiting).toHaveLength(1)
    expect(waiting[0]?.note).toContain('automatically')
  })

  it('lets them go when it is raised', async () => {
    const w = world({ vars: { REFUND_LIMIT_DAY: '8799' } })
    const { ordercode, number } = await secondPayment(w, 'raised')
    await pass(w, 2)
    expect((await getRefund(w, ordercode, number)).state).toBe('requested')
    w.redeploy({ REFUND_LIMIT_DAY: '8800' })
    await pass(w, 1)
    expect((await getRefund(w, ordercode, number)).state).toBe('processing')
    expect(await reviews(w, '?open=true')).toMatchObject([{ kind: 'second_payment' }])
  })

  it('refuses the action refund of a review above it', async () => {
    const w = world({ vars: { REFUND_LIMIT_DAY: '8799' } })
    await paidLate(w, 'limited')
    await w.deliverNotices()
    const { id } = await openReview(w, 'late_payment')
    expect(await outcome(resolveReview(w, id, { note: 'x', action: 'refund' }))).toBe(
      '409 refund_limit_reached',
    )
  })

  it('is none when its value is malformed', async () => {
    const w = world({ vars: { REFUND_LIMIT_DAY: '10 yuan' } })
    const { ordercode } = await paidOrder(w, 'malformed')
    expect(await outcome(putRefund(w, ordercode, 'A', 8_800))).toBe('201 processing')
  })
})
