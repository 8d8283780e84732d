import { describe, expect, it } from 'vitest'
import { readBill } from '../../../testing/simulator/bill-reader.ts'
import { controlledShop } from '../../../testing/simulator/controlled-shop.ts'
import { OUT_REFUND_NO, OUT_TRADE_NO } from '../../../testing/simulator/simulated-shop.ts'

const DAY = '20240102'

describe('the control interface of bills', () => {
  it('shows a bill, changes it in every way, and clears the changes', async () => {
    const { call, transactionId, refund } = await controlledShop()
    await refund()
    const text = async (fields = {}) =>
      String((await call('bill', { date: DAY, ...fields })).json['text'])
    const truth = await text()
    expect(readBill(truth).rows).toHaveLength(2)
    expect(readBill(await text({ bill_type: 'REFUND' })).header).toHaveLength(29)
    expect(readBill(await text({ layout: 'old' })).header).toHaveLength(24)

    for (const change of [
      { kind: 'set_columns', number: transactionId, columns: { 商品名称: 'a,`b' } },
      { kind: 'other_amount', number: OUT_REFUND_NO, fen: 31 },
      { kind: 'extra_row', row: 'payment', columns: { 公众账号ID: 'wx0' } },
      { kind: 'extra_row', row: 'refund' },
      { kind: 'unasked_refund', out_trade_no: OUT_TRADE_NO, fen: 1 },
      { kind: 'layout', layout: 'one_more' },
      { kind: 'wrong_totals' },
      { kind: 'unavailable', error_code: '20007', return_msg: 'x', times: 1 },
      { kind: 'drop_row', number: transactionId },
    ]) {
      expect((await call('change-bill', { date: DAY, ...change })).json).toEqual({ ok: true })
    }

    const { header, rows, totals } = readBill(await text())
    expect(header).toHaveLength(28)
    expect(rows).toHaveLength(4)
    expect(totals).toMatchObject({ 总交易单数: '5', 申请退款总金额: '1.33' })
    await call('change-bill', { date: DAY, kind: 'cut_off' })
    expect(await text()).not.toContain('总交易单数')
    await call('clear-bill-changes', { date: DAY })
    expect(await text()).toBe(truth)
  })
})
