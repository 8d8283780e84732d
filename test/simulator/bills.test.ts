import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { DEMO_MERCHANT } from '../../simulator/server/demo-merchant.ts'
import { fenOf, readBill } from '../../testing/simulator/bill-reader.ts'
import {
  type Changes,
  MINUTE_MS,
  ORIGIN,
  OUT_REFUND_NO,
  OUT_TRADE_NO,
  read,
  shop,
} from '../../testing/simulator/simulated-shop.ts'

type World = ReturnType<typeof shop>

/** T0 is in it: 03:04:05 in Beijing. */
const DAY = '20240102'
const COLUMNS_ALL =
  '交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注'

/** The morning after, when bills can be had. */
function sleep({ clock }: World, to = '2024-01-03T10:00:00+08:00'): void {
  clock.advance(Date.parse(to) - clock.now())
}

/** `text()` swallows the BOM, as a reader should. Whether it was there is another test's business. */
async function billOf(world: World, fields: Changes = {}) {
  const response = await world.downloadBill({ bill_date: DAY, ...fields })
  return readBill(`\uFEFF${await response.text()}`)
}

async function errorOf(world: World, fields: Changes = {}) {
  const response = await world.downloadBill({ bill_date: DAY, ...fields })
  expect(response.status).toBe(200)
  return read(await response.text())
}

describe('the bill of a day', () => {
  it('lists every payment and every refund of it, in the documented columns', async () => {
    const world = shop()
    const transactionId = await world.paid({ device_info: 'WEB', attach: 'a=1', body: '图书' })
    const { refund_id: refundId } = await world.refund()
    sleep(world)

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
        // 0.6 fen, rounded to the fen.
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

  it('is bytes with a BOM, CRLF and backticks, the same ones every time, gzip or not', async () => {
    const world = shop()
    for (let n = 0; n < 20; n++) await world.paid({ out_trade_no: `order-${n}` })
    sleep(world)

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

  it('is not sorted by anything', async () => {
    const world = shop()
    const numbers: string[] = []
    for (let n = 10; n < 40; n++) {
      numbers.push(`order-${n}`)
      await world.paid({ out_trade_no: `order-${n}` })
    }
    sleep(world)

    const listed = (await billOf(world)).rows.map((row) => row['商户订单号'] ?? '')

    expect(listed).not.toEqual(numbers)
    expect(listed.toSorted()).toEqual(numbers)
  })

  it('lists a name with commas, backticks and line feeds on one line, without any quotes', async () => {
    const world = shop()
    await world.paid({ body: 'a,b', attach: 'x,`y\nz' })
    sleep(world)

    const text = world.wechat.bills.text(DAY)

    expect(text).toContain(',`a,b,`x,`y z,`0.01000,`')
    expect(text.split('\r\n')).toHaveLength(5)
  })

  it('adds up what was settled and what was refunded, coupons and all', async () => {
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
    sleep(world)

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

  it('is that of the Beijing day: of the payment, and of the asking for a refund', async () => {
    const world = shop()
    world.clock.advance(Date.parse('2024-01-02T23:59:59+08:00') - world.clock.now())
    await world.paid()
    world.clock.advance(1_000)
    await world.paid({ out_trade_no: 'order-2' })
    await world.refund()
    sleep(world, '2024-01-04T10:00:00+08:00')

    const first = (await billOf(world)).rows
    const second = (await billOf(world, { bill_date: '20240103' })).rows

    expect(first.map((row) => row['商户订单号'])).toEqual([OUT_TRADE_NO])
    expect(second.map((row) => [row['商户订单号'], row['交易状态']]).toSorted()).toEqual([
      [OUT_TRADE_NO, 'REFUND'],
      ['order-2', 'SUCCESS'],
    ])
  })

  it('shows a refund as it stood the next morning, and never mends it', async () => {
    const world = shop()
    await world.paid()
    await world.refund()
    world.wechat.platform.settleRefund(OUT_REFUND_NO, 'CHANGE')
    const statusOf = async () =>
      (await billOf(world)).rows.find((row) => row['交易状态'] === 'REFUND')?.['退款状态']

    sleep(world)
    expect(await statusOf()).toBe('CHANGE')
    world.wechat.platform.settleRefund(OUT_REFUND_NO, 'SUCCESS')
    expect(await statusOf()).toBe('CHANGE')
  })

  it('of payments has 20 columns, of refunds 29, and of recharge refunds one more', async () => {
    const world = shop()
    await world.paid()
    await world.refund()
    world.clock.advance(MINUTE_MS)
    await world.refund({
      out_refund_no: 'from-recharge',
      refund_fee: '1',
      refund_account: 'REFUND_SOURCE_RECHARGE_FUNDS',
    })
    sleep(world)

    const paid = await billOf(world, { bill_type: 'SUCCESS' })
    const refunded = await billOf(world, { bill_type: 'REFUND' })
    const recharged = await billOf(world, { bill_type: 'RECHARGE_REFUND' })

    expect(paid.header).toHaveLength(20)
    expect(paid.rows).toMatchObject([{ 交易状态: 'SUCCESS' }])
    expect(refunded.header).toHaveLength(29)
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
    // Recharge refunds are in no other bill.
    expect((await billOf(world)).rows).toHaveLength(2)
    expect(world.wechat.bills.text(DAY)).not.toContain('from-recharge')
  })

  it('may have the names and the columns of old', async () => {
    const world = shop({ strict: { billLayout: 'old' } })
    await world.paid({}, { coupons: [{ type: 'NO_CASH', fee: 20 }] })
    await world.refund({ refund_fee: '50' })
    sleep(world)

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
      // 0.6 % of 80 fen is less than half a fen.
      手续费总金额: '0.00000',
    })
  })

  it.each([
    [1, '0.00000'],
    [83, '0.00000'],
    [84, '0.01000'],
    [100, '0.01000'],
    [250, '0.02000'],
    [123_456, '7.41000'],
  ])('charges for %i fen a fee of %s', async (total, fee) => {
    const world = shop()
    await world.paid({ total_fee: String(total) })
    sleep(world)

    expect((await billOf(world)).rows).toMatchObject([{ 手续费: fee }])
  })
})

describe('a bill that cannot be had', () => {
  it('is being made until ten the next morning', async () => {
    const world = shop()
    await world.paid()
    const creating = { return_code: 'FAIL', return_msg: 'Bill Creating', error_code: '20002' }

    expect(await errorOf(world)).toEqual(creating)
    sleep(world, '2024-01-03T09:59:59+08:00')
    expect(await errorOf(world)).toEqual(creating)
    sleep(world)
    expect((await billOf(world)).rows).toHaveLength(1)
    expect(await errorOf(world, { bill_date: '20240103' })).toEqual(creating)
  })

  it.each([{}, { tar_type: 'GZIP' }, { bill_type: 'REFUND' }])(
    'of a day without transactions is an error and no empty file: %j',
    async (fields) => {
      const world = shop()
      await world.unifiedOrder()
      sleep(world)

      expect(await errorOf(world, fields)).toEqual({
        return_code: 'FAIL',
        return_msg: 'No Bill Exist',
        error_code: '20002',
      })
    },
  )

  it('is kept for three months', async () => {
    const world = shop()
    await world.paid()

    sleep(world, '2024-04-02T23:59:59+08:00')
    expect((await billOf(world)).rows).toHaveLength(1)
    world.clock.advance(1_000)
    expect(await errorOf(world)).toMatchObject({ return_msg: 'invalid bill_date' })
  })

  it.each<[string, Changes, string]>([
    ['no date', { bill_date: undefined }, 'missing parameter'],
    ['no nonce', { nonce_str: undefined }, 'missing parameter'],
    ['no sign', { sign: undefined }, 'missing parameter'],
    ['a future date', { bill_date: '20240104' }, 'invalid bill_date'],
    ['no such date', { bill_date: '20240230' }, 'invalid bill_date'],
    ['another way to write a date', { bill_date: '2024-01-02' }, 'invalid bill_date'],
    ['no such bill', { bill_type: 'REVOKED' }, 'invalid bill_type'],
    ['another packer', { tar_type: 'ZIP' }, 'invalid tar_type: Only GZIP supported'],
    ['an unknown parameter', { device_info: 'WEB' }, 'invalid parameter'],
    ['a long nonce', { nonce_str: 'n'.repeat(33) }, 'nonce_str too long'],
    ['another appid', { appid: 'wx0000000000000000' }, 'invalid appid'],
    ['another merchant', { mch_id: '10000999' }, 'invalid parameter'],
    ['a wrong sign', { sign: '0'.repeat(32) }, 'sign error'],
  ])('is refused, unsigned, with %s', async (_, fields, words) => {
    const world = shop()
    await world.paid()
    sleep(world)

    expect(await errorOf(world, fields)).toEqual({
      return_code: 'FAIL',
      return_msg: words,
      error_code: '20001',
    })
  })

  it.each<[string, RequestInit, string]>([
    ['GET', { method: 'GET' }, 'require POST method'],
    ['an empty body', { method: 'POST', body: '' }, 'empty post data'],
    ['JSON', { method: 'POST', body: '{}' }, 'data format error'],
  ])('is refused to who sends %s', async (_, init, words) => {
    const { wechat } = shop()

    const response = await wechat.fetch(new Request(`${ORIGIN}/pay/downloadbill`, init))

    expect(read(await response.text())).toMatchObject({ return_msg: words, error_code: '20001' })
  })

  it('may be signed with HMAC-SHA256', async () => {
    const world = shop()
    await world.paid()
    sleep(world)

    expect((await billOf(world, { sign_type: 'HMAC-SHA256' })).rows).toHaveLength(1)
  })

  it.each([
    [{ kind: 'system_error' }, { return_msg: 'SYSTEMERROR', error_code: '20003' }],
    [{ kind: 'not_auth' }, { error_code: '20007' }],
    [
      { kind: 'return_fail', returnMsg: 'x' },
      { return_msg: 'x', error_code: '20001' },
    ],
    [
      { kind: 'err_code', errCode: '20100', errCodeDes: 'system error' },
      { return_msg: 'system error', error_code: '20100' },
    ],
  ] as const)('may be a fault: %j', async (fault, reply) => {
    const world = shop()
    await world.paid()
    sleep(world)
    world.wechat.faults.inject({ endpoint: 'downloadbill', ...fault })

    expect(await errorOf(world)).toMatchObject(reply)
    expect((await billOf(world)).rows).toHaveLength(1)
  })

  it('may break off on the way, as a gzip stream, too', async () => {
    const world = shop()
    await world.paid()
    sleep(world)
    world.wechat.faults.inject({ endpoint: 'downloadbill', kind: 'truncated_xml', times: 2 })

    const text = await (await world.downloadBill({ bill_date: DAY })).text()
    const gzip = await world.downloadBill({ bill_date: DAY, tar_type: 'GZIP' })

    expect(world.wechat.bills.text(DAY)).toContain(text)
    expect(text).not.toContain('总交易单数')
    const bytes = Buffer.from(await gzip.arrayBuffer())
    expect(() => gunzipSync(bytes)).toThrow('unexpected end of file')
    expect(() =>
      world.wechat.faults.inject({ endpoint: 'downloadbill', kind: 'wrong_sign' }),
    ).toThrow('cannot happen')
  })

  it('may be lost like any answer', async () => {
    const world = shop()
    world.wechat.faults.inject({ endpoint: 'downloadbill', kind: 'reply_lost' })
    world.wechat.faults.inject({ endpoint: 'downloadbill', kind: 'http_502' })

    await expect(world.downloadBill({ bill_date: DAY })).rejects.toThrow('Network connection lost')
    expect((await world.downloadBill({ bill_date: DAY })).status).toBe(502)
  })
})

describe('a bill that differs from what happened', () => {
  /** Two payments, the first with a refund, and a name for the second that is hard to read. */
  async function month() {
    const world = shop()
    const transactionId = await world.paid()
    const second = await world.paid({ out_trade_no: 'order-2', total_fee: '200' })
    await world.refund()
    sleep(world)
    return { ...world, transactionId, second }
  }

  it('may miss a payment, but not its refund, and the totals fit the rows', async () => {
    const world = await month()
    world.wechat.bills.change(DAY, { kind: 'drop_row', number: world.transactionId })

    const { rows, totals } = await billOf(world)

    expect(rows.map((row) => row['交易状态']).toSorted()).toEqual(['REFUND', 'SUCCESS'])
    expect(totals).toMatchObject({ 总交易单数: '2', 订单总金额: '2.00', 申请退款总金额: '0.30' })
  })

  it('may miss a refund', async () => {
    const world = await month()
    world.wechat.bills.change(DAY, { kind: 'drop_row', number: OUT_REFUND_NO })

    expect((await billOf(world)).rows.map((row) => row['交易状态'])).toEqual(['SUCCESS', 'SUCCESS'])
    expect(await errorOf(world, { bill_type: 'REFUND' })).toMatchObject({ error_code: '20002' })
  })

  it('may say another amount', async () => {
    const world = await month()
    world.wechat.bills.change(DAY, { kind: 'other_amount', number: world.transactionId, fen: 99 })
    world.wechat.bills.change(DAY, { kind: 'other_amount', number: OUT_REFUND_NO, fen: 31 })

    const { rows, totals } = await billOf(world)

    expect(rows).toContainEqual(
      expect.objectContaining({ 微信订单号: world.transactionId, 订单金额: '0.99' }),
    )
    expect(totals).toMatchObject({ 订单总金额: '2.99', 申请退款总金额: '0.31' })
  })

  it('may list what never was, of this mini program or of another, always the same', async () => {
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

  it('may list a refund that nobody asked for', async () => {
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

  it('may say anything in any column', async () => {
    const world = await month()
    world.wechat.bills.change(DAY, {
      kind: 'set_columns',
      number: world.second,
      columns: { 商品名称: '书,`笔', 交易状态: 'REVOKED' },
    })

    expect(world.wechat.bills.text(DAY)).toMatch(/`REVOKED,.*,`书,`笔,`/)
  })

  it.each(['reversed', 'one_more', 'old', 'short'] as const)(
    'may be laid out anew: %s',
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

  it('may add up wrongly', async () => {
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

  it('may end in the middle, and as gzip is a whole stream of that', async () => {
    const world = await month()
    world.wechat.bills.change(DAY, { kind: 'cut_off' })

    const gzip = await world.downloadBill({ bill_date: DAY, tar_type: 'GZIP' })

    const text = gunzipSync(Buffer.from(await gzip.arrayBuffer())).toString('utf8')
    expect(text).toBe(world.wechat.bills.text(DAY))
    expect(text).not.toContain('总交易单数')
  })

  it('may be kept from the merchant, that many times or until somebody clears it', async () => {
    const world = await month()
    const error = { errorCode: '20007', returnMsg: '当前商户号账单API权限已经关闭' }
    world.wechat.bills.change(DAY, { kind: 'unavailable', ...error, times: 2 })

    expect(await errorOf(world)).toMatchObject({ error_code: '20007' })
    expect(await errorOf(world)).toMatchObject({ error_code: '20007' })
    expect((await billOf(world)).rows).toHaveLength(3)
    world.wechat.bills.change(DAY, { kind: 'unavailable', errorCode: '20003', returnMsg: 'x' })
    for (let n = 0; n < 5; n++) expect(await errorOf(world)).toMatchObject({ error_code: '20003' })
    world.wechat.bills.clearChanges(DAY)
    expect((await billOf(world)).rows).toHaveLength(3)
  })

  it('is changed for that day only, and tells the truth again when it is cleared', async () => {
    const world = await month()
    const truth = world.wechat.bills.text(DAY)
    world.wechat.bills.change('20240103', { kind: 'extra_row', row: 'payment' })
    expect(world.wechat.bills.text(DAY)).toBe(truth)
    world.wechat.bills.change(DAY, { kind: 'drop_row', number: OUT_REFUND_NO })

    world.wechat.bills.clearChanges()

    expect(world.wechat.bills.text(DAY)).toBe(truth)
    expect(readBill(world.wechat.bills.text('20240103')).rows).toEqual([])
  })

  it('is not changed about what WeChat does not know', async () => {
    const { wechat, unifiedOrder } = await month()
    await unifiedOrder({ out_trade_no: 'unpaid' })

    expect(() => wechat.bills.change(DAY, { kind: 'drop_row', number: 'none' })).toThrow(
      'the number none',
    )
    expect(() => wechat.bills.change('2024-01-02', { kind: 'cut_off' })).toThrow('is no day')
    expect(() =>
      wechat.bills.change(DAY, { kind: 'unasked_refund', outTradeNo: 'unpaid', fen: 1 }),
    ).toThrow('was not paid')
  })
})
