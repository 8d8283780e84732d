import { describe, expect, it } from 'vitest'
import {
  ALL,
  bytesOf,
  payment,
  readAll,
  readPlan,
  readText,
  refund,
  rowLine,
  writeBill,
} from '../../../testing/wire/bill-writer.ts'

const ROW_CHARS_MAX = 64 * 1024

describe("the product name and the merchant's own data, without escapes,", () => {
  const rows = (text: string) => [
    payment({ 商户订单号: 'A1' }),
    payment({ 商户订单号: 'A2', 商品名称: text }),
    refund({ 商户订单号: 'A3', 商户数据包: text }),
    refund({ 商户订单号: 'A4', 商品名称: text, 商户数据包: text }),
    payment({ 商户订单号: 'A5' }),
    payment({ 商户订单号: 'A6', 商品名称: text }),
  ]

  it.each([
    [','],
    ['`'],
    [',`'],
    ['`,'],
    [',`,`,`,`'],
    ['校服,`88.00,`SUCCESS,`0'],
    ['"quoted, ""twice"""'],
    ['\n'],
    ['\r\n'],
    ['\r'],
    ['\n\n \r\n\t\n'],
    ['one\ntwo\r\nthree'],
    ['one\n,`two\n,`three'],
    ['总交易单数'],
    ['\n总交易单数,应结订单总金额\n'],
    ['\n总交易单数\n总交易单数,`1,`2\n'],
    ['\uFEFF'],
    ['\n\uFEFF'],
    ['\u2028\u0085\u000B'],
    ['\u0000'],
    ['😀校服é'],
    ['<xml>'],
    ['交易时间,公众账号ID'],
    ['x'.repeat(30_000)],
  ])('may be %j', async (text) => {
    const { rows: read, end } = await readPlan({ rows: rows(text) })

    expect(read).toMatchObject([
      { row: 1, kind: 'payment', outTradeNo: 'A1', totalFee: 8_800, serviceFee: 52_800 },
      { row: 2, kind: 'payment', outTradeNo: 'A2', totalFee: 8_800, serviceFee: 52_800 },
      { row: 3, kind: 'refund', outTradeNo: 'A3', refundFee: 800, serviceFee: -4_800 },
      { row: 4, kind: 'refund', outTradeNo: 'A4', refundFee: 800, serviceFee: -4_800 },
      { row: 5, kind: 'payment', outTradeNo: 'A5', totalFee: 8_800, serviceFee: 52_800 },
      { row: 6, kind: 'payment', outTradeNo: 'A6', totalFee: 8_800, serviceFee: 52_800 },
    ])
    expect(end).toMatchObject({ whole: true, differing: [] })
  })

  it('are misread when one of their lines begins like a row', async () => {
    const name = '校服\n`2026-11-22 10:00:00'
    const { rows: read } = await readPlan({
      rows: [payment({ 商品名称: name }), payment({ 商户订单号: 'A2' })],
    })

    expect(read).toMatchObject([
      { kind: 'unreadable', row: 1, reason: 'too_few_fields' },
      { kind: 'unreadable', row: 2, reason: 'too_few_fields' },
      { kind: 'payment', row: 3, outTradeNo: 'A2' },
    ])
  })

  it('are the only columns that may contain a separator', async () => {
    const { rows: read } = await readPlan({
      rows: [payment({ 设备号: 'a,`b' }), payment({ 费率备注: 'a,`b' }), payment()],
    })

    expect(read.map(({ kind }) => kind)).toEqual(['unreadable', 'unreadable', 'payment'])
  })

  it('are not the only columns that may contain a comma', async () => {
    const { rows: read, end } = await readPlan({
      rows: [
        payment({ 设备号: 'till 1, upstairs' }),
        payment({ 费率备注: '优惠费率,限时' }),
        refund({ 付款银行: 'a,b', 费率备注: ',' }),
      ],
    })

    expect(read).toMatchObject([
      { row: 1, kind: 'payment', totalFee: 8_800, serviceFee: 52_800 },
      { row: 2, kind: 'payment', totalFee: 8_800, serviceFee: 52_800 },
      { row: 3, kind: 'refund', refundFee: 800, serviceFee: -4_800 },
    ])
    expect(end).toMatchObject({ whole: true, differing: [] })
  })
})

/**
 * Escapes a text as WeChat's page for V3 says, in the row of a payment or of a refund.
 *
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4013071246
 */
const escaped = (text: string, isRefund: boolean): string =>
  [...text]
    .map((character) => {
      switch (character) {
        case '\\':
          return '\\\\'
        case '"':
          return '\\"'
        case "'":
          return isRefund ? "'" : "\\'"
        case '`':
          return isRefund ? '\\140' : '\\`'
        case ',':
        case '\uE000':
          return '\\ '
        case '\n':
          return '\\n'
        case '\r':
          return '\\r'
        case '\t':
          return '\\t'
        default:
          return character
      }
    })
    .join('')

describe('escaped text', () => {
  const TEXTS = [
    ',',
    '`',
    ',`',
    '校服,`88.00,`SUCCESS,`0',
    'ends with a backslash \\',
    '\\140',
    '\n`2026-11-22 10:00:00,`wx',
    'one\ntwo\r\nthree\tfour',
    `"quoted", 'twice'`,
    '总交易单数,\n`1,`2',
    '\uE000',
  ]

  it('is written in payments and refunds as WeChat documents it', () => {
    expect(escaped('a,`b`\n', false)).toBe('a\\ \\`b\\`\\n')
    expect(escaped('a,`b`\n', true)).toBe('a\\ \\140b\\140\\n')
  })

  it.each(TEXTS)('leaves every other field readable: %j', async (text) => {
    const free = (isRefund: boolean) => {
      const value = escaped(text, isRefund)
      return { 设备号: value, 商品名称: value, 商户数据包: value }
    }
    const rows = [payment(free(false)), refund(free(true)), payment({ 商户订单号: 'A3' })]
    const { rows: read, end } = await readPlan({ rows })

    expect(read).toMatchObject([
      { row: 1, kind: 'payment', outTradeNo: 'SHOP-1001', totalFee: 8_800, serviceFee: 52_800 },
      { row: 2, kind: 'refund', outRefundNo: 'R-1001-1', refundFee: 800, serviceFee: -4_800 },
      { row: 3, kind: 'payment', outTradeNo: 'A3' },
    ])
    expect(end).toMatchObject({ whole: true, differing: [] })
  })
})

describe('a line that is not a row', () => {
  it.each([
    ['is empty but for its backtick', '`', 'too_few_fields'],
    ['lacks the last field', rowLine(payment(), ALL.slice(0, -1)), 'too_few_fields'],
    ['lacks its separators', rowLine(payment()).replaceAll(',', ' '), 'too_few_fields'],
  ])('is unreadable when it %s, and the other lines are read', async (_, line, reason) => {
    const lines = [rowLine(payment()), line, rowLine(payment())]

    expect((await readPlan({ rows: [payment(), payment()], lines })).rows).toMatchObject([
      { row: 1, kind: 'payment' },
      { row: 2, kind: 'unreadable', reason },
      { row: 3, kind: 'payment' },
    ])
  })

  it('is unreadable when there is no row before it that it could continue', async () => {
    const lines = ['nothing', 'of this, is a row', rowLine(payment()), rowLine(refund())]

    expect((await readPlan({ rows: [payment()], lines })).rows).toMatchObject([
      { row: 1, kind: 'unreadable', reason: 'not_a_row' },
      { row: 2, kind: 'payment' },
      { row: 3, kind: 'refund' },
    ])
  })
})

describe('a very long row', () => {
  const long = (length: number): string => rowLine(payment({ 商品名称: 'x'.repeat(length) }))
  const rest = long(0).length

  it('is read up to 65,536 characters', async () => {
    const lines = [long(ROW_CHARS_MAX - rest), long(ROW_CHARS_MAX - rest + 1), rowLine(payment())]

    expect((await readPlan({ rows: [], lines })).rows).toMatchObject([
      { row: 1, kind: 'payment' },
      { row: 2, kind: 'unreadable', reason: 'too_long' },
      { row: 3, kind: 'payment' },
    ])
  })

  it('is unreadable too when it has many lines', async () => {
    const name = Array.from({ length: 2_000 }, () => 'x'.repeat(50)).join('\n')
    const rows = [payment({ 商品名称: name }), payment()]

    expect((await readPlan({ rows })).rows).toMatchObject([
      { row: 1, kind: 'unreadable', reason: 'too_long' },
      { row: 2, kind: 'payment' },
    ])
  })

  it('is skipped, and the next row is read', async () => {
    const [before = '', after = ''] = writeBill({
      rows: [],
      lines: [rowLine(payment()), '`@`and the rest', rowLine(refund()), rowLine(payment())],
    }).split('@')
    function* chunks() {
      yield bytesOf(before)
      const much = bytesOf('`,x'.repeat(10_000))
      for (let n = 0; n < 1_000; n++) yield much // 30 MB
      yield bytesOf(after)
    }

    expect((await readAll(chunks())).rows).toMatchObject([
      { row: 1, kind: 'payment' },
      { row: 2, kind: 'unreadable', reason: 'too_long' },
      { row: 3, kind: 'refund' },
      { row: 4, kind: 'payment' },
    ])
  })

  it('is skipped quickly when it has millions of lines', async () => {
    function* chunks() {
      yield bytesOf(`${ALL.join(',')}\n${rowLine(payment())}\n\``)
      const much = bytesOf('x\n'.repeat(10_000))
      for (let n = 0; n < 300; n++) yield much
      yield bytesOf(`${rowLine(refund())}\n${rowLine(payment())}\n\``)
    }

    expect((await readAll(chunks())).rows).toMatchObject([
      { row: 1, kind: 'payment' },
      { row: 2, kind: 'unreadable', reason: 'too_long' },
      { row: 3, kind: 'refund' },
    ])
  })

  it('counts as cut off at the end of the bill', async () => {
    const text = writeBill({ rows: [payment(), refund()], end: 'x'.repeat(100_000) })

    expect((await readText(text)).end).toEqual({ whole: false, reason: 'cut_off' })
  })

  it('is not read to its end in place of the header', async () => {
    function* chunks() {
      yield bytesOf(ALL.join(','))
      for (;;) yield bytesOf(','.repeat(1_000))
    }

    expect((await readAll(chunks())).end).toEqual({ whole: false, reason: 'not_a_bill' })
  })
})
