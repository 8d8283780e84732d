import { describe, expect, it } from 'vitest'
import type { BillPayment, BillRefund, BillRow } from '../../../src/core/bill/bill-row.ts'
import { NO_COUNTS } from '../../../src/core/bill/bill.ts'
import {
  compareRows,
  dayOfFile,
  type OurRecord,
  type RowFacts,
} from '../../../src/core/bill/compare.ts'
import type { Side } from '../../../src/core/bill/difference.ts'
import type { BeijingDay } from '../../../src/core/day.ts'
import { toFen } from '../../../src/core/money.ts'
import { later, toUnixSeconds, type UnixSeconds } from '../../../src/core/time.ts'
import { aTransactionId, OPENID } from '../../../testing/samples/order-samples.ts'

const DAY = '2026-11-23' as BeijingDay
const OURS = { appid: 'wxd930ea5d5a258f4f', isAppidShared: false }
const OTHER_APPID = 'wx2421b1c4370ec43b'
const SHOP_ORDER = 'SHOP-1001'

const beijing = (text: string): UnixSeconds =>
  toUnixSeconds(Date.parse(`${text.replace(' ', 'T')}+08:00`) / 1_000)
const NOON = beijing('2026-11-23 12:00:00')

/** A payment of 10.00 yuan for which WeChat charged 0.60%, which is 6 fen. */
const payment = (changes: Partial<BillPayment> = {}): BillPayment => ({
  kind: 'payment',
  row: 1,
  appid: OURS.appid,
  transactionId: aTransactionId('4200000540202611230000000001'),
  outTradeNo: SHOP_ORDER,
  at: NOON,
  serviceFee: 6_000,
  rate: '0.60%',
  feeBase: { least: toFen(1_000), most: toFen(1_000) },
  openid: OPENID,
  tradeType: 'JSAPI',
  feeType: 'CNY',
  totalFee: toFen(1_000),
  settlementTotalFee: toFen(900),
  ...changes,
})

/** A refund of 5.00 yuan of that payment. WeChat returned its part of the fee. */
const refund = (changes: Partial<BillRefund> = {}): BillRefund => ({
  kind: 'refund',
  row: 2,
  appid: OURS.appid,
  transactionId: payment().transactionId,
  outTradeNo: SHOP_ORDER,
  at: NOON,
  serviceFee: -3_000,
  rate: '0.60%',
  feeBase: { least: toFen(500), most: toFen(500) },
  refundId: '50000000382019052709732678859',
  outRefundNo: 'REFUND-1001',
  refundFee: toFen(500),
  settlementRefundFee: toFen(450),
  refundStatus: 'SUCCESS',
  ...changes,
})

const PAYMENT_SIDE: Side = {
  transaction_id: '4200000540202611230000000001',
  out_trade_no: SHOP_ORDER,
  total_fee: 1_000,
  openid: OPENID,
  trade_type: 'JSAPI',
  fee_type: 'CNY',
  paid_at: NOON,
}
const REFUND_SIDE: Side = {
  out_refund_no: 'REFUND-1001',
  transaction_id: '4200000540202611230000000001',
  refund_fee: 500,
}

const facts = (changes: Partial<RowFacts> = {}): RowFacts => ({
  isOurAttempt: true,
  isOurOrder: true,
  record: undefined,
  isReported: false,
  ...changes,
})
const record = (side: Side, changes: Partial<OurRecord> = {}): OurRecord => ({
  side,
  billedOn: undefined,
  isAccepted: true,
  ...changes,
})

/** Compares rows of a day of which no row was compared before. */
const compare = (
  rows: readonly BillRow[],
  known: readonly (RowFacts | undefined)[] = [],
  ours = OURS,
) =>
  compareRows(
    { day: DAY, counts: NO_COUNTS },
    rows.map((row, at) => ({ ...row, row: at + 1 })),
    new Map(known.flatMap((each, at) => (each === undefined ? [] : [[at + 1, each]]))),
    ours,
  )
const difference = (changes: object) => ({
  day: DAY,
  ordercode: SHOP_ORDER,
  bill: undefined,
  books: undefined,
  outcome: undefined,
  tries: 0,
  ...changes,
})

describe('rows that agree with our records', () => {
  it('are counted and summed, and marked as contained in the bill', () => {
    const compared = compare(
      [payment(), refund()],
      [facts({ record: record(PAYMENT_SIDE) }), facts({ record: record(REFUND_SIDE) })],
    )

    expect(compared).toEqual({
      counts: {
        ...NO_COUNTS,
        rows: 2,
        payments: 1,
        paymentFee: 1_000,
        settlementFee: 900,
        refunds: 1,
        refundFee: 500,
        serviceFee: 3_000,
        rates: { '0.60%': 1 },
      },
      differences: [],
      payments: [PAYMENT_SIDE['transaction_id']],
      refunds: ['REFUND-1001'],
    })
  })

  it('add to the counts of the rows before them, which stay as they are', () => {
    const before = {
      ...NO_COUNTS,
      rows: 10,
      payments: 7,
      paymentFee: 70,
      settlementFee: 60,
      refunds: 3,
      refundFee: 30,
      serviceFee: 5,
      rates: { '0.60%': 7 },
    }
    const bill = { day: DAY, counts: before }

    expect(compareRows(bill, [payment(), refund()], new Map(), OURS).counts).toMatchObject({
      rows: 12,
      payments: 8,
      paymentFee: 1_070,
      settlementFee: 960,
      refunds: 4,
      refundFee: 530,
      serviceFee: 3_005,
      rates: { '0.60%': 8 },
    })
    expect(before.rates).toEqual({ '0.60%': 7 })
  })

  it('need no facts when the store found that they agree', () => {
    expect(compare([payment({ appid: OTHER_APPID }), refund()]).differences).toEqual([])
  })

  it('leave fields empty that our records have', () => {
    const known = facts({ record: record(PAYMENT_SIDE) })

    expect(compare([payment({ openid: '' })], [known]).differences).toEqual([])
  })
})

describe('a row that differs from our records', () => {
  it.each([
    ['amount', { totalFee: toFen(999) }],
    ['payer', { openid: 'oOtherPayerOtherPayerOther00' }],
    ['number', { outTradeNo: `${SHOP_ORDER}*2` }],
    ['trade type', { tradeType: 'MICROPAY' }],
    ['currency', { feeType: 'USD' }],
    ['time', { at: later(NOON, 1) }],
  ])('in its %s is a difference with both sides', (_, changes) => {
    const [found, ...others] = compare(
      [payment(changes)],
      [facts({ record: record(PAYMENT_SIDE) })],
    ).differences

    expect(others).toEqual([])
    expect(found).toMatchObject({
      kind: 'payment_differs',
      subject: PAYMENT_SIDE['transaction_id'],
      ordercode: SHOP_ORDER,
      books: PAYMENT_SIDE,
    })
    const stated = Object.entries(found?.bill ?? {})
    expect(stated.filter(([name, value]) => PAYMENT_SIDE[name] !== value)).toHaveLength(1)
  })

  it('in the amount of its refund is one about the refund', () => {
    const known = facts({ record: record({ ...REFUND_SIDE, refund_fee: 499 }) })

    expect(compare([refund()], [known]).differences).toEqual([
      difference({
        kind: 'refund_differs',
        subject: 'REFUND-1001',
        bill: REFUND_SIDE,
        books: { ...REFUND_SIDE, refund_fee: 499 },
      }),
    ])
  })

  it('because WeChat had not accepted the refund is a difference, though the sides agree', () => {
    const known = facts({ record: record(REFUND_SIDE, { isAccepted: false }) })

    expect(compare([refund()], [known]).differences).toMatchObject([{ kind: 'refund_differs' }])
  })

  it('in its fee alone is one with the fee that its rate makes, with a record and without', () => {
    const wrong = payment({ serviceFee: 7_000 })
    const kind = 'payment_differs'
    const bill = { ...PAYMENT_SIDE, service_fee_millifen: 7_000, rate: '0.60%' }
    const books = { ...PAYMENT_SIDE, service_fee_millifen: 6_000 }
    const subject = PAYMENT_SIDE['transaction_id']

    for (const known of [undefined, facts({ record: record(PAYMENT_SIDE) })]) {
      expect(compare([wrong], [known]).differences).toEqual([
        difference({ kind, subject, bill, books }),
      ])
    }
  })
})

describe('a row that our records lack', () => {
  it('is a difference with what the bill states, and still contained in the bill', () => {
    const compared = compare([payment(), refund()], [facts(), facts()])

    expect(compared.differences).toEqual([
      difference({
        kind: 'payment_not_here',
        subject: PAYMENT_SIDE['transaction_id'],
        bill: PAYMENT_SIDE,
      }),
      difference({ kind: 'refund_not_here', subject: 'REFUND-1001', bill: REFUND_SIDE }),
    ])
    expect(compared.payments).toEqual([PAYMENT_SIDE['transaction_id']])
    expect(compared.refunds).toEqual(['REFUND-1001'])
  })
})

describe('a row that repeats another', () => {
  const repeated = { subject: PAYMENT_SIDE['transaction_id'], kind: 'payment_repeated' }

  it('of the same page is one difference, however often, with the sum of the repetitions', () => {
    const agreeing = facts({ record: record(PAYMENT_SIDE) })
    const compared = compare([payment(), payment(), payment()], [agreeing, agreeing, agreeing])

    const bill = { ...PAYMENT_SIDE, total_fee: 2_000, rows: 2 }
    expect(compared.differences).toEqual([difference({ ...repeated, bill })])
    expect(compared.payments).toEqual([PAYMENT_SIDE['transaction_id']])
    expect(compared.counts).toMatchObject({ payments: 3, paymentFee: 3_000 })
  })

  it('of a refund sums the refunds', () => {
    expect(compare([refund(), refund(), refund()]).differences).toEqual([
      difference({
        kind: 'refund_repeated',
        subject: 'REFUND-1001',
        bill: { ...REFUND_SIDE, refund_fee: 1_000, rows: 2 },
      }),
    ])
  })

  it('of an earlier page is one, whether our records have it or not', () => {
    const marked = facts({ record: record(PAYMENT_SIDE, { billedOn: DAY }) })
    const bill = { ...PAYMENT_SIDE, rows: 1 }

    for (const known of [marked, facts({ isReported: true })]) {
      const compared = compare([payment()], [known])
      expect(compared.differences).toEqual([difference({ ...repeated, bill })])
      expect(compared.payments).toEqual([])
    }
  })

  it('of the bill of another day names this day', () => {
    const known = facts({ record: record(PAYMENT_SIDE, { billedOn: '2026-11-22' }) })

    expect(compare([payment()], [known]).differences).toEqual([
      difference({
        ...repeated,
        bill: { ...PAYMENT_SIDE, rows: 1 },
        books: { billed_on: '2026-11-22' },
      }),
    ])
  })

  it('is no repetition when it is the refund of a payment', () => {
    expect(compare([payment(), refund()]).differences).toEqual([])
  })
})

describe('a payment that a cashier revoked', () => {
  const revoked = payment({ kind: 'revoked' })
  const kind = 'payment_revoked'
  const subject = PAYMENT_SIDE['transaction_id']

  it('is a difference, and adds to no sum', () => {
    const known = facts({ record: record(PAYMENT_SIDE) })
    const compared = compare([revoked], [known])

    expect(compared).toEqual({
      counts: { ...NO_COUNTS, rows: 1, revoked: 1 },
      differences: [difference({ kind, subject, bill: PAYMENT_SIDE, books: PAYMENT_SIDE })],
      payments: [],
      refunds: [],
    })
  })

  it('is one also when our records lack it', () => {
    expect(compare([revoked], [facts()]).differences).toEqual([
      difference({ kind, subject, bill: PAYMENT_SIDE }),
    ])
  })
})

describe('a row of others', () => {
  const strange = facts({ isOurAttempt: false, isOurOrder: false })

  it('with another appid is only counted, even if its number could be ours', () => {
    expect(compare([payment({ appid: OTHER_APPID })], [strange])).toEqual({
      counts: { ...NO_COUNTS, rows: 1, others: 1, otherAppids: 1 },
      differences: [],
      payments: [],
      refunds: [],
    })
  })

  it('with a number that cannot be ours is only counted', () => {
    expect(compare([payment({ outTradeNo: 'a number' })])).toEqual({
      counts: { ...NO_COUNTS, rows: 1, others: 1, otherNumbers: 1 },
      differences: [],
      payments: [],
      refunds: [],
    })
  })

  it('of an order that we do not have is a difference', () => {
    const compared = compare([payment(), refund()], [strange, strange])

    expect(compared.counts).toEqual({ ...NO_COUNTS, rows: 2, unknownOrders: 2 })
    expect(compared.differences).toEqual([
      difference({
        kind: 'payment_of_unknown_order',
        subject: PAYMENT_SIDE['transaction_id'],
        bill: PAYMENT_SIDE,
      }),
      difference({ kind: 'refund_of_unknown_order', subject: 'REFUND-1001', bill: REFUND_SIDE }),
    ])
    expect(compared.payments).toEqual([])
  })

  it('of an order that we do not have is only counted where others use our appid, too', () => {
    const compared = compare([payment()], [strange], { ...OURS, isAppidShared: true })

    expect(compared.counts).toEqual({ ...NO_COUNTS, rows: 1, unknownOrders: 1, others: 1 })
    expect(compared.differences).toEqual([])
  })

  it.each([
    ['an attempt of ours, under any appid', OTHER_APPID, { isOurAttempt: true }],
    ['an order of ours', OURS.appid, { isOurOrder: true }],
    ['a payment that we recorded', OURS.appid, { record: record(PAYMENT_SIDE) }],
  ])('is ours when it has the number of %s', (_, appid, ours) => {
    const compared = compare([payment({ appid })], [{ ...strange, ...ours }])

    expect(compared.counts).toMatchObject({ payments: 1, others: 0, unknownOrders: 0 })
  })
})

describe('a row that is unreadable or of another day', () => {
  it('is a difference that names its number, and is counted', () => {
    const compared = compare([payment(), { kind: 'unreadable', row: 2, reason: 'too_long' }])

    expect(compared.counts).toMatchObject({ rows: 2, payments: 1, unreadable: 1 })
    expect(compared.differences).toEqual([
      difference({
        kind: 'row_unreadable',
        subject: '2',
        ordercode: undefined,
        bill: { reason: 'too_long' },
      }),
    ])
  })

  it.each([
    ['2026-11-22 23:54:59', 1],
    ['2026-11-22 23:55:00', 0],
    ['2026-11-24 00:04:59', 0],
    ['2026-11-24 00:05:00', 1],
  ])('at %s makes %i differences, because clocks differ by five minutes', (time, count) => {
    const compared = compare([payment({ at: beijing(time) })])

    expect(compared.differences).toHaveLength(count)
    expect(compared.counts.payments).toBe(1)
  })

  it('of another day is a difference that says its time', () => {
    const at = beijing('2026-11-25 10:00:00')

    expect(compare([payment({ at })]).differences).toEqual([
      difference({
        kind: 'row_outside_day',
        subject: '1',
        ordercode: undefined,
        bill: {
          transaction_id: PAYMENT_SIDE['transaction_id'],
          out_trade_no: SHOP_ORDER,
          stated_at: at,
        },
      }),
    ])
  })
})

describe('a bill of which no row was compared yet', () => {
  it('counts nothing', () => {
    const { rates, ...counts } = NO_COUNTS

    expect(new Set(Object.values(counts))).toEqual(new Set([0]))
    expect(Object.keys(counts)).toHaveLength(13)
    expect(rates).toEqual({})
  })
})

describe('a file of another day', () => {
  const next = payment({ at: beijing('2026-11-24 10:00:00') })
  const unreadable: BillRow = { kind: 'unreadable', row: 1, reason: 'too_long' }

  it('is known when no row is of the day of the bill', () => {
    expect(dayOfFile([unreadable, next, next], DAY)).toBe('2026-11-24')
  })

  it('is the right one when a row is of the day, or none says a day', () => {
    expect(dayOfFile([next, payment()], DAY)).toBeUndefined()
    expect(dayOfFile([unreadable], DAY)).toBeUndefined()
    expect(dayOfFile([], DAY)).toBeUndefined()
  })
})
