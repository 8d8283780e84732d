/** Faults in bills: WeChat's bill differs from what happened or cannot be downloaded. Records the reviews that must follow. */
import type { BillChange } from '../../../simulator/state/bill-plan.ts'
import type { SqlRow } from '../d1/sqlite.ts'
import { compact, DAY_MS, dayOf, startOf } from '../run/days.ts'
import type { Chance } from '../run/random.ts'
import type { World } from '../run/world.ts'

type Difference = Readonly<{ change: BillChange; kind?: string; subject?: string }>

/**
 * The distance from midnight, in seconds, that a refund must have to get an injected difference. A refund nearer to midnight may
 * belong to the bill of the neighbouring day, where the difference would then be found.
 */
const MIDNIGHT_S = 6 * 60

/** How long before midnight a payment is at most whose row stands in the next day's bill, in seconds. */
const LATE_ROW_S = 290

/** A rate of WeChat's fee that no other bill has, in hundredths of a percent. The usual rate is 0.60%. */
const OTHER_RATE = 38

/** Days with payments whose bill no Worker has fetched yet. */
function untouchedDays({ wechat, sqlite }: World): string[] {
  const touched = sqlite
    .read("SELECT day FROM bills WHERE state <> 'waiting' OR fetched_at IS NOT NULL")
    .map(({ day }) => String(day))
  const days = new Set(wechat.books.captures().map(({ paidAt }) => dayOf(paidAt)))
  return [...days].filter((day) => !touched.includes(day)).sort()
}

/** Changes bills that no Worker has fetched yet, or makes them unavailable for a while. */
export function injectBillFaults(world: World): void {
  const chance = world.chance('bills')
  // A Worker that is still reading the true bill would not notice the changes that are injected now, so all Workers are killed.
  world.workers.killAll()
  for (const day of untouchedDays(world)) {
    const choice = chance.below(7)
    if (choice === 0) continue
    if (choice <= 2) makeUnavailable(world, chance, day)
    else makeDifferent(world, chance, day)
  }
}

/** The bill is true, but cannot be downloaded completely for a while, or WeChat serves the file of another day. */
function makeUnavailable(world: World, chance: Chance, day: string): void {
  world.bills.delayed.add(day)
  const change = chance.pick<BillChange>([
    { kind: 'cut_off', at: chance.pick(['middle', 'last_digit']) },
    otherFile(world),
    { kind: 'unavailable', errorCode: '20002', returnMsg: 'Bill Creating', times: 3 },
    { kind: 'unavailable', errorCode: '20003', returnMsg: 'SYSTEMERROR', times: 2 },
    { kind: 'unavailable', errorCode: '20007', returnMsg: '权限已经关闭', times: 4 },
  ])
  changeBill(world, day, change)
}

/** The file of a day before the first order, with one row, which belongs to another system of the merchant. */
function otherFile({ wechat, startMs }: World): BillChange {
  const date = compact(dayOf(startMs - 3 * DAY_MS))
  wechat.bills.change(date, { kind: 'extra_row', row: 'payment' })
  return { kind: 'other_file', date }
}

function makeDifferent(world: World, chance: Chance, day: string): void {
  world.bills.changed.add(day)
  if (chance.happens(0.3)) {
    changeBill(world, day, {
      kind: 'layout',
      layout: chance.pick(['old', 'short', 'reversed', 'one_more']),
    })
  }
  if (chance.happens(0.3)) {
    changeBill(world, day, {
      kind: 'escapes',
      escapes: chance.pick(['backslash', 'octal', 'none']),
    })
  }
  const subjects = new Set<string>()
  if (chance.happens(0.8)) moveLateRow(world, chance, day, subjects)
  for (let left = chance.between(1, 3); left > 0; left--) {
    const difference = chance.pick(KINDS)(world, chance, day, left)
    if (difference === undefined || subjects.has(difference.subject ?? '')) continue
    subjects.add(difference.subject ?? '')
    changeBill(world, day, difference.change)
    if (difference.change.kind === 'other_fee_rate') {
      world.bills.otherRates.set(day, isUsualRateKnown(world, day) ? 'new' : 'perhaps_new')
    }
    const { kind, subject } = difference
    if (kind === undefined) continue
    world.bills.expected.push(
      `bill_difference.${day}.${kind}${subject === undefined ? '' : `.${subject}`}`,
    )
  }
}

/** Moves the row of a payment of the day's last minutes to the next day's bill. No review about it may stay open. */
function moveLateRow(world: World, chance: Chance, day: string, subjects: Set<string>): void {
  const nextDay = dayOf(startOf(day) + DAY_MS)
  const isFetched = world.sqlite.read(
    'SELECT 1 FROM bills WHERE day = ? AND fetched_at IS NOT NULL',
    nextDay,
  )
  const fromS = startOf(day) / 1_000 + 86_400 - LATE_ROW_S
  const payments = paymentsSince(world, fromS, day)
  if (payments.length === 0 || isFetched.length > 0) return
  const number = String(chance.pick(payments)['transaction_id'])
  subjects.add(number)
  changeBill(world, day, { kind: 'late_row', number })
  world.bills.late.push({ number, day: nextDay })
  world.bills.changed.add(nextDay)
}

function changeBill(world: World, day: string, change: BillChange): void {
  world.faults.count(`bill:${change.kind}`)
  world.wechat.bills.change(compact(day), change)
}

type Kind = (world: World, chance: Chance, day: string, n: number) => Difference | undefined

/** The payments in our records from a time to the end of `day`, without those that only a forged notice reported. */
const paymentsSince = (
  { sqlite, wechat }: World,
  fromS: number,
  day: string,
): readonly SqlRow[] => {
  const captured = new Set(wechat.books.captures().map(({ transactionId }) => transactionId))
  return sqlite
    .read(
      'SELECT * FROM payments WHERE paid_at >= ? AND paid_at < ? ORDER BY transaction_id',
      fromS,
      startOf(day) / 1_000 + 86_400,
    )
    .filter((row) => captured.has(String(row['transaction_id'])))
}

/** Picks a payment of `day` from our records. A payment that we have not recorded cannot differ from its row in the bill. */
const recordedPayment = (world: World, chance: Chance, day: string): SqlRow | undefined => {
  const rows = paymentsSince(world, startOf(day) / 1_000, day)
  return rows.length === 0 ? undefined : chance.pick(rows)
}

/** Picks a refund requested through the Worker that belongs to `day` by our clock and by WeChat's, and is not near midnight. */
function knownRefund({ sqlite, wechat }: World, chance: Chance, day: string): string | undefined {
  const from = startOf(day) / 1_000
  const numbers = sqlite
    .read(
      `SELECT out_refund_no FROM refunds
       WHERE source <> 'merchant_platform' AND started_at >= ? AND accepted_at < ?
         AND state NOT IN ('requested', 'refused') ORDER BY out_refund_no`,
      from + MIDNIGHT_S,
      from + 86_400 - MIDNIGHT_S,
    )
    .map((row) => String(row['out_refund_no']))
    .filter((number) => dayOf(wechat.books.refund(number)?.appliedAt ?? 0) === day)
  return numbers.length === 0 ? undefined : chance.pick(numbers)
}

/** Leaves out the numbers whose attempts were lost with a restore, because they have other differences. */
const knownOf = <T extends Readonly<{ outTradeNo: string }>>(
  { restores }: World,
  all: readonly T[],
): readonly T[] => {
  return all.filter(({ outTradeNo }) => !restores.hasLostNumber(outTradeNo))
}

/** Picks an order at WeChat, or a payment, whose attempt we have, with its columns in a bill. */
function pickKnown<T extends Readonly<{ outTradeNo: string }>>(
  world: World,
  chance: Chance,
  all: readonly T[],
) {
  const known = knownOf(world, all)
  if (known.length === 0) return undefined
  const picked = chance.pick(known)
  const { outTradeNo } = picked
  const appid = world.wechat.books.order(outTradeNo)?.appid ?? ''
  return { picked, columns: { 公众账号ID: appid, 商户订单号: outTradeNo } }
}

const madeUpNumber = (day: string, n: number): string =>
  `4200000540${compact(day)}${String(n).padStart(10, '9')}`

const KINDS: readonly Kind[] = [
  (world, chance, day) => {
    const subject = recordedPayment(world, chance, day)?.['transaction_id']
    if (typeof subject !== 'string') return undefined
    return { change: { kind: 'drop_row', number: subject }, kind: 'payment_not_in_bill', subject }
  },
  (world, chance, day) => {
    const payment = recordedPayment(world, chance, day)
    const subject = payment?.['transaction_id']
    if (typeof subject !== 'string') return undefined
    const fen = Number(payment?.['total_fee']) + chance.between(1, 100)
    return {
      change: { kind: 'other_amount', number: subject, fen },
      kind: 'payment_differs',
      subject,
    }
  },
  (world, chance, day, n) => {
    const subject = madeUpNumber(day, n)
    const known = pickKnown(world, chance, world.wechat.books.orders())
    if (known === undefined) return undefined
    const columns = { ...known.columns, 微信订单号: subject }
    return {
      change: { kind: 'extra_row', row: 'payment', columns },
      kind: 'payment_not_here',
      subject,
    }
  },
  // A row of another system of the same merchant: the Worker must ignore the row, so no review is expected.
  (_world, chance) => ({
    change: { kind: 'extra_row', row: chance.pick(['payment', 'refund'] as const) },
  }),
  (world, chance, day) => {
    const subject = knownRefund(world, chance, day)
    if (subject === undefined) return undefined
    return { change: { kind: 'drop_row', number: subject }, kind: 'refund_not_in_bill', subject }
  },
  (world, chance, day) => {
    const subject = knownRefund(world, chance, day)
    if (subject === undefined) return undefined
    const fen = (world.wechat.books.refund(subject)?.refundFee ?? 0) + chance.between(1, 100)
    return {
      change: { kind: 'other_amount', number: subject, fen },
      kind: 'refund_differs',
      subject,
    }
  },
  (world, chance, day, n) => {
    const subject = `ghost-${compact(day)}-${n}`
    const known = pickKnown(world, chance, world.wechat.books.captures())
    if (known === undefined) return undefined
    const { transactionId } = known.picked
    const columns = { ...known.columns, 微信订单号: transactionId, 商户退款单号: subject }
    return {
      change: { kind: 'extra_row', row: 'refund', columns },
      kind: 'refund_not_here',
      subject,
    }
  },
  // Falsifies the totals of a bill. Other changes may remove rows, and a bill without rows has no totals, so the day needs
  // more than three payments.
  ({ wechat }, _chance, day) =>
    wechat.books.captures().filter(({ paidAt }) => dayOf(paidAt) === day).length > 3
      ? { change: { kind: 'wrong_totals' }, kind: 'sum_differs' }
      : undefined,
  (world, chance, day) => {
    const subject = recordedPayment(world, chance, day)?.['transaction_id']
    if (typeof subject !== 'string') return undefined
    return { change: { kind: 'repeat_row', number: subject }, kind: 'payment_repeated', subject }
  },
  (world, chance, day) => {
    const subject = knownRefund(world, chance, day)
    if (subject === undefined) return undefined
    return { change: { kind: 'repeat_row', number: subject }, kind: 'refund_repeated', subject }
  },
  (world, chance, day) => {
    const captures = world.wechat.books.captures().filter(({ paidAt }) => dayOf(paidAt) === day)
    if (captures.length === 0) return undefined
    const { outTradeNo, transactionId } = chance.pick(captures)
    return {
      change: { kind: 'revoked_row', outTradeNo },
      kind: 'payment_revoked',
      subject: transactionId,
    }
  },
  // The fee is right by the row's own rate. Whether the rate is new depends on the bills before.
  (world, chance, day) => {
    const subject = recordedPayment(world, chance, day)?.['transaction_id']
    if (typeof subject !== 'string') return undefined
    return { change: { kind: 'other_fee_rate', number: subject, basisPoints: OTHER_RATE }, subject }
  },
]

/** Whether an earlier bill was reconciled that has payments, all of them at the usual rate. */
const isUsualRateKnown = ({ sqlite, bills }: World, day: string): boolean =>
  bills.otherRates.size === 0 &&
  sqlite.read(
    `SELECT 1 FROM bills WHERE day < ? AND state = 'reconciled' AND counts ->> 'payments' > 0`,
    day,
  ).length > 0
