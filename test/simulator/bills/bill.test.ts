import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { DEMO_MERCHANT } from '../../../simulator/server/demo-merchant.ts'
import { billOf, DAY, waitForBill } from '../../../testing/simulator/bill-downloads.ts'
import { fenOf } from '../../../testing/simulator/bill-reader.ts'
import {
  MINUTE_MS,
  OUT_REFUND_NO,
  OUT_TRADE_NO,
  shop,
} from '../../../testing/simulator/simulated-shop.ts'

const COLUMNS_ALL =
  '交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注'

describe('the bill of a day', () => {
  it('lists every payment and every refund of the day, in the documented columns', async () => {
    const world = shop()
    const transactionId = await world.paid({ device_info: 'WEB', attach: 'a=1', body: '图书' })
    const { refund_id: refundId } = await world.refund()
    waitForBill(world)

    const { header, rows, totals } = await billOf(world)

    expect(header.join(',')).toBe(COLUMNS_ALL)
    const common = {
      交易时间: '2024-01-02 03:04:05',
      公众账号ID: DEMO_MERCHANT.appid,
      商户号: DEMO_MERCHANT.mchId,
      特约商户号: '0',
      设备号: 'WEB',
      微信订单号: transactionId,
      商户订单号: OUT_TRADE_NO,
      用户标识: world.openid,
      交易类型: 'JSAPI',
      付款银行: 'OTHERS',
      货币种类: 'CNY',
      代金券金额: '0.00',
      充值券退款金额: '0.00',
      商品名称: '图书',
      商户数据包: 'a=1',
      费率: '0.60%',
      费率备注: '',
    }
    expect(
      rows.toSorted((a, b) => (a['交易状态'] ?? '').localeCompare(b['交易状态'] ?? '')),
    ).toEqual([
      {
        ...common,
        交易状态: 'REFUND',
        应结订单金额: '0.00',
        微信退款单号: refundId,
        商户退款单号: OUT_REFUND_NO,
        退款金额: '0.30',
        退款类型: 'ORIGINAL',
        退款状态: 'SUCCESS',
        手续费: '0.00000',
        订单金额: '0.00',
        申请退款金额: '0.30',
      },
      {
        ...common,
        交易状态: 'SUCCESS',
        应结订单金额: '1.00',
        微信退款单号: '0',
        商户退款单号: '0',
        退款金额: '0.00',
        退款类型: '',
        退款状态: '',
        // The fee is 0.6 fen, rounded to 1 fen.
        手续费: '0.01000',
        订单金额: '1.00',
        申请退款金额: '0.00',
      },
    ])
    expect(totals).toEqual({
      总交易单数: '2',
      应结订单总金额: '1.00',
      退款总金额: '0.30',
      充值券退款总金额: '0.00',
      手续费总金额: '0.01000',
      订单总金额: '1.00',
      申请退款总金额: '0.30',
    })
  })

  it('has a BOM, CRLF and backticks, and is the same file for every download, with gzip or without', async () => {
    const world = shop()
    for (let n = 0; n < 20; n++) await world.paid({ out_trade_no: `order-${n}` })
    waitForBill(world)

    const plain = await world.downloadBill({ bill_date: DAY })
    const zipped = await world.downloadBill({ bill_date: DAY, tar_type: 'GZIP' })

    const bytes = Buffer.from(await plain.arrayBuffer())
    expect(bytes.subarray(0, 3).toString('hex')).toBe('efbbbf')
    expect(bytes.subarray(-2).toString('hex')).toBe('0d0a')
    expect(bytes.toString('utf8').match(/(?<!\r)\n|\r(?!\n)/)).toBeNull()
    const gzip = Buffer.from(await zipped.arrayBuffer())
    expect(gzip.subarray(0, 2).toString('hex')).toBe('1f8b')
    expect(gunzipSync(gzip).equals(bytes)).toBe(true)
    expect(bytes.toString('utf8')).toBe(world.wechat.bills.text(DAY))
  })

  it('is not sorted', async () => {
    const world = shop()
    const numbers: string[] = []
    for (let n = 10; n < 40; n++) {
      numbers.push(`order-${n}`)
      await world.paid({ out_trade_no: `order-${n}` })
    }
    waitForBill(world)

    const listed = (await billOf(world)).rows.map((row) => row['商户订单号'] ?? '')

    expect(listed).not.toEqual(numbers)
    expect(listed.toSorted()).toEqual(numbers)
  })

  it.each([
    ['backslash', ',`a\\ b,`x\\ \\`y\\nz,`0.01000,`'],
    ['octal', ',`a\\ b,`x\\ \\140y\\nz,`0.01000,`'],
    ['none', ',`a,b,`x,`y z,`0.01000,`'],
  ] as const)(
    'prints commas, backticks and line feeds of the shop on one line, with the escapes %s',
    async (billEscapes, printed) => {
      const world = shop({ strict: { billEscapes } })
      await world.paid({ body: 'a,b', attach: 'x,`y\nz', device_info: 'a\\b' })
      waitForBill(world)

      const text = world.wechat.bills.text(DAY)

      expect(text).toContain(printed)
      // Nothing is documented about a backslash, so it stays as it is.
      expect(text).toContain(',`a\\b,`4200')
      expect(text.split('\r\n')).toHaveLength(5)
    },
  )

  it('escapes by default as WeChat documents it', async () => {
    const world = shop()
    await world.paid({ body: 'a,b' })
    waitForBill(world)

    expect((await billOf(world)).rows).toMatchObject([{ 商品名称: 'a\\ b' }])
  })

  it('adds up settled and refunded amounts, coupons included', async () => {
    const world = shop()
    let seed = 1
    const draw = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below
    const sums = { paid: 0, settled: 0, fees: 0, applied: 0, refunded: 0, cashCoupons: 0 }
    for (let n = 0; n < 40; n++) {
      const total = 1_000 + draw(100_000)
      const free = 1 + draw(300)
      await world.paid(
        { out_trade_no: `order-${n}`, total_fee: String(total) },
        n % 4 === 0
          ? {
              coupons: [
                { type: 'NO_CASH', fee: free },
                { type: 'CASH', fee: 100 },
              ],
            }
          : {},
      )
      const settled = n % 4 === 0 ? total - free : total
      sums.paid += total
      sums.settled += settled
      sums.fees += Math.round(settled * 0.006)
      if (n % 3 !== 0) continue
      const whole = await world.refund({
        out_trade_no: `order-${n}`,
        out_refund_no: `refund-${n}`,
        total_fee: String(total),
        refund_fee: String(total),
      })
      expect(whole).toMatchObject({ result_code: 'SUCCESS' })
      sums.applied += total
      sums.refunded += settled
      sums.cashCoupons += n % 4 === 0 ? 100 : 0
    }
    waitForBill(world)

    const { rows, totals } = await billOf(world)

    expect(totals['总交易单数']).toBe(String(rows.length))
    expect(fenOf(totals['订单总金额'])).toBe(sums.paid)
    expect(fenOf(totals['应结订单总金额'])).toBe(sums.settled)
    expect(fenOf(totals['申请退款总金额'])).toBe(sums.applied)
    expect(fenOf(totals['退款总金额'])).toBe(sums.refunded)
    expect(fenOf(totals['充值券退款总金额'])).toBe(sums.cashCoupons)
    expect(totals['手续费总金额']).toBe(`${(sums.fees / 100).toFixed(2)}000`)
    expect(world.wechat.books.capturedFen()).toBe(sums.paid)
    const listed = rows.reduce((sum, row) => sum + fenOf(row['应结订单金额']), 0)
    expect(listed).toBe(sums.settled)
  })

  it('goes by the Beijing day of the payment, and of the request for a refund', async () => {
    const world = shop()
    world.clock.advance(Date.parse('2024-01-02T23:59:59+08:00') - world.clock.now())
    await world.paid()
    world.clock.advance(1_000)
    await world.paid({ out_trade_no: 'order-2' })
    await world.refund()
    waitForBill(world, '2024-01-04T10:00:00+08:00')

    const first = (await billOf(world)).rows
    const second = (await billOf(world, { bill_date: '20240103' })).rows

    expect(first.map((row) => row['商户订单号'])).toEqual([OUT_TRADE_NO])
    expect(second.map((row) => [row['商户订单号'], row['交易状态']]).toSorted()).toEqual([
      [OUT_TRADE_NO, 'REFUND'],
      ['order-2', 'SUCCESS'],
    ])
  })

  it('shows a refund with its status of the next morning, and is never updated', async () => {
    const world = shop()
    await world.paid()
    await world.refund()
    world.wechat.platform.settleRefund(OUT_REFUND_NO, 'CHANGE')
    const statusOf = async () =>
      (await billOf(world)).rows.find((row) => row['交易状态'] === 'REFUND')?.['退款状态']

    waitForBill(world)
    expect(await statusOf()).toBe('CHANGE')
    world.wechat.platform.settleRefund(OUT_REFUND_NO, 'SUCCESS')
    expect(await statusOf()).toBe('CHANGE')
  })

  it('has 20 columns for payments, 29 for refunds, and 30 for recharge refunds', async () => {
    const world = shop()
    await world.paid()
    await world.refund()
    world.clock.advance(MINUTE_MS)
    await world.refund({
      out_refund_no: 'from-recharge',
      refund_fee: '1',
      refund_account: 'REFUND_SOURCE_RECHARGE_FUNDS',
    })
    waitForBill(world)

    const paid = await billOf(world, { bill_type: 'SUCCESS' })
    const refunded = await billOf(world, { bill_type: 'REFUND' })
    const recharged = await billOf(world, { bill_type: 'RECHARGE_REFUND' })

    expect(paid.header).toHaveLength(20)
    expect(paid.rows).toMatchObject([{ 交易状态: 'SUCCESS' }])
    // A bill of payments has no totals of refunds.
    expect(paid.totals).toEqual({
      总交易单数: '1',
      应结订单总金额: '1.00',
      手续费总金额: '0.01000',
      订单总金额: '1.00',
    })
    expect(refunded.header).toHaveLength(29)
    expect(Object.keys(refunded.totals)).toHaveLength(7)
    expect(refunded.totals).toMatchObject({ 总交易单数: '1', 申请退款总金额: '0.30' })
    expect(refunded.rows).toMatchObject([
      {
        交易状态: 'REFUND',
        商户退款单号: OUT_REFUND_NO,
        退款申请时间: '2024-01-02 03:04:05',
        退款成功时间: '2024-01-02 03:07:05',
      },
    ])
    expect(recharged.header).toHaveLength(30)
    expect(recharged.rows).toMatchObject([{ 商户退款单号: 'from-recharge' }])
    // No other type of bill lists recharge refunds.
    expect((await billOf(world)).rows).toHaveLength(2)
    expect(world.wechat.bills.text(DAY)).not.toContain('from-recharge')
  })

  it('can have the names and columns of the old layout', async () => {
    const world = shop({ strict: { billLayout: 'old' } })
    await world.paid({}, { coupons: [{ type: 'NO_CASH', fee: 20 }] })
    await world.refund({ refund_fee: '50' })
    waitForBill(world)

    const { header, rows, totals } = await billOf(world)

    expect(header).toHaveLength(24)
    expect(header).toEqual(expect.arrayContaining(['子商户号', '总金额', '代金券或立减优惠金额']))
    expect(rows).toContainEqual(
      expect.objectContaining({
        交易状态: 'SUCCESS',
        总金额: '1.00',
        代金券或立减优惠金额: '0.20',
      }),
    )
    expect(totals).toEqual({
      总交易单数: '2',
      总交易额: '1.00',
      总退款金额: '0.50',
      总代金券或立减优惠退款金额: '0.10',
      // The fee, 0.6 % of 80 fen, is less than half a fen.
      手续费总金额: '0.00000',
    })
  })

  it('can have the names of the oldest layout, in which a coupon is a red packet', async () => {
    const world = shop({ strict: { billLayout: 'oldest' } })
    await world.paid({}, { coupons: [{ type: 'NO_CASH', fee: 20 }] })
    await world.refund({ refund_fee: '50' })
    waitForBill(world)

    const { header, rows, totals } = await billOf(world)

    expect(header.join(',')).toBe(
      '交易时间,公众账号ID,商户号,子商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,总金额,企业红包金额,微信退款单号,商户退款单号,退款金额,企业红包退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率',
    )
    expect(rows).toContainEqual(
      expect.objectContaining({ 交易状态: 'SUCCESS', 总金额: '1.00', 企业红包金额: '0.20' }),
    )
    expect(totals).toEqual({
      总交易单数: '2',
      总交易额: '1.00',
      总退款金额: '0.50',
      总企业红包退款金额: '0.10',
      手续费总金额: '0.00000',
    })
  })

  it.each([
    ['SUCCESS', 'old', 18, 5],
    ['REFUND', 'old', 26, 5],
    ['SUCCESS', 'short', 18, 3],
    ['REFUND', 'short', 26, 5],
  ] as const)(
    'of type %s has the layout %s, too: %i columns and %i totals',
    async (billType, billLayout, columns, totals) => {
      const world = shop({ strict: { billLayout } })
      await world.paid()
      await world.refund()
      waitForBill(world)

      const bill = await billOf(world, { bill_type: billType })

      expect(bill.header).toHaveLength(columns)
      expect(bill.header.at(-1)).toBe('费率')
      expect(Object.keys(bill.totals)).toHaveLength(totals)
      expect(bill.totals['总交易单数']).toBe('1')
    },
  )

  it.each([
    [1, '0.00000'],
    [83, '0.00000'],
    [84, '0.01000'],
    [100, '0.01000'],
    [250, '0.02000'],
    [123_456, '7.41000'],
  ])('shows for a payment of %i fen a fee of %s', async (total, fee) => {
    const world = shop()
    await world.paid({ total_fee: String(total) })
    waitForBill(world)

    expect((await billOf(world)).rows).toMatchObject([{ 手续费: fee }])
  })
})
