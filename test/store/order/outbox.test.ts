import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { OrderView } from '../../../src/core/order/order.ts'
import { recordEvent } from '../../../src/core/order/refund-transition.ts'
import { type Refund, type RefundRecord, toOutRefundNo } from '../../../src/core/order/refund.ts'
import { applyEvent } from '../../../src/service/apply-event.ts'
import { watchDatabase } from '../../../testing/d1/watched-database.ts'
import { paidOrder } from '../../../testing/refund-stories.ts'
import { aRefund } from '../../../testing/samples/refund-samples.ts'
import { world, type World } from '../../../testing/world.ts'

type Report = 'refused' | RefundRecord['status']

/** Requests a refund of a paid order. @returns a function that records what WeChat reports about it. */
async function requested(w: World, name: string, source: Refund['source'] = 'shop') {
  const { ordercode } = await paidOrder(w, name)
  const deps = w.worker()
  const outRefundNo = toOutRefundNo(`R-${name}`)
  let view = (await deps.orders.load(ordercode)) ?? expect.fail('no order')
  const [payment = expect.fail('not paid')] = view.payments
  const { transactionId, totalFee } = payment
  const refund = aRefund({
    outRefundNo,
    transactionId,
    totalFee,
    source,
    requestedAt: deps.now(),
  })
  const apply = async (event: Parameters<typeof applyEvent>[2]): Promise<OrderView> => {
    const applied = await applyEvent(deps, view, event)
    if (!applied.ok) throw new Error(applied.error.reason)
    return applied.value
  }
  view = await apply({ type: 'refund_requested', refund })
  const refusal = { outRefundNo, errCode: 'TRADE_OVERDUE', errCodeDes: '' }
  const report = async (status: Report): Promise<void> => {
    const lease = await deps.refunds.acquireSendLease(ordercode, outRefundNo, deps.now())
    view = await apply(
      status === 'refused'
        ? { type: 'refund_refused', ...refusal, lease: lease ?? expect.fail('no lease') }
        : recordEvent(view, {
            outRefundNo,
            transactionId,
            refundId: '50000405502024010200000000001',
            refundFee: refund.refundFee,
            status,
            succeededAt: undefined,
            receivedBy: undefined,
          }),
    )
  }
  return { ordercode, outRefundNo, report }
}

/** Records these reports of WeChat about a refund of a paid order. Returns its state and the types of its webhooks. */
async function afterReports(w: World, name: string, statuses: readonly Report[]) {
  const { ordercode, report } = await requested(w, name)
  for (const status of statuses) await report(status)
  const deps = w.worker()
  const stored = await deps.orders.load(ordercode)
  const { rows: deliveries } = await deps.deliveries.list(undefined, {
    before: { at: Number.MAX_SAFE_INTEGER, key: '' },
    limit: 100,
  })
  return {
    states: stored?.refunds.map((each) => each.state),
    facts: deliveries
      .filter(({ ordercode: of, id }) => of === ordercode && id.includes('refund'))
      .map(({ type }) => type)
      .toSorted(),
  }
}

describe('contradictory reports about a refund', () => {
  it('send one webhook per fact, however often the fact is recorded', async () => {
    const w = world()

    expect(await afterReports(w, 'twice', ['refused', 'processing', 'closed'])).toEqual({
      states: ['closed'],
      facts: ['refund.failed'],
    })
    expect(await afterReports(w, 'between', ['refused', 'abnormal', 'closed'])).toEqual({
      states: ['closed'],
      facts: ['refund.failed', 'review.opened'],
    })
    expect(await afterReports(w, 'after-all', ['processing', 'closed', 'succeeded'])).toEqual({
      states: ['succeeded'],
      facts: ['refund.failed', 'refund.succeeded'],
    })
  })
})

describe('an automatic refund that fails, is accepted after all, and fails again', () => {
  it('opens another review, whose webhook is sent immediately', async () => {
    const w = world()
    const { ordercode, outRefundNo, report } = await requested(w, 'again', 'automatic')
    const first = `refund_failed.${outRefundNo}`
    const failures = async () => {
      await w.settled()
      return w.receiver.received.flatMap(({ type, id, data }) =>
        type === 'review.opened' ? [[id, data['id']]] : [],
      )
    }

    await report('refused')
    expect(await failures()).toEqual([[`review.opened.${first}`, first]])
    await w.shop('POST', `/reviews/${encodeURIComponent(first)}/resolve`, { note: 'paid in cash' })
    await report('processing')
    await report('closed')

    const webhooks = [first, `${first}.2`].map((id) => [`review.opened.${id}`, id])
    expect(await failures()).toEqual(webhooks)
    const { reviews } = await w.read(ordercode)
    expect(reviews).toMatchObject([
      { id: first, resolved_at: expect.any(String) },
      { id: `${first}.2`, resolved_at: null },
    ])
  })

  it('opens one review when it fails again while the first is open, or D1 writes the failure twice', async () => {
    const watched = watchDatabase(env.DB)
    const w = world({ wrapDb: () => watched.db })
    const { ordercode, outRefundNo, report } = await requested(w, 'once', 'automatic')

    watched.fail('reply_lost', { matching: /INTO reviews/ })
    // On a busy machine, the deadline of this test's D1 passes before the second try: the caller reports again.
    await report('refused').catch(() => report('refused'))
    await report('processing')
    await report('closed')

    const { reviews } = await w.read(ordercode)
    expect(reviews).toMatchObject([{ id: `refund_failed.${outRefundNo}` }])
    w.advance(60)
    await w.cron()
    await w.settled()
    expect(w.receiver.types().filter((type) => type === 'review.opened')).toHaveLength(1)
  })
})
