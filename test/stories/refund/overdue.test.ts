import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  expectReserved,
  injectFault,
  openReview,
  REFUSED,
  resolveReview,
} from '../../../testing/refund-situations.ts'
import {
  called,
  expectBalanced,
  getRefund,
  outcome,
  paidOrder,
  pass,
  putRefund,
  refund,
  refundWebhooks,
  reviews,
} from '../../../testing/refund-stories.ts'
import { world, type World } from '../../../testing/world.ts'

afterEach(() => vi.restoreAllMocks())

/** Lets more than thirty days pass, after which the refund is overdue. Returns the id of its review. */
async function overdue(w: World): Promise<string> {
  for (let week = 0; week < 5; week++) {
    w.advance(7 * 86_400)
    await w.cron()
  }
  return (await openReview(w, 'refund_overdue')).id
}

describe('resolving the review of an overdue refund', () => {
  it('is refused while WeChat does not answer, since the money might be refunded twice', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'silent', 1_000)
    w.wechat.platform.setBalance(0)
    await refund(w, ordercode, 'R1', 800)
    const id = await overdue(w)
    const resolution = { note: 'sent by bank transfer' }

    w.wechat.faults.inject({ endpoint: 'refundquery', kind: 'http_500', times: 2 })
    expect(await outcome(resolveReview(w, id, resolution))).toBe('503 wechat_unavailable')
    w.wechat.faults.clear()
    expect((await resolveReview(w, id, resolution)).status).toBe(200)

    w.wechat.platform.setBalance(1_000_000)
    await pass(w, 3)
    expect((await getRefund(w, ordercode, 'R1')).state).toBe('refused')
    expect(w.wechat.books.refundedFen()).toBe(0)
    expect(refundWebhooks(w)).toEqual(['refund.failed R1'])
  })

  it('is refused while a try may still arrive or another request sends the refund', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'arrives', 1_000)
    w.wechat.platform.setBalance(0)
    await refund(w, ordercode, 'R1', 300)
    const id = await overdue(w)
    w.wechat.platform.setBalance(1_000_000)
    const resolution = { note: 'paid back in cash' }

    w.wechat.faults.inject({ endpoint: 'refund', kind: 'request_lost', times: 2 })
    expect(await outcome(putRefund(w, ordercode, 'R1', 300))).toBe('200 requested')
    expect(await outcome(resolveReview(w, id, resolution))).toBe('503 wechat_unavailable')

    w.advance(61)
    let hold = () => {}
    w.holds.set('/secapi/pay/refund', new Promise<void>((done) => (hold = done)))
    const before = called(w, '/secapi/pay/refund')
    const sending = outcome(putRefund(w, ordercode, 'R1', 300))
    await vi.waitFor(() => expect(called(w, '/secapi/pay/refund')).toBe(before + 1))
    expect(await outcome(resolveReview(w, id, resolution))).toBe('409 order_busy')
    hold()
    expect(await sending).toBe('200 processing')
    expect(await outcome(putRefund(w, ordercode, 'R2', 701))).toBe('409 refund_exceeds_payment')
  })

  it('is refused when WeChat accepted the refund after all', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'afterall', 1_000)
    w.wechat.platform.setBalance(0)
    await refund(w, ordercode, 'R1', 800)
    const id = await overdue(w)
    w.wechat.platform.setBalance(1_000_000)
    w.wechat.faults.inject({ endpoint: 'refund', kind: 'reply_lost', times: 2 })
    w.advance(86_400)
    await w.cron()
    expect((await getRefund(w, ordercode, 'R1')).state).toBe('requested')
    const resolution = { note: 'sent by bank transfer' }
    w.advance(61)
    expect(await outcome(resolveReview(w, id, resolution))).toBe('409 order_busy')
    expect((await getRefund(w, ordercode, 'R1')).state).not.toBe('requested')
    expect((await resolveReview(w, id, { note: 'it went through' })).status).toBe(200)
  })

  it('releases the amount of a refund that WeChat accepted and no longer has', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'forgot', 1_000)
    await refund(w, ordercode, 'R1', 800)
    const unknown = { kind: 'err_code', errCode: 'REFUNDNOTEXIST', errCodeDes: '?' } as const
    w.wechat.faults.inject({ endpoint: 'refundquery', ...unknown, times: 9_999 })
    w.wechat.faults.inject({ ...REFUSED, errCode: 'TRADE_OVERDUE', times: 9_999 })
    const id = await overdue(w)
    expect(await getRefund(w, ordercode, 'R1')).toMatchObject({
      state: 'processing',
      err_code: 'TRADE_OVERDUE',
    })
    expect((await resolveReview(w, id, { note: 'WeChat says there never was one' })).status).toBe(
      200,
    )
    expect(await outcome(putRefund(w, ordercode, 'R2', 800))).toMatch(/^201 /)
    expect((await w.history(ordercode)).filter((type) => type === 'refund_given_up')).toHaveLength(
      1,
    )
  })
})

describe('resolving the review of a refund that waited for a month', () => {
  async function waited(w: World, name: string) {
    const { ordercode } = await paidOrder(w, name, 1_000)
    w.wechat.platform.setBalance(0)
    await refund(w, ordercode, 'R1', 300)
    for (let week = 0; week < 5; week++) {
      w.advance(7 * 86_400)
      await w.cron()
    }
    w.wechat.platform.setBalance(10_000)
    const [review = expect.fail('no review')] = await reviews(w)
    const path = `/reviews/${encodeURIComponent(review.id)}/resolve`
    const resolve = () => w.shop('POST', path, { note: 'paid back in cash' })
    return { ordercode, kind: review.kind, resolve }
  }

  it('releases the amount and notifies the shop when WeChat has no such refund', async () => {
    const w = world()
    const { ordercode, kind, resolve } = await waited(w, 'over')
    expect(kind).toBe('refund_overdue')
    expect((await resolve()).status).toBe(200)
    expect(await getRefund(w, ordercode, 'R1')).toMatchObject({
      state: 'refused',
      err_code: 'NOTENOUGH',
    })
    await expectReserved(w, ordercode, 1_000)
    await pass(w, 2)
    expect(refundWebhooks(w)).toEqual(['refund.failed R1'])
    expect(w.wechat.books.refunds()).toEqual([])
  })

  it('releases nothing when WeChat has the refund or does not answer', async () => {
    const w = world()
    const { ordercode, resolve } = await waited(w, 'notover')
    injectFault(w, { kind: 'reply_lost' })
    expect(await outcome(putRefund(w, ordercode, 'R1', 300))).toBe('200 requested')
    w.wechat.faults.inject({ endpoint: 'refundquery', kind: 'http_500', times: 2 })
    await resolve()
    await expectReserved(w, ordercode, 700)
    await pass(w, 5)
    expect(await getRefund(w, ordercode, 'R1')).toMatchObject({ state: 'succeeded' })
    expect(refundWebhooks(w)).toEqual(['refund.succeeded R1'])
    await expectBalanced(w, ordercode)
  })
})
