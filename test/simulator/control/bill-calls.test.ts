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
      { kind: 'other_fee_rate', number: transactionId, basis_points: 5_000 },
      { kind: 'repeat_row', number: OUT_REFUND_NO },
      { kind: 'revoked_row', out_trade_no: OUT_TRADE_NO, columns: { 交易类型: 'MICROPAY' } },
      { kind: 'extra_row', row: 'payment', columns: { 公众账号ID: 'wx0' } },
      { kind: 'extra_row', row: 'refund' },
      { kind: 'unasked_refund', out_trade_no: OUT_TRADE_NO, fen: 1 },
      { kind: 'layout', layout: 'one_more' },
      { kind: 'escapes', escapes: 'octal' },
      { kind: 'wrong_totals' },
      { kind: 'unavailable', error_code: '20007', return_msg: 'x', times: 1 },
      { kind: 'drop_row', number: transactionId },
    ]) {
      expect((await call('change-bill', { date: DAY, ...change })).json).toEqual({ ok: true })
    }

    const { header, rows, totals } = readBill(await text())
    expect(header).toHaveLength(28)
    expect(rows).toHaveLength(6)
    expect(rows).toContainEqual(
      expect.objectContaining({ 交易状态: 'REVOKED', 交易类型: 'MICROPAY', 申请退款金额: '1.00' }),
    )
    expect(totals).toMatchObject({ 总交易单数: '7', 申请退款总金额: '2.64' })
    await call('change-bill', { date: DAY, kind: 'cut_off' })
    expect(await text()).not.toContain('总交易单数')
    await call('clear-bill-changes', { date: DAY })
    expect(await text()).toBe(truth)
  })

  it('serves another file, moves a row to the next day, spoils one total, and cuts off one digit', async () => {
    const { call, transactionId, refund } = await controlledShop()
    await refund()
    const text = async (date = DAY) => String((await call('bill', { date })).json['text'])
    const change = async (kind: string, fields = {}) =>
      expect((await call('change-bill', { date: DAY, kind, ...fields })).json).toEqual({ ok: true })

    await change('late_row', { number: transactionId })
    expect(readBill(await text()).rows).toMatchObject([{ 交易状态: 'REFUND' }])
    const next = await text('20240103')
    expect(readBill(next).rows).toMatchObject([{ 交易状态: 'SUCCESS' }])
    await change('other_file', { other_date: '20240103' })
    expect(await text()).toBe(next)
    await change('other_file', { bill_type: 'REFUND' })
    expect(readBill(await text()).header).toHaveLength(29)
    await change('wrong_totals', { header: '总交易单数' })
    expect(readBill(await text()).totals).toMatchObject({
      总交易单数: '2',
      申请退款总金额: '0.30',
    })
    await change('cut_off', { at: 'last_digit' })
    expect(await text()).toMatch(/`0\.3$/)
  })
})
