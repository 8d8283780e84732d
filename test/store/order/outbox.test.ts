import { describe, expect, it } from 'vitest'
import type { OrderView } from '../../../src/core/order/order.ts'
import { recordEvent } from '../../../src/core/order/refund-transition.ts'
import { type RefundRecord, toOutRefundNo } from '../../../src/core/order/refund.ts'
import { applyEvent } from '../../../src/service/apply-event.ts'
import { paidOrder } from '../../../testing/refund-stories.ts'
import { aRefund } from '../../../testing/samples/refund-samples.ts'
import { world, type World } from '../../../testing/world.ts'

/** Records these reports of WeChat about a refund of a paid order. Returns its state and the types of its webhooks. */
async function afterReports(
  w: World,
  name: string,
  statuses: readonly ('refused' | RefundRecord['status'])[],
) {
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
    requestedAt: deps.now(),
  })
  const apply = async (event: Parameters<typeof applyEvent>[2]): Promise<OrderView> => {
    const applied = await applyEvent(deps, view, event)
    if (!applied.ok) throw new Error(applied.error.reason)
    return applied.value
  }
  view = await apply({ type: 'refund_requested', refund })
  const refusal = { outRefundNo, errCode: 'TRADE_OVERDUE', errCodeDes: '' }
  for (const status of statuses) {
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
  const stored = await deps.orders.load(ordercode)
  const deliveries = await deps.deliveries.list(undefined, {
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
