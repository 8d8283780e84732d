import { describe, expect, it } from 'vitest'
import { shopAwaitingRefundNotice } from '../../../testing/simulator/prepared-shops.ts'
import {
  DAY_MS,
  MINUTE_MS,
  OUT_REFUND_NO,
  OUT_TRADE_NO,
  REFUND_NOTIFY_URL,
  SECOND_MS,
  SUCCESS_REPLY,
  T0,
} from '../../../testing/simulator/simulated-shop.ts'

const accept = async () => new Response(SUCCESS_REPLY)
const refuse = async () => new Response('', { status: 500 })
const ARRIVED_AT = T0 + 3 * MINUTE_MS

describe('the schedule of refund notices', () => {
  it('begins when the refund settles, with as many retries as for payments', async () => {
    const { wechat, clock } = await shopAwaitingRefundNotice()
    const offsets: number[] = []

    for (;;) {
      const due = wechat.notices.nextDueAt()
      if (due === undefined) break
      clock.advance(due - clock.now())
      const attempts = await wechat.notices.deliverDue(refuse)
      offsets.push(...attempts.map(({ at }) => (at - ARRIVED_AT) / SECOND_MS))
    }

    expect(offsets).toEqual([
      0, 15, 30, 60, 240, 840, 2_040, 3_840, 5_640, 7_440, 11_040, 21_840, 32_640, 43_440, 65_040,
      86_640,
    ])
    expect(wechat.notices.ofRefunds.all()).toMatchObject([{ state: 'given_up' }])
  })

  it('accepts the same replies as for payments', async () => {
    const { wechat, clock } = await shopAwaitingRefundNotice()
    clock.advance(3 * MINUTE_MS)

    await wechat.notices.deliverDue(async () => new Response('success'))
    expect(wechat.notices.ofRefunds.all()).toMatchObject([
      { nextDueAt: ARRIVED_AT + 15 * SECOND_MS, attempts: [{ outcome: 'refused', status: 200 }] },
    ])
    clock.advance(15 * SECOND_MS)
    await wechat.notices.deliverDue(accept)
    expect(wechat.notices.ofRefunds.all()).toMatchObject([{ state: 'delivered' }])
  })

  it('is delivered together with that of payments, each to its own URL', async () => {
    const { wechat, clock, paid } = await shopAwaitingRefundNotice()
    await paid({ out_trade_no: 'order-2' })
    clock.advance(3 * MINUTE_MS)

    const attempts = await wechat.notices.deliverDue(refuse)

    expect(attempts.map(({ outTradeNo, outRefundNo }) => outRefundNo ?? outTradeNo)).toEqual([
      ...Array.from({ length: 4 }, () => 'order-2'),
      OUT_REFUND_NO,
    ])
    expect(wechat.notices.ofPayments.all().map(({ outTradeNo }) => outTradeNo)).toEqual([
      OUT_TRADE_NO,
      'order-2',
    ])
    expect(wechat.notices.ofRefunds.all().map(({ outRefundNo }) => outRefundNo)).toEqual([
      OUT_REFUND_NO,
    ])
  })

  it('knows when a PROCESSING refund will have a notice, unless refunds are held', async () => {
    const { wechat } = await shopAwaitingRefundNotice()

    expect(wechat.notices.nextDueAt()).toBe(ARRIVED_AT)
    wechat.platform.holdRefunds()
    expect(wechat.notices.nextDueAt()).toBeUndefined()
  })

  it('can lose the notices of the next refund that settles, and of no payment', async () => {
    const { wechat, clock, paid, refund } = await shopAwaitingRefundNotice()
    await paid({ out_trade_no: 'order-2' })
    await refund({
      out_trade_no: 'order-2',
      out_refund_no: 'refund-2',
      notify_url: REFUND_NOTIFY_URL,
    })
    wechat.notices.ofRefunds.loseNext()
    clock.advance(3 * MINUTE_MS)

    const attempts = await wechat.notices.deliverDue(accept)

    expect(attempts.map(({ outRefundNo, outcome }) => [outRefundNo ?? 'payment', outcome])).toEqual(
      [
        ['payment', 'delivered'],
        [OUT_REFUND_NO, 'lost'],
        ['refund-2', 'delivered'],
      ],
    )
  })

  it('can lose every notice of one refund', async () => {
    const { wechat, clock } = await shopAwaitingRefundNotice()
    wechat.notices.ofRefunds.loseNext(OUT_REFUND_NO)
    clock.advance(2 * DAY_MS)

    const attempts = await wechat.notices.deliverDue(() => Promise.reject(new Error('was posted')))

    expect(attempts.map(({ outcome }) => outcome)).toEqual(Array.from({ length: 16 }, () => 'lost'))
  })

  it('can post a notice several times in parallel', async () => {
    const { wechat, clock } = await shopAwaitingRefundNotice()
    wechat.notices.ofRefunds.duplicateNext(3)
    clock.advance(3 * MINUTE_MS)

    expect(await wechat.notices.deliverDue(accept)).toHaveLength(3)
    expect(() => wechat.notices.ofRefunds.duplicateNext(1)).toThrow('copies must be 2 or more')
  })
})
