import { describe, expect, it } from 'vitest'
import { billFile } from '../../../simulator/bills/bill.ts'
import { seededRandom } from '../../../simulator/lib/random.ts'
import { DEMO_MERCHANT } from '../../../simulator/server/demo-merchant.ts'
import { BillPlan } from '../../../simulator/state/bill-plan.ts'
import { Ledger } from '../../../simulator/state/ledger.ts'
import { RefundLedger } from '../../../simulator/state/refund-ledger.ts'
import { DEFAULT_STRICTNESS } from '../../../simulator/state/strictness.ts'
import { Users } from '../../../simulator/state/users.ts'
import type { World } from '../../../simulator/state/world.ts'
import { fenOf, readBill } from '../../../testing/simulator/bill-reader.ts'
import { T0 } from '../../../testing/simulator/simulated-shop.ts'

const PAYMENTS = 100_000

/** A world with 100,000 payments, filled without calling the endpoints 100,000 times. */
function busyWorld(): World {
  const random = seededRandom(1)
  const ledger = new Ledger()
  for (let n = 0; n < PAYMENTS; n++) {
    const outTradeNo = `order-${n}`
    const openid = 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o'
    const order = ledger.put({
      outTradeNo,
      appid: DEMO_MERCHANT.appid,
      openid,
      totalFee: n + 1,
      body: '测试商店-图书',
      attach: '',
      deviceInfo: '',
      notifyUrl: '',
      signType: 'MD5',
      tradeState: 'NOTPAY',
      createdAt: T0,
      prepays: [],
      parameters: new Map(),
    })
    ledger.capture(order, {
      transactionId: `4200000540202401020000${String(n).padStart(6, '0')}`,
      outTradeNo,
      appid: DEMO_MERCHANT.appid,
      openid,
      totalFee: n + 1,
      cashFee: n + 1,
      coupons: [],
      bankType: 'OTHERS',
      paidAt: T0 + n,
      timeEnd: '20240102030405',
    })
  }
  const now = () => T0
  return {
    merchant: DEMO_MERCHANT,
    strict: DEFAULT_STRICTNESS,
    clock: { now },
    random,
    ledger,
    refunds: new RefundLedger({ processingMs: 0, now, onSettled: () => {} }),
    billPlan: new BillPlan(random),
    platform: { refundNotifyUrl: undefined, miniPrograms: new Map() },
    users: new Users(random),
    record: () => {},
  }
}

describe('the bill of a very busy day', () => {
  // Work that grew with the square of the rows would take many minutes.
  it('is written whole', { timeout: 60_000 }, () => {
    const { text } = billFile('20240102', busyWorld())

    const { rows, totals } = readBill(text)
    expect(new Set(rows.map((row) => row['微信订单号'])).size).toBe(PAYMENTS)
    expect(fenOf(totals['订单总金额'])).toBe((PAYMENTS * (PAYMENTS + 1)) / 2)
  })
})
