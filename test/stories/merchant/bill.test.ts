/** Bills after `WX_APPID` or `WX_MCH_ID` was changed. */
import { describe, expect, it } from 'vitest'
import { lost, paid, reconciled, refunded } from '../../../testing/bill-days.ts'
import { changeAppid, changeMerchant, twoMiniPrograms } from '../../../testing/other-merchant.ts'
import { paidOrder, putRefund } from '../../../testing/refund-stories.ts'
import { world } from '../../../testing/world.ts'

describe('in the bill, a payment or refund under a former appid', () => {
  it('is ours, and a payment that only the bill has is found', async () => {
    const w = twoMiniPrograms()
    await paid(w, 'bill-known')
    const { ordercode } = await lost(w, 'bill-lost')
    await w.db.prepare('UPDATE attempts SET due_at = NULL').run()
    await w.db.prepare('UPDATE orders SET due_at = NULL').run()
    changeAppid(w)
    await paid(w, 'bill-next')

    const report = await reconciled(w)

    expect(report).toMatchObject({
      bill: { payments: 3, total_fee: 3 * 8_800, others: 0 },
      books: { payments: 3, total_fee: 3 * 8_800 },
    })
    expect(report.differences).toMatchObject([{ kind: 'payment_not_here', outcome: 'booked' }])
    expect((await w.read(ordercode)).state).toBe('paid')
  })

  it('is ours when it is refunded', async () => {
    const w = twoMiniPrograms()
    const { ordercode } = await paidOrder(w, 'refund-bill')
    await refunded(w, ordercode, 'R-bill', 100)
    changeAppid(w)

    expect(await reconciled(w)).toMatchObject({
      difference_count: 0,
      bill: { payments: 1, refunds: 1, refund_fee: 100, others: 0 },
    })
  })
})

describe('the bill of a merchant number', () => {
  it('has no payments and refunds of the former number, which are not missing in it', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'bill-old')
    await putRefund(w, ordercode, 'R-old', 100)
    const other = changeMerchant(w)
    const fresh = await w.order('bill-new')
    const openid = other.payer.newOpenid()
    await w.pay(fresh, openid, other.payer.login(openid))
    expect(other.payer.pay(fresh)).toMatchObject({ ok: true })
    await w.notify(other.notices.ofPayments.xml(fresh))

    const report = await reconciled(w)

    expect(report).toMatchObject({
      difference_count: 0,
      bill: { payments: 1, total_fee: 8_800, refunds: 0, others: 0 },
      books: { payments: 1, total_fee: 8_800 },
    })
  })
})
