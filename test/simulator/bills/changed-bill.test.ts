import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { billErrorOf, billOf, DAY, waitForBill } from '../../../testing/simulator/bill-downloads.ts'
import { readBill } from '../../../testing/simulator/bill-reader.ts'
import { OUT_REFUND_NO, shop } from '../../../testing/simulator/simulated-shop.ts'

describe('a bill that differs from what happened', () => {
  /** Two payments: the first has a refund, the second a product name that is hard to parse. */
  async function month() {
    const world = shop()
    const transactionId = await world.paid()
    const second = await world.paid({ out_trade_no: 'order-2', total_fee: '200' })
    await world.refund()
    waitForBill(world)
    return { ...world, transactionId, second }
  }

  it('can lack a payment but not its refund, with totals that fit the rows', async () => {
    const world = await month()
    world.wechat.bills.change(DAY, { kind: 'drop_row', number: world.transactionId })

    const { rows, totals } = await billOf(world)

    expect(rows.map((row) => row['交易状态']).toSorted()).toEqual(['REFUND', 'SUCCESS'])
    expect(totals).toMatchObject({ 总交易单数: '2', 订单总金额: '2.00', 申请退款总金额: '0.30' })
  })

  it('can lack a refund', async () => {
    const world = await month()
    world.wechat.bills.change(DAY, { kind: 'drop_row', number: OUT_REFUND_NO })

    expect((await billOf(world)).rows.map((row) => row['交易状态'])).toEqual(['SUCCESS', 'SUCCESS'])
    expect(await billErrorOf(world, { bill_type: 'REFUND' })).toMatchObject({ error_code: '20002' })
  })

  it('can show another amount', async () => {
    const world = await month()
    world.wechat.bills.change(DAY, { kind: 'other_amount', number: world.transactionId, fen: 99 })
    world.wechat.bills.change(DAY, { kind: 'other_amount', number: OUT_REFUND_NO, fen: 31 })

    const { rows, totals } = await billOf(world)

    expect(rows).toContainEqual(
      expect.objectContaining({ 微信订单号: world.transactionId, 订单金额: '0.99' }),
    )
    expect(totals).toMatchObject({ 订单总金额: '2.99', 申请退款总金额: '0.31' })
  })

  it('can list payments and refunds that never happened, of this or another mini program, the same ones for every download', async () => {
    const world = await month()
    const appid = 'wx0000000000000000'
    world.wechat.bills.change(DAY, { kind: 'extra_row', row: 'payment' })
    world.wechat.bills.change(DAY, {
      kind: 'extra_row',
      row: 'refund',
      columns: { 公众账号ID: appid, 申请退款金额: '12.00' },
    })

    const { rows, totals } = await billOf(world)

    expect(rows).toHaveLength(5)
    const extra = rows.find((row) => row['公众账号ID'] === appid)
    expect(extra).toMatchObject({ 交易状态: 'REFUND', 申请退款金额: '12.00' })
    expect(totals).toMatchObject({ 订单总金额: '4.00', 申请退款总金额: '12.30' })
    expect((await billOf(world)).rows).toEqual(rows)
    expect(world.wechat.books.capturedFen()).toBe(300)
  })

  it('can list a refund that the shop never requested', async () => {
    const world = await month()
    world.wechat.bills.change(DAY, { kind: 'unasked_refund', outTradeNo: 'order-2', fen: 150 })

    expect((await billOf(world)).rows).toContainEqual(
      expect.objectContaining({
        交易状态: 'REFUND',
        微信订单号: world.second,
        商户订单号: 'order-2',
        申请退款金额: '1.50',
      }),
    )
    expect(world.wechat.books.refunds('order-2')).toEqual([])
  })

  it('can have any text in any column', async () => {
    const world = await month()
    world.wechat.bills.change(DAY, {
      kind: 'set_columns',
      number: world.second,
      columns: { 商品名称: '书,`笔', 交易状态: 'REVOKED' },
    })

    expect(world.wechat.bills.text(DAY)).toMatch(/`REVOKED,.*,`书,`笔,`/)
  })

  it.each(['reversed', 'one_more', 'old', 'short'] as const)(
    'can have another layout: %s',
    async (layout) => {
      const world = await month()
      const before = (await billOf(world)).header
      world.wechat.bills.change(DAY, { kind: 'layout', layout })

      const { header, rows } = await billOf(world)

      expect(header).not.toEqual(before)
      expect(rows.map((row) => row['微信订单号']).toSorted()).toEqual(
        [world.transactionId, world.transactionId, world.second].toSorted(),
      )
    },
  )

  it('can have wrong totals', async () => {
    const world = await month()
    world.wechat.bills.change(DAY, { kind: 'wrong_totals' })

    expect((await billOf(world)).totals).toEqual({
      总交易单数: '4',
      应结订单总金额: '3.01',
      退款总金额: '0.31',
      充值券退款总金额: '0.01',
      手续费总金额: '0.02001',
      订单总金额: '3.01',
      申请退款总金额: '0.31',
    })
  })

  it('can end in the middle, while the gzip stream is complete', async () => {
    const world = await month()
    world.wechat.bills.change(DAY, { kind: 'cut_off' })

    const gzip = await world.downloadBill({ bill_date: DAY, tar_type: 'GZIP' })

    const text = gunzipSync(Buffer.from(await gzip.arrayBuffer())).toString('utf8')
    expect(text).toBe(world.wechat.bills.text(DAY))
    expect(text).not.toContain('总交易单数')
  })

  it('can be unavailable, for some downloads or until the change is cleared', async () => {
    const world = await month()
    const error = { errorCode: '20007', returnMsg: '当前商户号账单API权限已经关闭' }
    world.wechat.bills.change(DAY, { kind: 'unavailable', ...error, times: 2 })

    expect(await billErrorOf(world)).toMatchObject({ error_code: '20007' })
    expect(await billErrorOf(world)).toMatchObject({ error_code: '20007' })
    expect((await billOf(world)).rows).toHaveLength(3)
    world.wechat.bills.change(DAY, { kind: 'unavailable', errorCode: '20003', returnMsg: 'x' })
    for (let n = 0; n < 5; n++)
      expect(await billErrorOf(world)).toMatchObject({ error_code: '20003' })
    world.wechat.bills.clearChanges(DAY)
    expect((await billOf(world)).rows).toHaveLength(3)
  })

  it('is changed for that day only, and shows what happened again after clearing', async () => {
    const world = await month()
    const truth = world.wechat.bills.text(DAY)
    world.wechat.bills.change('20240103', { kind: 'extra_row', row: 'payment' })
    expect(world.wechat.bills.text(DAY)).toBe(truth)
    world.wechat.bills.change(DAY, { kind: 'drop_row', number: OUT_REFUND_NO })

    world.wechat.bills.clearChanges()

    expect(world.wechat.bills.text(DAY)).toBe(truth)
    expect(readBill(world.wechat.bills.text('20240103')).rows).toEqual([])
  })

  it('refuses changes about payments and refunds that WeChat does not know', async () => {
    const { wechat, unifiedOrder } = await month()
    await unifiedOrder({ out_trade_no: 'unpaid' })

    expect(() => wechat.bills.change(DAY, { kind: 'drop_row', number: 'none' })).toThrow(
      'the number none',
    )
    expect(() => wechat.bills.change('2024-01-02', { kind: 'cut_off' })).toThrow('is not a day')
    expect(() =>
      wechat.bills.change(DAY, { kind: 'unasked_refund', outTradeNo: 'unpaid', fen: 1 }),
    ).toThrow('was not paid')
  })
})
