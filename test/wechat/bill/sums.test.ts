import { describe, expect, it } from 'vitest'
import {
  OLD_ALL,
  OLD_SUMMARY,
  payment,
  readPlan,
  readText,
  refund,
  SUCCESS,
  SUCCESS_SUMMARY,
  SUMMARY,
  type Values,
  writeBill,
} from '../../../testing/wire/bill-writer.ts'

/** Three payments and two refunds, one of them with vouchers. */
const ROWS = [
  payment({ 订单金额: '88.00', 应结订单金额: '80.50', 手续费: '0.48300' }),
  refund({ 申请退款金额: '8.00', 退款金额: '7.25', 手续费: '-0.04350' }),
  payment({ 订单金额: '0.01', 应结订单金额: '0.01', 手续费: '0.00006' }),
  payment({ 订单金额: '1.15', 应结订单金额: '1.15', 手续费: '0.00690' }),
  refund({ 申请退款金额: '0.01', 退款金额: '0.01', 手续费: '0.00000' }),
]

/** Added up manually. */
const SUMS = {
  rows: 5,
  payments: 3,
  refunds: 2,
  totalFee: 8_916,
  settlementTotalFee: 8_166,
  refundFee: 801,
  settlementRefundFee: 726,
  serviceFee: 44_646,
}

const STATED: Values = {
  总交易单数: '5',
  应结订单总金额: '81.66',
  退款总金额: '7.26',
  充值券退款总金额: '0.00',
  手续费总金额: '0.44646',
  订单总金额: '89.16',
  申请退款总金额: '8.01',
  总交易额: '89.16',
  总退款金额: '7.26',
}

describe("WeChat's sums and ours", () => {
  it('are compared to the thousandth of a fen', async () => {
    expect((await readPlan({ rows: ROWS, summary: STATED })).end).toEqual({
      whole: true,
      stated: SUMS,
      read: SUMS,
      differing: [],
    })
  })

  it.each([
    ['总交易单数', '4', 'rows', 4],
    ['总交易单数', '6', 'rows', 6],
    ['应结订单总金额', '81.67', 'settlementTotalFee', 8_167],
    ['退款总金额', '7.25', 'settlementRefundFee', 725],
    ['手续费总金额', '0.44647', 'serviceFee', 44_647],
    ['手续费总金额', '-0.44646', 'serviceFee', -44_646],
    ['手续费总金额', '0.45', 'serviceFee', 45_000],
    ['订单总金额', '89.15', 'totalFee', 8_915],
    ['申请退款总金额', '0', 'refundFee', 0],
  ])('differ when %s is stated as %s', async (column, stated, name, amount) => {
    const { end } = await readPlan({ rows: ROWS, summary: { ...STATED, [column]: stated } })

    expect(end).toEqual({
      whole: true,
      stated: { ...SUMS, [name]: amount },
      read: SUMS,
      differing: [name],
    })
  })

  it('can differ in several places', async () => {
    const summary = Object.fromEntries(SUMMARY.map((column) => [column, '1']))

    expect((await readPlan({ rows: ROWS, summary })).end).toMatchObject({
      differing: [
        'rows',
        'totalFee',
        'settlementTotalFee',
        'refundFee',
        'settlementRefundFee',
        'serviceFee',
      ],
    })
  })

  it.each(['5', '5.0', '5.00'])('agree on %s rows, refunds included', async (count) => {
    const { end } = await readPlan({ rows: ROWS, summary: { ...STATED, 总交易单数: count } })

    expect(end).toMatchObject({ whole: true, differing: [] })
  })

  it.each(['3', '3.0'])('differ when only the payments are %s', async (count) => {
    const { end } = await readPlan({ rows: ROWS, summary: { ...STATED, 总交易单数: count } })

    expect(end).toMatchObject({ whole: true, differing: ['rows'] })
  })

  it('may be in another order and among unknown sums', async () => {
    const [first = '', ...others] = SUMMARY
    const summaryColumns = [first, '新总额', ...others.reverse()]
    const summary = { ...STATED, 新总额: '?' }

    expect((await readPlan({ rows: ROWS, summaryColumns, summary })).end).toMatchObject({
      whole: true,
      stated: SUMS,
      differing: [],
    })
  })

  it('are fewer in a bill from before 2018', async () => {
    const rows = ROWS.map((row) => payment({ ...row, 总金额: row['订单金额'] ?? '' }))
    const plan = { columns: OLD_ALL, summaryColumns: OLD_SUMMARY, rows, summary: STATED }

    expect((await readPlan(plan)).end).toEqual({
      whole: true,
      stated: {
        ...SUMS,
        settlementTotalFee: 8_916,
        totalFee: undefined,
        refundFee: undefined,
      },
      read: { ...SUMS, settlementTotalFee: 8_916, refundFee: 726 },
      differing: [],
    })
  })

  it('are four in a bill of payments', async () => {
    const rows = ROWS.filter((row) => row['交易状态'] === 'SUCCESS')
    const summary = {
      总交易单数: '3',
      应结订单总金额: '81.66',
      手续费总金额: '0.48996',
      订单总金额: '89.16',
    }
    const { end } = await readPlan({
      columns: SUCCESS,
      summaryColumns: SUCCESS_SUMMARY,
      rows,
      summary,
    })

    expect(end).toMatchObject({
      whole: true,
      stated: { rows: 3, totalFee: 8_916, settlementTotalFee: 8_166, serviceFee: 48_996 },
      read: { refunds: 0, refundFee: 0, settlementRefundFee: 0 },
      differing: [],
    })
  })

  it('leave out unreadable rows, which still count as rows', async () => {
    const rows = [...ROWS, payment({ 交易时间: '' })]
    const summary = { ...STATED, 总交易单数: '6', 应结订单总金额: '169.66', 订单总金额: '177.16' }

    expect((await readPlan({ rows, summary })).end).toMatchObject({
      whole: true,
      read: { ...SUMS, rows: 6 },
      differing: ['totalFee', 'settlementTotalFee'],
    })
  })

  it('are those of the columns, for every kind of row', async () => {
    const rows = [
      payment({ 交易状态: 'REVOKED', 申请退款金额: '88.00', 退款金额: '80.00' }),
      refund({ 订单金额: '1.00', 应结订单金额: '0.50' }),
    ]

    expect((await readPlan({ rows })).end).toMatchObject({
      read: {
        payments: 1,
        refunds: 1,
        totalFee: 8_900,
        settlementTotalFee: 8_850,
        refundFee: 9_600,
        settlementRefundFee: 8_800,
      },
      differing: [],
    })
  })

  it('stay exact for huge amounts', async () => {
    const rows = Array.from({ length: 10_000 }, () => payment({ 订单金额: '9999999999.99' }))
    const { rows: read, end } = await readPlan({ rows, summary: { 订单总金额: '0' } })

    const fit = Math.floor(Number.MAX_SAFE_INTEGER / 999_999_999_999)
    expect(read.filter(({ kind }) => kind === 'payment')).toHaveLength(fit)
    expect(read[fit]).toEqual({ kind: 'unreadable', row: fit + 1, reason: 'too_much' })
    expect(end).toMatchObject({ read: { rows: 10_000, totalFee: fit * 999_999_999_999 } })
  })
})

describe('a summary', () => {
  const text = writeBill({ rows: ROWS, summary: STATED })
  const lines = text.split('\r\n')
  const [header = '', values = ''] = lines.slice(-3)
  const upTo = (end: number): string => lines.slice(0, end).join('\r\n')

  it.each([
    ['it is missing', upTo(-3)],
    ['only its header exists', upTo(-2)],
    ['only its header and a line end exist', `${upTo(-2)}\r\n`],
    ['its line has no values', `${upTo(-2)}\r\n\``],
    ['its line has too few values', `${upTo(-2)}\r\n\`5,\`81.66,\`7.26`],
    ['its last value is half a number', `${upTo(-2)}\r\n${values.replace(/01$/, '')}`],
    ['its count is not a number', `${upTo(-2)}\r\n${values.replace('`5', '`five')}`],
    ['its count is a fraction', `${upTo(-2)}\r\n${values.replace('`5', '`4.5')}`],
    ['an amount is empty', `${upTo(-2)}\r\n${values.replace('81.66', '')}`],
    ['its line has no backticks', `${upTo(-2)}\r\n${values.replaceAll('`', '')}`],
    ['its line begins differently', `${upTo(-2)}\r\n${values.replace('`5', 'x5')}`],
    ['its line is too short', `${upTo(-3)}\r\n${header},新总额\r\n${values}`],
    ['its header comes after it', `${upTo(-3)}\r\n${values}\r\n${header}\r\n`],
    ['something follows', `${text}\`2026-11-22`],
  ])('is not accepted when %s', async (_, broken) => {
    expect((await readText(broken)).end).toEqual({ whole: false, reason: 'cut_off' })
  })

  it.each(['应结订单总金额', '手续费总金额'])(
    'of a bill of payments has an unknown layout without %s',
    async (missing) => {
      const summaryColumns = SUCCESS_SUMMARY.filter((column) => column !== missing)

      expect((await readPlan({ columns: SUCCESS, summaryColumns, rows: [payment()] })).end).toEqual(
        { whole: false, reason: 'unknown_layout' },
      )
    },
  )

  it.each(['应结订单总金额', '退款总金额', '手续费总金额'])(
    'has an unknown layout without %s',
    async (missing) => {
      const summaryColumns = SUMMARY.filter((column) => column !== missing)

      expect((await readPlan({ rows: ROWS, summaryColumns })).end).toEqual({
        whole: false,
        reason: 'unknown_layout',
      })
    },
  )
})
