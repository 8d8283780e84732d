import { describe, expect, it } from 'vitest'
import { formatOutTradeNo } from '../../../src/core/ids.ts'
import type { OrderView } from '../../../src/core/order/order.ts'
import { needsRefundImport } from '../../../src/core/order/schedule.ts'
import { anAttempt, ORDERCODE, PAYMENT } from '../../../testing/samples/order-samples.ts'
import {
  aRefund,
  OTHER_TRANSACTION,
  paidView,
  secondPayment,
} from '../../../testing/samples/refund-samples.ts'

const SECOND_NO = formatOutTradeNo(ORDERCODE, 2)
const first = anAttempt({ state: 'paid' })
const second = anAttempt({ state: 'paid', number: 2, outTradeNo: SECOND_NO })

const returned = (view: OrderView): OrderView => ({
  ...view,
  payments: view.payments.map((payment) => ({ ...payment, returned: true })),
})

describe('a payment that WeChat had already refunded when we first learned of it', () => {
  it('needs an import of its refunds until one is known', () => {
    expect(needsRefundImport(returned(paidView()), first)).toBe(true)
    expect(needsRefundImport(returned(paidView([aRefund({ state: 'succeeded' })])), first)).toBe(
      false,
    )
    expect(needsRefundImport(returned(paidView([aRefund()])), first)).toBe(false)
  })

  it('needs the import even when refunds of another payment are known', () => {
    const others = aRefund({ state: 'succeeded', transactionId: OTHER_TRANSACTION })

    expect(needsRefundImport(returned(paidView([others])), first)).toBe(true)
  })

  it('needs the import for the attempt that it paid, and for no other', () => {
    expect(needsRefundImport(returned(paidView()), second)).toBe(false)
    const elsewhere = secondPayment({ outTradeNo: SECOND_NO })
    const both = returned(paidView([aRefund()], [PAYMENT, elsewhere]))
    expect(needsRefundImport(both, first)).toBe(false)
    expect(needsRefundImport(both, second)).toBe(true)
  })

  it('needs the import as the second payment of an attempt, too', () => {
    const both = returned(paidView([aRefund()], [PAYMENT, secondPayment()]))

    expect(needsRefundImport(both, first)).toBe(true)
  })
})

describe('a payment that WeChat did not report as refunded', () => {
  it('needs no import of refunds', () => {
    expect(needsRefundImport(paidView(), first)).toBe(false)
    expect(needsRefundImport(paidView([aRefund()]), first)).toBe(false)
  })
})
