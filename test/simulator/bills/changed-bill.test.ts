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

    expect(world.wechat.bills.text(DAY)).toMatch(/`REVOKED,.*,`书\\ \\`笔,`/)
    world.wechat.bills.change(DAY, { kind: 'escapes', escapes: 'none' })
    expect(world.wechat.bills.text(DAY)).toMatch(/`REVOKED,.*,`书,`笔,`/)
  })

  it.each(['reversed', 'one_more', 'old', 'oldest', 'short'] as const)(
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

  it('can have one wrong total', async () => {
    const world = await month()
    const { totals } = await billOf(world)
    world.wechat.bills.change(DAY, { kind: 'wrong_totals', header: '总交易单数' })
    world.wechat.bills.change(DAY, { kind: 'wrong_totals', header: '手续费总金额' })

    expect((await billOf(world)).totals).toEqual({
      ...totals,
      总交易单数: '4',
      手续费总金额: '0.02001',
    })
  })

  it('can list a payment or a refund several times, and count each', async () => {
    const world = await month()
    world.wechat.bills.change(DAY, { kind: 'repeat_row', number: OUT_REFUND_NO })
    world.wechat.bills.change(DAY, { kind: 'repeat_row', number: OUT_REFUND_NO })
    world.wechat.bills.change(DAY, { kind: 'repeat_row', number: world.transactionId })

    const { rows, totals } = await billOf(world)

    const refunds = rows.filter((row) => row['商户退款单号'] === OUT_REFUND_NO)
    expect(refunds).toEqual([refunds[0], refunds[0], refunds[0]])
    expect(totals).toMatchObject({
      总交易单数: '6',
      订单总金额: '4.00',
      申请退款总金额: '0.90',
    })
  })

  it('can have a row with another fee rate, and the fee that goes with it or not', async () => {
    const world = await month()
    const rowOf = async () =>
      (await billOf(world)).rows.find((row) => row['商户订单号'] === 'order-2')
    world.wechat.bills.change(DAY, {
      kind: 'other_fee_rate',
      number: world.second,
      basisPoints: 5_000,
    })

    expect(await rowOf()).toMatchObject({ 费率: '50.00%', 手续费: '1.00000' })
    expect((await billOf(world)).totals).toMatchObject({ 手续费总金额: '1.01000' })
    world.wechat.bills.change(DAY, {
      kind: 'set_columns',
      number: world.second,
      columns: { 费率: '0.60%' },
    })
    expect(await rowOf()).toMatchObject({ 费率: '0.60%', 手续费: '1.00000' })
  })

  it('can show another payer, another type of trade, and a time outside the day', async () => {
    const world = await month()
    const columns = {
      用户标识: world.wechat.payer.newOpenid(),
      交易类型: 'NATIVE',
      交易时间: '2024-01-05 12:00:00',
    }
    world.wechat.bills.change(DAY, { kind: 'set_columns', number: world.second, columns })

    const { rows, totals } = await billOf(world)

    expect(rows).toContainEqual(expect.objectContaining({ 微信订单号: world.second, ...columns }))
    expect(totals).toMatchObject({ 总交易单数: '3', 订单总金额: '3.00' })
  })

  it('can take back a payment that was never revoked', async () => {
    const world = await month()
    world.wechat.bills.change(DAY, { kind: 'revoked_row', outTradeNo: 'order-2' })
    world.wechat.bills.change(DAY, {
      kind: 'revoked_row',
      outTradeNo: 'order-2',
      columns: { 微信退款单号: '0', 商户退款单号: '0' },
    })

    const revoked = (await billOf(world)).rows.filter((row) => row['交易状态'] === 'REVOKED')

    const common = { 微信订单号: world.second, 商户订单号: 'order-2', 申请退款金额: '2.00' }
    expect(revoked).toHaveLength(2)
    expect(revoked).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ ...common, 商户退款单号: expect.stringMatching(/^REF4200/) }),
        expect.objectContaining({ ...common, 商户退款单号: '0' }),
      ]),
    )
    expect(world.wechat.books.order('order-2')?.tradeState).toBe('SUCCESS')
  })

  it('can have a row of the evening in the bill of the next day', async () => {
    const world = shop()
    world.clock.advance(Date.parse('2024-01-02T23:59:58+08:00') - world.clock.now())
    const transactionId = await world.paid()
    await world.refund()
    waitForBill(world, '2024-01-04T10:00:00+08:00')
    const numbers = async (date: string) =>
      (await billOf(world, { bill_date: date })).rows.map((row) => row['交易状态']).toSorted()
    world.wechat.bills.change(DAY, { kind: 'late_row', number: transactionId })

    expect(await numbers(DAY)).toEqual(['REFUND'])
    const next = await billOf(world, { bill_date: '20240103' })
    expect(next.rows).toMatchObject([
      { 微信订单号: transactionId, 交易时间: '2024-01-02 23:59:58', 订单金额: '1.00' },
    ])
    expect(next.totals).toMatchObject({ 总交易单数: '1', 订单总金额: '1.00' })

    // The plan of the first day holds the change, so clearing it mends both bills.
    world.wechat.bills.clearChanges(DAY)
    expect(await numbers(DAY)).toEqual(['REFUND', 'SUCCESS'])
    expect(await billErrorOf(world, { bill_date: '20240103' })).toMatchObject({
      return_msg: 'No Bill Exist',
    })
  })

  it('can have a late row with the changes of its own day, and with those of the next', async () => {
    const world = await month()
    waitForBill(world, '2024-01-04T10:00:00+08:00')
    const number = world.second
    world.wechat.bills.change(DAY, { kind: 'other_amount', number, fen: 1_234 })
    world.wechat.bills.change(DAY, { kind: 'late_row', number })
    world.wechat.bills.change('20240103', {
      kind: 'set_columns',
      number,
      columns: { 付款银行: 'CFT' },
    })

    expect((await billOf(world, { bill_date: '20240103' })).rows).toMatchObject([
      { 微信订单号: number, 订单金额: '12.34', 付款银行: 'CFT' },
    ])
  })

  it('can be the file of another day, or of another type', async () => {
    const world = await month()
    waitForBill(world, '2024-01-03T12:00:00+08:00')
    await world.paid({ out_trade_no: 'order-3' })
    waitForBill(world, '2024-01-05T10:00:00+08:00')
    const other = world.wechat.bills.text('20240103')
    world.wechat.bills.change(DAY, { kind: 'other_file', date: '20240103' })

    expect(world.wechat.bills.text(DAY)).toBe(other)
    expect((await billOf(world)).rows).toMatchObject([
      { 商户订单号: 'order-3', 交易时间: '2024-01-03 12:00:00' },
    ])
    world.wechat.bills.clearChanges(DAY)
    world.wechat.bills.change(DAY, { kind: 'other_file', billType: 'REFUND' })
    expect((await billOf(world)).header).toHaveLength(29)
    expect((await billOf(world)).rows).toMatchObject([{ 商户退款单号: OUT_REFUND_NO }])
    // The file of a day without a row is an error, as if this day had been requested.
    world.wechat.bills.change(DAY, { kind: 'other_file', date: '20240104' })
    expect(await billErrorOf(world)).toMatchObject({ return_msg: 'No Bill Exist' })
  })

  it('can end before the last digit of its last number', async () => {
    const world = await month()
    const whole = world.wechat.bills.text(DAY)
    world.wechat.bills.change(DAY, { kind: 'cut_off', at: 'last_digit' })

    const plain = await (await world.downloadBill({ bill_date: DAY })).text()

    expect(whole).toMatch(/`0\.30\r\n$/)
    expect(`\uFEFF${plain}`).toBe(whole.slice(0, -3))
    expect(plain).toMatch(/`0\.3$/)
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
    expect(() => wechat.bills.change(DAY, { kind: 'repeat_row', number: 'none' })).toThrow(
      'the number none',
    )
    expect(() => wechat.bills.change('2024-01-02', { kind: 'cut_off' })).toThrow('is not a day')
    expect(() => wechat.bills.change(DAY, { kind: 'other_file', date: 'today' })).toThrow(
      'is not a day',
    )
    expect(() => wechat.bills.change(DAY, { kind: 'wrong_totals', header: '总数' })).toThrow(
      'no bill has a total 总数',
    )
    expect(() =>
      wechat.bills.change(DAY, { kind: 'other_fee_rate', number: OUT_REFUND_NO, basisPoints: 0.5 }),
    ).toThrow('basisPoints is a whole number')
    expect(() => wechat.bills.change(DAY, { kind: 'revoked_row', outTradeNo: 'unpaid' })).toThrow(
      'was not paid',
    )
    expect(() =>
      wechat.bills.change(DAY, { kind: 'unasked_refund', outTradeNo: 'unpaid', fen: 1 }),
    ).toThrow('was not paid')
  })
})
