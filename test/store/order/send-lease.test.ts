/** Leases of refunds: who may send a refund, or end it, and which refunds nobody may send. */
import { describe, expect, it } from 'vitest'
import { toFen } from '../../../src/core/money.ts'
import type { OrderEvent, OrderView } from '../../../src/core/order/order.ts'
import { type Refund, toOutRefundNo } from '../../../src/core/order/refund.ts'
import { transition } from '../../../src/core/order/transition.ts'
import type { RefundLimits, SendLease } from '../../../src/ports/refund-store.ts'
import { putViews } from '../../../testing/d1/put-view.ts'
import { type StoreBench, storeBench } from '../../../testing/d1/store-bench.ts'
import { at, DAY, MERCHANT_IDS, ORDERCODE } from '../../../testing/samples/order-samples.ts'
import { aRefund, NOW, paidView, R1, R2, R3 } from '../../../testing/samples/refund-samples.ts'

const NUMBER = toOutRefundNo(R1)
const PAUSED: RefundLimits = { paused: true, perDay: undefined }
const limitOf = (fen: number): RefundLimits => ({ paused: false, perDay: toFen(fen) })

/** A database with a paid order and its refunds, all due at NOW. */
async function withRefunds(refunds: readonly Refund[], limits?: RefundLimits): Promise<StoreBench> {
  const bench = storeBench({ limits })
  await putViews(paidView(refunds))
  await bench.exec(`UPDATE refunds SET due_at = ${NOW} WHERE state IN ('requested', 'processing')`)
  return bench
}

async function leased({ store }: StoreBench, seconds = 0): Promise<SendLease> {
  const lease = await store.refunds.acquireSendLease(ORDERCODE, NUMBER, at(3_600 + seconds))
  return lease ?? expect.fail('no lease')
}

const rowOf = async ({ read }: StoreBench) =>
  (await read(`SELECT sending_until, unanswered_at, err_code FROM refunds`))[0]

const REFUSAL = { errCode: 'NOTENOUGH', errCodeDes: '?' }

describe('the lease of a refund', () => {
  it('has one holder until it is ended or ends', async () => {
    const bench = await withRefunds([aRefund()])
    const { refunds } = bench.store
    const first = await leased(bench)
    expect(first).toEqual({ until: at(3_660), number: 1, unansweredAt: undefined })
    expect(await refunds.acquireSendLease(ORDERCODE, NUMBER, at(3_659))).toBeUndefined()
    expect(await refunds.acquireEndLease(ORDERCODE, NUMBER, at(3_659))).toBeUndefined()
    await refunds.releaseSendLease(ORDERCODE, NUMBER, first)
    expect(await refunds.acquireEndLease(ORDERCODE, NUMBER, at(3_601))).toEqual({
      until: at(3_661),
      number: 2,
      unansweredAt: undefined,
    })
  })

  it('that nobody ended belongs to a sender that crashed, whose last message may have left at its end', async () => {
    const bench = await withRefunds([aRefund({ startedAt: NOW })])
    await leased(bench)
    expect(await leased(bench, 100)).toEqual({
      until: at(3_760),
      number: 2,
      unansweredAt: at(3_660),
    })
    const claimed = await bench.store.refunds.claimDue(at(4_000), 10)
    expect(claimed.items).toEqual([
      {
        outRefundNo: R1,
        ordercode: ORDERCODE,
        mchId: MERCHANT_IDS.mchId,
        lease: { until: at(4_180), number: 3, unansweredAt: at(3_760) },
      },
    ])
  })

  it('is not ended by the late write of an earlier holder', async () => {
    const late: readonly ((bench: StoreBench, earlier: SendLease) => Promise<void>)[] = [
      ({ store }, earlier) => store.refunds.releaseSendLease(ORDERCODE, NUMBER, earlier),
      ({ store }, earlier) => store.refunds.noteUnanswered(ORDERCODE, NUMBER, earlier, at(3_690)),
      ({ store }, earlier) =>
        store.refunds.noteRefusal(ORDERCODE, NUMBER, earlier, REFUSAL, undefined),
    ]
    for (const write of late) {
      const bench = await withRefunds([aRefund()])
      const earlier = await leased(bench)
      await leased(bench, 70)
      const before = await rowOf(bench)
      await write(bench, earlier)
      expect(await rowOf(bench)).toEqual(before)
    }
  })

  it.each(['refund_refused', 'refund_given_up', 'refund_cancelled'] as const)(
    'is needed to store %s, which releases the amount',
    async (type) => {
      const view = paidView([aRefund({ startedAt: NOW })])
      const bench = await withRefunds(view.refunds)
      const mine = await leased(bench)
      const event: OrderEvent = {
        type,
        outRefundNo: NUMBER,
        proof: 'absent_at_wechat',
        ...REFUSAL,
        lease: mine,
      }
      const step = transition(view, event, at(3_659))
      if (!step.ok || step.value.kind !== 'changed') throw new Error('not allowed')
      const commit = () => bench.store.orders.commit(view, event, step.value as never, at(3_659))

      await bench.exec('UPDATE refunds SET lease_no = lease_no + 1')
      expect(await commit()).toBe('stale')
      expect((await stored(bench)).refunds).toMatchObject([{ state: 'requested' }])
      expect(await bench.read('SELECT * FROM events')).toEqual([])
      await bench.exec('UPDATE refunds SET lease_no = lease_no - 1')
      expect(await commit()).not.toBe('stale')
    },
  )

  it('is not given for a refund with a final state, but for one that WeChat may have forgotten', async () => {
    for (const [state, isGiven] of [
      ['processing', true],
      ['succeeded', false],
      ['refused', false],
      ['closed', false],
      ['cancelled', false],
    ] as const) {
      const endedAt = state === 'processing' ? undefined : NOW
      const cancelledAt = state === 'cancelled' ? NOW : undefined
      const { store } = await withRefunds([aRefund({ state, endedAt, cancelledAt })])
      for (const lease of [
        await store.refunds.acquireSendLease(ORDERCODE, NUMBER, NOW),
        await store.refunds.acquireEndLease(ORDERCODE, NUMBER, at(3_700)),
      ]) {
        expect(`${state} ${lease !== undefined}`).toBe(`${state} ${isGiven}`)
      }
    }
  })
})

const stored = async ({ store }: StoreBench): Promise<OrderView> =>
  (await store.orders.load(ORDERCODE)) ?? expect.fail('no order')

describe('a refund in the database', () => {
  it('is read as it was written, in every state and with every account', async () => {
    const refunds = [
      aRefund({ state: 'cancelled', endedAt: at(7), cancelledAt: at(7) }),
      aRefund({ outRefundNo: toOutRefundNo(R2), state: 'closed', endedAt: at(7) }),
      aRefund({
        outRefundNo: toOutRefundNo(R3),
        state: 'succeeded',
        account: 'available',
        endedAt: at(9),
        cancelledAt: at(7),
      }),
      aRefund({
        outRefundNo: toOutRefundNo('R4'),
        state: 'processing',
        source: 'merchant_platform',
        account: undefined,
      }),
    ]
    const bench = await withRefunds(refunds)
    expect((await stored(bench)).refunds).toEqual(refunds)
  })
})

const automatic = (number: string, changes: Partial<Refund> = {}): Refund =>
  aRefund({ outRefundNo: toOutRefundNo(number), source: 'automatic', ...changes })

async function claimedFrom({ store }: StoreBench, seconds = 0) {
  const { items, held } = await store.refunds.claimDue(at(3_600 + seconds), 10)
  return { numbers: items.map(({ outRefundNo }) => outRefundNo as string).toSorted(), held }
}

describe('while refunds are paused', () => {
  it('nobody may send, but accepted refunds are queried and waiting ones may be called off', async () => {
    const accepted = aRefund({ outRefundNo: toOutRefundNo(R2), state: 'processing' })
    const bench = await withRefunds([aRefund(), accepted, automatic(R3)], PAUSED)
    const { refunds } = bench.store
    expect(await claimedFrom(bench)).toEqual({
      numbers: [R2],
      held: { reason: 'paused', day: '2024-01-02', count: 2, refundFee: 60 },
    })
    for (const number of [R1, R2, R3]) {
      const one = toOutRefundNo(number)
      expect(await refunds.acquireSendLease(ORDERCODE, one, at(9_000))).toBeUndefined()
      expect(await refunds.acquireEndLease(ORDERCODE, one, at(9_000))).toBeDefined()
    }
    // A refund that somebody sends or ends is not claimed; its lease ends after a minute.
    const resumed = storeBench()
    expect(await claimedFrom(resumed, 5_400)).toEqual({ numbers: [R2], held: undefined })
    expect(await claimedFrom(resumed, 5_460)).toEqual({ numbers: [R1, R3], held: undefined })
  })
})

describe('above the limit of a day', () => {
  it('automatic refunds wait from the first one that does not fit, and no other refund waits', async () => {
    const day = (number: string, second: number, changes: Partial<Refund> = {}) =>
      automatic(number, { requestedAt: at(second), refundFee: toFen(10), ...changes })
    const refunds = [
      day('before-midnight', -20_000),
      day('A1', 10),
      day('A2-refused', 11, { state: 'refused', endedAt: NOW }),
      day('A3-platform', 12, { source: 'merchant_platform', state: 'processing' }),
      day('A4', 20),
      day('A5-over', 30),
      day('A6-sent', 40, { startedAt: at(41) }),
      day('A7-accepted', 50, { state: 'processing' }),
      day('A8-shop', 60, { source: 'shop' }),
    ]
    const bench = await withRefunds(refunds, limitOf(29))
    const { numbers, held } = await claimedFrom(bench)
    expect(numbers).toEqual([
      'A1',
      'A3-platform',
      'A4',
      'A6-sent',
      'A7-accepted',
      'A8-shop',
      'before-midnight',
    ])
    expect(held).toEqual({ reason: 'limit', day: '2024-01-02', count: 1, refundFee: 10 })
    const over = toOutRefundNo('A5-over')
    expect(await bench.store.refunds.acquireSendLease(ORDERCODE, over, NOW)).toBeUndefined()
    expect((await bench.store.runs.oldestDue(NOW)).money).toBeUndefined()

    // The limit is raised, or the next day begins.
    expect(await claimedFrom(storeBench({ limits: limitOf(30) }))).toEqual({
      numbers: ['A5-over'],
      held: undefined,
    })
    await putViews(paidView(refunds))
    await bench.exec(`UPDATE refunds SET due_at = ${NOW} WHERE out_refund_no = 'A5-over'`)
    expect(await claimedFrom(bench, DAY)).toEqual({ numbers: ['A5-over'], held: undefined })
  })
})
