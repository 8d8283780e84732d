/** What takes days to happen, written into the database: earlier orders, bills and their differences, reviews, runs. */
import type { DifferenceKind } from '../../../src/core/bill/difference.ts'
import type { ReviewKind } from '../../../src/core/review.ts'
import type { Sql } from './doors.ts'
import type { Orders } from './orders.ts'
import type { Shop } from './shop.ts'

type Row = Record<string, string | number | null>

const DAY_S = 86_400
const BATCH = 90
const GOODS = [
  '深烘拼配 500g',
  '云南日晒 250g × 2',
  '挂耳咖啡 10 包',
  '耶加雪菲 水洗 200g',
  '会员充值',
  'Espresso beans, dark roast, 1 kg',
  '冷萃壶',
  '中秋礼盒（手冲壶、滤纸 100 张、磨豆机、两款咖啡豆）',
]
const FEES = [8_800, 12_900, 5_900, 7_800, 100_000, 23_900, 16_800, 68_800]

const now = (): number => Math.floor(Date.now() / 1_000)
/** A day in Beijing, `back` days ago. */
const dayOf = (back: number): string =>
  new Date((now() + 28_800 - back * DAY_S) * 1_000).toISOString().slice(0, 10)
const pick = <T>(list: readonly T[], at: number): T => list[at % list.length] as T
/** A number that looks drawn by lot, and is the same every time. */
const luck = (at: number, below: number): number => ((at * 2_654_435_761) >>> 8) % below

const insert = (table: string, row: Row): Sql => [
  `INSERT INTO ${table} (${Object.keys(row).join(', ')}) VALUES (${Object.keys(row)
    .map(() => '?')
    .join(', ')})`,
  ...Object.values(row),
]

async function run(shop: Shop, statements: readonly Sql[]): Promise<void> {
  for (let at = 0; at < statements.length; at += BATCH) {
    await shop.sql(...statements.slice(at, at + BATCH))
  }
}

/** Paid orders of the last two days, as the one that was really paid: same columns, other numbers and times. */
async function earlierOrders(shop: Shop, { paid }: Orders, count: number): Promise<readonly Sql[]> {
  const { ordercode, transactionId } = paid
  const [orders, attempts, payments, deliveries] = await shop.sql(
    ['SELECT * FROM orders WHERE ordercode = ?', ordercode],
    ['SELECT * FROM attempts WHERE ordercode = ?', ordercode],
    ['SELECT * FROM payments WHERE ordercode = ?', ordercode],
    ["SELECT * FROM deliveries WHERE ordercode = ? AND type = 'order.paid'", ordercode],
  )
  const templates = [
    ['orders', orders],
    ['attempts', attempts],
    ['payments', payments],
    ['deliveries', deliveries],
  ] as const
  return Array.from({ length: count }, (_, at) => {
    const seconds = 600 + at * 1_100 + luck(at, 600)
    const date = new Date((now() - seconds + 28_800) * 1_000)
      .toISOString()
      .replace(/[-:]|\..*/g, '')
    const code = `${date.replace('T', '-')}-${(luck(at, 1e6) + 1e6).toString(36).slice(-4).toUpperCase()}`
    const other = `42000005${String(luck(at, 1e9)).padStart(10, '0')}${String(at).padStart(10, '0')}`
    const copied = (row: Row): Row =>
      Object.fromEntries(
        Object.entries(row).map(([name, value]) => [name, changed(name, value)] as const),
      )
    const changed = (name: string, value: string | number | null): string | number | null => {
      if (name === 'total_fee' || name === 'cash_fee') return pick(FEES, luck(at, 97))
      if (name === 'body') return value === '' || value === null ? value : pick(GOODS, luck(at, 97))
      if (/(_at|time_start|time_expire)$/.test(name) && typeof value === 'number') {
        return value - seconds
      }
      if (typeof value !== 'string') return value
      return value
        .replaceAll(ordercode, code)
        .replaceAll(transactionId, other)
        .replaceAll(/\b1[78]\d{8}\b/g, (time) => String(Number(time) - seconds))
    }
    return templates.flatMap(([table, rows = []]) => rows.map((row) => insert(table, copied(row))))
  }).flat()
}

/** Sums of the days before, some without any. */
const earlierDays = (): readonly Sql[] =>
  Array.from({ length: 27 }, (_, at) => at + 3)
    .filter((back) => back % 11 !== 0)
    .map((back) => {
      const payments = 120 + luck(back, 160)
      const paidFee = payments * (5_000 + luck(back + 7, 4_000))
      return insert('days', {
        day: dayOf(back),
        payments,
        paid_fee: paidFee,
        refunds: luck(back, 9),
        refunded_fee: luck(back, 9) * 4_300,
      })
    })

const counts = (payments: number, fee: number, off: number): string =>
  JSON.stringify({
    rows: payments + 3,
    payments,
    paymentFee: fee + off,
    settlementFee: fee + off,
    refunds: 3,
    refundFee: 12_700,
    serviceFee: fee * 6,
    rates: { '0.60%': payments },
    books: { payments, paymentFee: fee, refunds: 3, refundFee: 12_700 },
  })

const SIDE = { total_fee: 6_800, openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o', trade_type: 'JSAPI' }

/** A difference of every kind: what the bill says, and what our books say. */
const DIFFERENCES: Readonly<
  Record<DifferenceKind, readonly [bill?: object | undefined, books?: object]>
> = {
  payment_not_here: [{ ...SIDE, transaction_id: '4200000541202611280000000001' }],
  refund_not_here: [{ out_refund_no: 'hand-1', refund_fee: 3_900, state: 'SUCCESS' }],
  payment_of_unknown_order: [{ ...SIDE, out_trade_no: '20261127-091204-ZZ01' }],
  refund_of_unknown_order: [{ out_refund_no: 'r-unknown', refund_fee: 1_200 }],
  payment_not_in_bill: [undefined, { ...SIDE, total_fee: 8_800 }],
  refund_not_in_bill: [undefined, { out_refund_no: 'R-2', refund_fee: 900 }],
  payment_differs: [
    { ...SIDE, total_fee: 8_801 },
    { ...SIDE, total_fee: 8_800 },
  ],
  refund_differs: [
    { refund_fee: 900, state: 'CHANGE' },
    { refund_fee: 900, state: 'SUCCESS' },
  ],
  payment_repeated: [{ ...SIDE, rows: 1, billed_on: '2026-11-26' }],
  refund_repeated: [{ refund_fee: 900, rows: 2 }],
  payment_revoked: [{ ...SIDE, state: 'REVOKED' }],
  row_unreadable: [{ rows: 1 }],
  row_outside_day: [{ ...SIDE, paid_at: 1_795_000_000 }],
  sum_differs: [
    { count: 213, total_fee: 1_184_260 },
    { count: 212, total_fee: 1_177_460 },
  ],
  rate_changed: [{ rate: '0.60%', rows: 210 }, { rate: '0.38%' }],
}

function bills(orders: Orders): readonly Sql[] {
  const days = Array.from({ length: 30 }, (_, at) => at + 1).map((back) => {
    const payments = 120 + luck(back, 160)
    const fee = payments * 7_300
    const state =
      back === 3 ? 'comparing' : back === 4 ? 'settling' : back === 9 ? 'unavailable' : 'reconciled'
    const isOver = state === 'reconciled' || state === 'unavailable'
    return insert('bills', {
      day: dayOf(back),
      state,
      due_at: isOver ? null : now() + 3_600,
      tries: isOver ? 0 : 4,
      last_error: isOver ? null : 'NO Bill Exist 账单不存在',
      fetched_at: now() - back * DAY_S + 60,
      counts: counts(payments, fee, back === 1 ? 6_800 : 0),
      reconciled_at: state === 'reconciled' ? now() - (back - 1) * DAY_S - 3_600 : null,
    })
  })
  const each = Object.entries(DIFFERENCES).map(([kind, [bill, books]], at) =>
    insert('bill_differences', {
      day: dayOf(1),
      kind,
      subject: at % 2 === 0 ? orders.paid.transactionId : `subject-${at}`,
      ordercode: at % 3 === 0 ? orders.paid.ordercode : null,
      bill: bill === undefined ? null : JSON.stringify(bill),
      books: books === undefined ? null : JSON.stringify(books),
      outcome: at === 0 ? null : 'review',
      tries: at === 0 ? 3 : 1,
    }),
  )
  const many = Array.from({ length: 101 }, (_, at) =>
    insert('bill_differences', {
      day: dayOf(2),
      kind: 'payment_not_in_bill',
      subject: `42000005412026112700000${String(at).padStart(5, '0')}`,
      books: JSON.stringify({ ...SIDE, total_fee: 100 + at }),
      outcome: 'collected',
      tries: 0,
    }),
  )
  const booked = Array.from({ length: 3 }, (_, at) =>
    insert('bill_differences', {
      day: dayOf(5),
      kind: 'payment_not_here',
      subject: `42000005412026112400000${String(at).padStart(5, '0')}`,
      ordercode: orders.paid.ordercode,
      bill: JSON.stringify(SIDE),
      outcome: 'booked',
      tries: 1,
    }),
  )
  return [...days, ...each, ...many, ...booked]
}

/** Evidence for a review of every kind that the orders did not open. */
const EVIDENCE: Partial<Record<ReviewKind, object>> = {
  amount_mismatch: { ...SIDE, total_fee: 100, expected: 8_800, source: 'notice' },
  currency_mismatch: { ...SIDE, fee_type: 'USD', source: 'query' },
  unknown_order: { ...SIDE, out_trade_no: '20261127-091204-ZZ01', source: 'notice' },
  transaction_conflict: { ...SIDE, source: 'notice' },
  partly_returned: { ...SIDE, total_fee: 19_900, source: 'query' },
  refund_overdue: { out_refund_no: 'R-30', refund_fee: 4_200, state: 'processing' },
  refund_failed: { refund_fee: 8_800, state: 'refused', err_code: 'REFUND_FEE_MISMATCH' },
  refund_conflict: { refund_fee: 500, status: 'SUCCESS', reason: 'amount' },
  bill_difference: {
    day: dayOf(1),
    difference: 'payment_differs',
    bill_total_fee: 8_801,
    books_total_fee: 8_800,
    bill_openid: SIDE.openid,
    books_openid: SIDE.openid,
  },
  webhook_given_up: { type: 'order.paid', tries: 12, last_error: 'http' },
  other_merchant: { mch_id: '1900000199', configured_mch_id: '10000100' },
}

const reviews = (orders: Orders): readonly Sql[] => [
  ...Object.entries(EVIDENCE).map(([kind, evidence], at) =>
    insert('reviews', {
      id: `${kind}.seed-${at}`,
      kind,
      subject: kind === 'bill_difference' ? `${dayOf(1)}.payment_differs.seed` : `seed-${at}`,
      ordercode: at % 2 === 0 ? orders.paid.ordercode : null,
      evidence: JSON.stringify(evidence),
      opened_at: now() - 1_800 * (at + 1),
      actor: 'system',
    }),
  ),
  ...Array.from({ length: 24 }, (_, at) =>
    insert('reviews', {
      id: `late_payment.done-${at}`,
      kind: 'late_payment',
      subject: `done-${at}`,
      ordercode: orders.paid.ordercode,
      evidence: JSON.stringify(SIDE),
      opened_at: now() - DAY_S - at * 3_600,
      resolved_at: now() - DAY_S - at * 3_600 + 900,
      action: at % 2 === 0 ? 'refund' : null,
      note: at === 0 ? '打电话问过，买家不要了。\n钱已退回。'.repeat(8) : '已发货',
      actor: at % 3 === 0 ? 'li.wei' : '阿梅',
    }),
  ),
]

const runs = (): readonly Sql[] =>
  Array.from({ length: 90 }, (_, at) => {
    const back = 90 - at
    const isDead = back === 40
    const report = {
      due: luck(at, 9),
      booked: luck(at, 3),
      expired: luck(at, 2),
      waiting: luck(at, 4),
      refunds: luck(at, 2),
      told: luck(at, 6),
      left: back < 8 ? 12 : 0,
      failed: back === 12 ? 2 : 0,
      ...(back === 33 ? { bill: dayOf(1) } : {}),
    }
    return insert('runs', {
      started_at: now() - back * 60,
      finished_at: isDead ? null : now() - back * 60 + 1 + luck(at, 7),
      report: isDead ? null : JSON.stringify(report),
    })
  })

const times = (count: number, make: (at: number) => Row, table: string): readonly Sql[] =>
  Array.from({ length: count }, (_, at) => insert(table, make(at)))

/** Fills the history behind the orders. */
export async function makeHistory(shop: Shop, orders: Orders): Promise<void> {
  const giveUp = "UPDATE deliveries SET state = 'given_up', due_at = NULL, tries = 12 WHERE id = ?"
  await run(shop, [
    ...(await earlierOrders(shop, orders, 150)),
    ...earlierDays(),
    ...bills(orders),
    ...reviews(orders),
    ...runs(),
    [giveUp, `order.paid.${orders.givenUp.transactionId}`],
  ])
}

/** More than the caps of the pages: of each, what a page shows as `50+`. */
export const makeTooMuch = (shop: Shop): Promise<void> =>
  run(shop, [
    [
      'UPDATE days SET paid_fee = paid_fee + 100000000000, payments = payments + 100000 WHERE day = ?',
      dayOf(0),
    ],
    ...times(
      60,
      (at) => ({
        id: `second_payment.many-${at}`,
        kind: 'second_payment',
        subject: `many-${at}`,
        evidence: JSON.stringify({ ...SIDE, total_fee: 1_000_000_000 - at }),
        opened_at: now() - at,
        actor: 'system',
      }),
      'reviews',
    ),
    ...times(
      60,
      (at) => ({
        id: `order.closed.many-${at}`,
        type: 'order.closed',
        subject: `many-${at}`,
        state: 'given_up',
        created_at: now() - at,
        tries: 12,
        tried_at: now() - at,
        last_error: 'timeout',
      }),
      'deliveries',
    ),
    ...times(
      60,
      (at) => ({
        ordercode: `MANY-${'0123456789'.repeat(2)}-${at}`.slice(0, 30),
        state: 'created',
        revision: 1,
        total_fee: 1_000_000_000,
        body: pick(GOODS, 7).repeat(2).slice(0, 40),
        expires_in: 7_200,
        created_at: now() - at,
        expires_at: now() + 7_200 - at,
        due_at: now() + 7_200 - at,
        history: '[]',
      }),
      'orders',
    ),
  ])
