import { describe, expect, it } from 'vitest'
import {
  ALL,
  ALL_WITHOUT_COUPONS,
  OLD_ALL,
  OLD_REFUND,
  OLD_SUMMARY,
  payment,
  readPlan,
  readText,
  RECHARGE_REFUND,
  REFUND,
  refund,
  rowLine,
  SUCCESS,
  SUCCESS_SUMMARY,
  SUMMARY,
  writeBill,
} from '../../../testing/wire/bill-writer.ts'

const seconds = (text: string): number => Date.parse(text) / 1_000

const PAYMENT = {
  kind: 'payment',
  row: 1,
  appid: 'wxab8acd895ab1638a',
  transactionId: '4200002811202611229900000001',
  outTradeNo: 'SHOP-1001',
  at: seconds('2026-11-22T02:00:00Z'),
  openid: 'oHkLxtx0vUqe-18p_AXTZ1innxkCY',
  tradeType: 'JSAPI',
  feeType: 'CNY',
  totalFee: 8_800,
  settlementTotalFee: 8_800,
  serviceFee: 52_800,
  rate: '0.60%',
  feeBase: { least: 8_800, most: 8_800 },
}

const REFUNDED = {
  kind: 'refund',
  row: 1,
  appid: 'wxab8acd895ab1638a',
  transactionId: '4200002811202611229900000001',
  outTradeNo: 'SHOP-1001',
  at: seconds('2026-11-22T03:00:00Z'),
  refundId: '50000709672026112201908420787',
  outRefundNo: 'R-1001-1',
  refundFee: 800,
  settlementRefundFee: 800,
  refundStatus: 'SUCCESS',
  serviceFee: -4_800,
  rate: '0.60%',
  feeBase: { least: 800, most: 800 },
}

/** The layouts that state no settled amount beside the amount of the order. */
const WITHOUT_SETTLED: readonly (readonly string[])[] = [ALL_WITHOUT_COUPONS, OLD_ALL, OLD_REFUND]

/** A row as it is read in a layout: the base of its fee is known only up to its amount where no other is stated. */
const inLayout = <R extends { feeBase: { least: number; most: number } }>(
  row: R,
  columns: readonly string[],
): R =>
  WITHOUT_SETTLED.includes(columns) ? { ...row, feeBase: { ...row.feeBase, least: 0 } } : row

describe('a bill', () => {
  it.each([
    ['of everything', ALL, SUMMARY],
    ['of payments', SUCCESS, SUCCESS_SUMMARY],
    ['of payments, with the totals of a bill of everything', SUCCESS, SUMMARY],
    ['of everything, of a merchant without coupons', ALL_WITHOUT_COUPONS, SUMMARY.slice(0, -2)],
    ['of everything from before 2018', OLD_ALL, OLD_SUMMARY],
  ])('contains payments (%s)', async (_, columns, summaryColumns) => {
    const { rows, end } = await readPlan({ columns, summaryColumns, rows: [payment()] })

    expect(rows).toEqual([inLayout(PAYMENT, columns)])
    expect(end).toMatchObject({ whole: true, differing: [] })
  })

  it.each([
    ['of everything', ALL, SUMMARY],
    ['of refunds', REFUND, SUMMARY],
    ['of everything, of a merchant without coupons', ALL_WITHOUT_COUPONS, SUMMARY.slice(0, -2)],
    ['of refunds to recharged accounts', RECHARGE_REFUND, SUMMARY],
    ['of everything from before 2018', OLD_ALL, OLD_SUMMARY],
    ['of refunds from 2018', OLD_REFUND, OLD_SUMMARY],
  ])('contains refunds (%s)', async (_, columns, summaryColumns) => {
    const { rows, end } = await readPlan({ columns, summaryColumns, rows: [refund()] })

    expect(rows).toEqual([inLayout(REFUNDED, columns)])
    expect(end).toMatchObject({ whole: true, differing: [] })
  })

  it('has as many columns as documented', () => {
    const layouts = [ALL, ALL_WITHOUT_COUPONS, SUCCESS, REFUND, OLD_ALL, SUMMARY, OLD_SUMMARY]
    expect(layouts.map((all) => all.length)).toEqual([27, 24, 20, 29, 24, 7, 5])
  })

  it('is read in the form of a real bill from 2019', async () => {
    const { rows, end } = await readText(
      `\uFEFF${ALL.join(',')}\r\n` +
        '`2019-02-19 01:52:32,`wxab8acd895ab1638a,`1921000401,`0,`,`4200000263201902167700134902,`autotest_20190219015232_89201,`wxab8acb865bb1637e,`NATIVE,`SUCCESS,`OTHERS,`CNY,`0.03,`0.00,`0,`0,`0.00,`0.00,`,`,`autotest,`,`0.01000,`39.00%,`0.03,`0.00,`\r\n' +
        '`2019-02-19 05:01:46,`wxab8acd895ab1638a,`1921000401,`0,`harryma007,`4200000263201902167700134212,`autotest_20190216081946_82335,`oHkLxtx0vUqe-18p_AXTZ1innxkCY,`JSAPI,`REFUND,`OTHERS,`CNY,`0.00,`0.00,`50000709672019011908420787722,`REF4200000263201902167700963919,`0.01,`0.00,`ORIGINAL,`SUCCESS,`系统拨测-cheeryin-test_micropay_succ,`,`0.00000,`39.00%,`0.00,`0.01,`\r\n' +
        '总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额\r\n' +
        '`2.0,`0.03,`0.01,`0.0,`0.01,`0.03,`0.01\r\n',
    )

    expect(rows).toEqual([
      {
        kind: 'payment',
        row: 1,
        appid: 'wxab8acd895ab1638a',
        transactionId: '4200000263201902167700134902',
        outTradeNo: 'autotest_20190219015232_89201',
        at: seconds('2019-02-18T17:52:32Z'),
        openid: 'wxab8acb865bb1637e',
        tradeType: 'NATIVE',
        feeType: 'CNY',
        totalFee: 3,
        settlementTotalFee: 3,
        serviceFee: 1_000,
        rate: '39.00%',
        feeBase: { least: 3, most: 3 },
      },
      {
        kind: 'refund',
        row: 2,
        appid: 'wxab8acd895ab1638a',
        transactionId: '4200000263201902167700134212',
        outTradeNo: 'autotest_20190216081946_82335',
        at: seconds('2019-02-18T21:01:46Z'),
        refundId: '50000709672019011908420787722',
        outRefundNo: 'REF4200000263201902167700963919',
        refundFee: 1,
        settlementRefundFee: 1,
        refundStatus: 'SUCCESS',
        serviceFee: 0,
        rate: '39.00%',
        feeBase: { least: 1, most: 1 },
      },
    ])
    const sums = {
      rows: 2,
      payments: 1,
      refunds: 1,
      totalFee: 3,
      settlementTotalFee: 3,
      refundFee: 1,
      settlementRefundFee: 1,
      serviceFee: 1_000,
    }
    expect(end).toEqual({ whole: true, stated: sums, read: sums, differing: [] })
  })

  it('may be empty', async () => {
    const { rows, pages, end } = await readPlan({ rows: [] })

    expect([rows, pages]).toEqual([[], []])
    expect(end).toMatchObject({ whole: true, read: { rows: 0, totalFee: 0 }, differing: [] })
  })

  it('may have its columns in any order, and unknown columns', async () => {
    const [text, ...others] = [['商品名称', '商户数据包'], ...ALL.map((column) => [column])].filter(
      ([column], at) => at === 0 || !/^(商品名称|商户数据包)$/.test(column ?? ''),
    )
    for (let shift = 0; shift < others.length; shift++) {
      const turned = [...others.slice(shift), ...others.slice(0, shift)].reverse()
      turned.splice((shift * 7) % turned.length, 0, ['新栏'], text ?? [], ['另一栏'])
      const columns = turned.flat()
      const odd = { 商品名称: 'a,`b,`c', 新栏: '新', 另一栏: '0' }
      const { rows, end } = await readPlan({ columns, rows: [payment(odd), refund(odd)] })

      expect(rows, columns.join()).toEqual([PAYMENT, { ...REFUNDED, row: 2 }])
      expect(end).toMatchObject({ whole: true, differing: [] })
    }
  })

  it.each([
    '交易时间',
    '公众账号ID',
    '微信订单号',
    '商户订单号',
    '用户标识',
    '交易类型',
    '交易状态',
    '货币种类',
    '应结订单金额',
    '手续费',
    '商户退款单号',
    '退款金额',
    '退款状态',
  ])('has an unknown layout without the column %s or with two of it', async (missing) => {
    const without = ALL.filter((column) => column !== missing)
    const twice = [...ALL, missing]

    for (const columns of [without, twice]) {
      const { rows, end } = await readPlan({ columns, rows: [payment()] })

      expect(rows).toEqual([])
      expect(end).toEqual({ whole: false, reason: 'unknown_layout' })
    }
  })

  it('has an unknown layout with two columns 订单金额', async () => {
    const { end } = await readPlan({ columns: [...ALL, '订单金额'], rows: [payment()] })
    expect(end).toEqual({ whole: false, reason: 'unknown_layout' })
  })

  it('has an unknown layout with a required column between the two free-text columns', async () => {
    const columns = ALL.filter((column) => column !== '手续费')
    columns.splice(columns.indexOf('商户数据包'), 0, '手续费')

    expect((await readPlan({ columns, rows: [payment()] })).end).toEqual({
      whole: false,
      reason: 'unknown_layout',
    })
  })

  it.each([
    ['商品名称', ALL.filter((column) => column !== '商户数据包')],
    ['商户数据包', ALL.filter((column) => column !== '商品名称')],
  ])('may have %s as its only free-text column', async (_, columns) => {
    const free = { 商品名称: 'a,`b', 商户数据包: 'c,`d' }

    expect((await readPlan({ columns, rows: [payment(free)] })).rows).toEqual([PAYMENT])
  })

  it('must have as many fields as columns when it has no free-text column', async () => {
    const columns = ALL.filter((column) => !/^(商品名称|商户数据包)$/.test(column))
    const { rows } = await readPlan({ columns, rows: [payment(), payment({ 付款银行: 'A,`B' })] })

    expect(rows).toEqual([PAYMENT, { kind: 'unreadable', row: 2, reason: 'too_many_fields' }])
  })

  it.each([
    ['a refusal', '<xml><return_code><![CDATA[FAIL]]></return_code></xml>'],
    ['a refusal on lines', '<xml>\n<return_msg>交易时间</return_msg>\n</xml>\n'],
    ['a refusal that quotes', '<xml><return_msg>商户订单号</return_msg></xml>'],
    ['a refusal that lists', '<return_msg>,交易时间,微信订单号\n</return_msg>\n'],
    ['JSON', '{"code":"SYSTEMERROR"}'],
    ['something compressed, but not with gzip', '\u001f\u009d...'],
    ['a page', 'Bad Gateway\n\nerror 502\n'],
    ['a zip', 'PK\u0003\u0004...\n...'],
    [
      'a bill of funds',
      '\uFEFF记账时间,微信支付业务单号,资金流水单号\r\n`2018-02-01 04:21:23,`1,`2\r\n',
    ],
    ['a bill without its header', `${rowLine(payment())}\n${rowLine(payment())}\n`],
  ])('is not %s', async (_, text) => {
    const { rows, end } = await readText(text)

    expect(rows).toEqual([])
    expect(end).toEqual({ whole: false, reason: 'not_a_bill' })
  })

  it('may begin and end with blank lines', async () => {
    const text = `\uFEFF\r\n \n${writeBill({ rows: [payment()], begin: '' })}\r\n\n \t\r\n`

    expect(await readText(text)).toMatchObject({ rows: [PAYMENT], end: { whole: true } })
  })
})

describe('a row of a bill', () => {
  const first = async (changes: Readonly<Record<string, string>>, columns = ALL) =>
    (await readPlan({ columns, rows: [payment(changes)] })).rows[0]

  it('is a revoked payment when its state says so', async () => {
    expect(await first({ 交易状态: 'REVOKED' })).toEqual({ ...PAYMENT, kind: 'revoked' })
  })

  it('is a revoked payment also when it names a refund, whose amounts count in the totals', async () => {
    const columns = { 交易状态: 'REVOKED', 微信退款单号: '50000709672026112201908420787' }
    const rows = [payment({ ...columns, 退款金额: '88.00', 申请退款金额: '88.00' })]
    const { rows: read, end } = await readPlan({ rows })

    expect(read).toEqual([{ ...PAYMENT, kind: 'revoked' }])
    expect(end).toMatchObject({
      read: { payments: 1, refunds: 0, refundFee: 8_800 },
      differing: [],
    })
  })

  it('is a refund when it has a refund number, although its state is SUCCESS', async () => {
    const { rows } = await readPlan({ rows: [refund({ 交易状态: 'SUCCESS' })] })

    expect(rows).toEqual([REFUNDED])
  })

  it('of a refund has the time of the refund request, not of the payment', async () => {
    const times = { 交易时间: '2026-11-01 08:00:00', 退款申请时间: '2026-11-22 23:59:59' }
    const { rows } = await readPlan({ columns: REFUND, rows: [refund(times)] })

    expect(rows).toEqual([{ ...REFUNDED, at: seconds('2026-11-22T15:59:59Z') }])
  })

  it('of a payment has the time of the payment, even beside a refund time', async () => {
    const rows = [payment({ 退款申请时间: '2026-11-25 00:00:00' })]

    expect((await readPlan({ columns: REFUND, rows })).rows).toEqual([PAYMENT])
  })

  it('of a refund without a request time has the time of the payment', async () => {
    const { rows } = await readPlan({ columns: REFUND, rows: [refund({ 退款申请时间: '' })] })

    expect(rows).toEqual([REFUNDED])
  })

  it('distinguishes the order amount from the settlement amount after vouchers', async () => {
    const rows = [
      payment({ 订单金额: '88.00', 应结订单金额: '80.50', 代金券金额: '7.50' }),
      refund({ 申请退款金额: '8.00', 退款金额: '7.25' }),
    ]

    expect((await readPlan({ rows })).rows).toMatchObject([
      { totalFee: 8_800, settlementTotalFee: 8_050 },
      { refundFee: 800, settlementRefundFee: 725 },
    ])
  })

  it('has the stated currency, or CNY when none is stated', async () => {
    expect(await first({ 货币种类: '' })).toMatchObject({ feeType: 'CNY' })
    expect(await first({ 货币种类: 'USD' })).toMatchObject({ feeType: 'USD' })
  })

  it.each(['1', 'a*2', '2026|11@22', '订单-1', 'x'.repeat(64)])(
    'may belong to another system, with the number %s',
    async (outTradeNo) => {
      expect(await first({ 商户订单号: outTradeNo })).toMatchObject({ kind: 'payment', outTradeNo })
    },
  )

  it('may have no openid', async () => {
    expect(await first({ 用户标识: '' })).toMatchObject({ kind: 'payment', openid: '' })
  })

  it.each([
    ['交易时间', '2026-02-30 10:00:00'],
    ['交易时间', ''],
    ['微信订单号', ''],
    ['微信订单号', '4.20000281120261E+27'],
    ['微信订单号', '4'.repeat(33)],
    ['商户订单号', ''],
    ['商户订单号', 'SHOP 1001'],
    ['商户订单号', 'SHOP\u00001001'],
    ['商户订单号', 'SHOP\uFFFD1001'],
    ['商户订单号', 'x'.repeat(65)],
    ['交易状态', ''],
    ['交易状态', 'CLOSED'],
    ['交易状态', 'success'],
    ['订单金额', ''],
    ['订单金额', '-88.00'],
    ['订单金额', '88.001'],
    ['订单金额', '8,800.00'],
    ['应结订单金额', '88.0.0'],
    ['手续费', ''],
    ['手续费', '0.60%'],
    ['手续费', '0.000001'],
  ])('of a payment is unreadable with %s "%s", and the others are read', async (column, value) => {
    const rows = [payment(), payment({ [column]: value }), refund()]
    const read = (await readPlan({ rows })).rows

    expect(read).toEqual([
      PAYMENT,
      { kind: 'unreadable', row: 2, reason: column },
      { ...REFUNDED, row: 3 },
    ])
  })

  it.each([
    ['微信退款单号', '0'],
    ['微信退款单号', ''],
    ['微信退款单号', '5000 0709'],
    ['微信退款单号', '0.00'],
    ['交易状态', ''],
    ['交易状态', 'CHANGE'],
    ['商户退款单号', ''],
    ['申请退款金额', ''],
    ['申请退款金额', '-8.00'],
    ['退款金额', '0.005'],
    ['退款申请时间', '2026-11-22'],
    ['手续费', 'x'],
  ])('of a refund is unreadable with %s "%s", and the others are read', async (column, value) => {
    const rows = [refund(), refund({ [column]: value }), refund()]
    const read = (await readPlan({ columns: REFUND, rows })).rows

    expect(read).toEqual([
      REFUNDED,
      { kind: 'unreadable', row: 2, reason: column },
      { ...REFUNDED, row: 3 },
    ])
  })

  it('of a refund is unreadable in a bill of payments', async () => {
    const { rows } = await readPlan({ columns: SUCCESS, rows: [refund()] })

    expect(rows).toEqual([{ kind: 'unreadable', row: 1, reason: '交易状态' }])
  })

  it.each(['退款金额', '申请退款金额', '充值券退款金额', '付款银行'])(
    'of a payment is read with any value of %s',
    async (column) => {
      const { rows, end } = await readPlan({ rows: [payment({ [column]: '?' })] })

      expect(rows).toEqual([PAYMENT])
      expect(end).toMatchObject({ whole: true, differing: [] })
    },
  )

  it('has its rate as it is written, cut off after 16 characters', async () => {
    expect(await first({ 费率: '' })).toEqual({ ...PAYMENT, rate: '' })
    expect(await first({ 费率: '?' })).toEqual({ ...PAYMENT, rate: '?' })
    expect(await first({ 费率: '9'.repeat(99) })).toEqual({ ...PAYMENT, rate: '9'.repeat(16) })
    const columns = ALL.filter((column) => column !== '费率')
    expect(await first({}, columns)).toEqual({ ...PAYMENT, rate: '' })
  })

  it('has the settled amount as the base of its fee, where the layout states it', async () => {
    const coupons = { 订单金额: '88.00', 应结订单金额: '80.50' }
    const refunded = { 申请退款金额: '8.00', 退款金额: '7.25' }

    expect((await readPlan({ rows: [payment(coupons), refund(refunded)] })).rows).toMatchObject([
      { feeBase: { least: 8_050, most: 8_050 } },
      { feeBase: { least: 725, most: 725 } },
    ])
  })
})
