/** Rules about bills: a day is reconciled only by a whole file, and without a difference only if everything fits. */
import { parseXml } from '../../../simulator/lib/xml.ts'
import type { SqlRow } from '../../simulation/d1/sqlite.ts'
import { type FuzzWorld, MERCHANT } from '../run/world.ts'
import { type ReadBill, readFile, type ReadRow } from './bill-reading.ts'
import type { Observed } from './judge.ts'
import type { Table } from './table-snapshot.ts'

const OUR_NUMBER = /^[0-9A-Za-z_-]{6,28}(\*([2-9]|1\d|20))?$/

/** Judges what an input did to bills, and to the marks of payments and refunds. */
export function judgeBills(world: FuzzWorld, { changes }: Observed): string[] {
  const downloads = world.exchanges.filter(({ endpoint }) => endpoint === 'downloadbill')
  const got = downloads.at(-1)?.got
  const bills = changes.filter(({ table }) => table === 'bills')
  const marks = changes.filter(
    ({ table, before, after }) =>
      (table === 'payments' || table === 'refunds') &&
      (before?.['billed_on'] ?? null) !== (after?.['billed_on'] ?? null),
  )
  const wrong = marks
    .filter(() => bills.length === 0)
    .map(() => 'a mark of a bill changed without the bill')
  for (const { before, after } of bills) {
    if (after === undefined) {
      wrong.push('a bill was deleted')
      continue
    }
    const wasDone = before?.['state'] === 'reconciled'
    const isDone = after['state'] === 'reconciled'
    const isAnew = isDone && before?.['reconciled_at'] !== after['reconciled_at']
    // What is compared already goes on with its file, even when another one was downloaded to find out whether it is made.
    const goesOn =
      ['comparing', 'settling'].includes(String(before?.['state'])) &&
      before?.['fetched_at'] === after['fetched_at']
    const key = `${String(after['day'])} ${String(after['fetched_at'])}`
    if (got !== undefined && !goesOn) world.billFiles.set(key, got)
    const file = goesOn ? world.billFiles.get(key) : (got ?? world.billFiles.get(key))
    const read = file === undefined ? 'broken' : readFile(file)
    if (isAnew) wrong.push(...judgeReconciled(world, after, file, read))
    if (wasDone && read === 'broken' && downloads.length > 0 && !isNoBill(got)) {
      if (!isDone) wrong.push('a reconciled day was given up for a broken file')
      if (before['counts'] !== after['counts'])
        wrong.push('a broken file changed the sums of a day')
      if (marks.length > 0) wrong.push('a broken file changed the marks of a reconciled day')
    }
  }
  return wrong
}

/** Whether WeChat answered that the day has no bill. */
function isNoBill(got: Uint8Array | undefined): boolean {
  const parsed = parseXml(new TextDecoder().decode(got).trim())
  const says = (name: string): string | undefined => (parsed.ok ? parsed.fields.get(name) : '')
  return says('error_code') === '20002' && says('return_msg') === 'No Bill Exist'
}

function judgeReconciled(
  world: FuzzWorld,
  bill: SqlRow,
  got: Uint8Array | undefined,
  read: ReadBill | 'broken' | 'other',
): string[] {
  if (Number(bill['bytes']) === 0) {
    return isNoBill(got)
      ? judgeFit(world, bill, { rows: [], wrongTotals: [] })
      : ['a day was reconciled as empty, but WeChat did not say that it has no bill']
  }
  if (read === 'broken') return ['a day was reconciled by a file that is no whole bill']
  if (read === 'other') return []
  const counts = JSON.parse(String(bill['counts'])) as Record<string, unknown>
  const isCounted = counts['rows'] === read.rows.length
  return [
    ...(isCounted ? [] : [`the bill has ${read.rows.length} rows, not ${String(counts['rows'])}`]),
    ...judgeMarks(world, bill, read),
    ...judgeFit(world, bill, read),
  ]
}

/**
 * What is marked as contained in the bill stands in it, and what counts as missing in the bill does not stand in it.
 */
function judgeMarks(world: FuzzWorld, bill: SqlRow, { rows }: ReadBill): string[] {
  const inFile = new Set(rows.flatMap((row) => [row.transactionId, row.outRefundNo]))
  const marked = [
    ...markedOn(world, 'payments', bill).map((row) => String(row['transaction_id'])),
    ...markedOn(world, 'refunds', bill).map((row) => String(row['out_refund_no'])),
  ]
  const certain = new Set(
    rows
      .filter(({ kind, isOdd }) => kind !== 'revoked' && !isOdd)
      .filter(oursOf(world))
      .map((row) => (row.kind === 'refund' ? row.outRefundNo : row.transactionId)),
  )
  const differences = world.tables
    .rowsNow('bill_differences')
    .filter(({ day }) => day === bill['day'])
  const isUnreadable = differences.some(({ kind }) => kind === 'row_unreadable')
  const missing = differences
    .filter(({ kind }) => !isUnreadable && String(kind).endsWith('_not_in_bill'))
    .map(({ subject }) => String(subject))
  return [
    ...marked
      .filter((number) => !inFile.has(number))
      .map((number) => `${number} counts as in the bill, but is not in it`),
    ...missing
      .filter((number) => certain.has(number))
      .map((number) => `${number} counts as missing in the bill, but is in it`),
  ]
}

/** Finds the rows that are ours: with our appid, and the number of an attempt, or of a refund that we have. */
function oursOf(world: FuzzWorld): (row: ReadRow) => boolean {
  const attempts = world.tables
    .rowsNow('attempts')
    .map(({ ordercode, number }) => `${ordercode}${number === 1 ? '' : `*${number}`}`)
  const refunds = world.tables.rowsNow('refunds').map((row) => row['out_refund_no'])
  return ({ kind, appid, outTradeNo, outRefundNo }) =>
    appid === MERCHANT.appid &&
    (attempts.includes(outTradeNo) ||
      // A refund is known by its own number and its payment's; the number of its order is not compared.
      (kind === 'refund' && OUR_NUMBER.test(outTradeNo) && refunds.includes(outRefundNo)))
}

const markedOn = (world: FuzzWorld, table: Table, { day }: SqlRow): readonly SqlRow[] =>
  world.tables.rowsNow(table).filter((row) => row['billed_on'] === day)

/** A day without a difference: every row, record, mark and total fits by this second reading. */
function judgeFit(world: FuzzWorld, bill: SqlRow, { rows, wrongTotals }: ReadBill): string[] {
  const day = String(bill['day'])
  const differences = world.tables
    .rowsNow('bill_differences')
    .filter((row) => row['day'] === day && row['outcome'] !== 'booked')
  if (differences.length > 0) return []
  const wrong: string[] = wrongTotals.map((name) => `${name} is wrong`)
  const isOurs = oursOf(world)
  const seen = new Set<string>()
  for (const row of rows) {
    const { kind, outTradeNo, transactionId, outRefundNo, fee, appid } = row
    if (row.isOdd) wrong.push(`an odd row of ${transactionId}`)
    if (!row.time.startsWith(day)) wrong.push(`a row of ${row.time}`)
    if (!isOurs(row) && appid === MERCHANT.appid && OUR_NUMBER.test(outTradeNo)) {
      wrong.push(`a row of the unknown order ${outTradeNo}`)
    }
    if (!isOurs(row)) continue
    if (kind === 'revoked') wrong.push(`${transactionId} is revoked`)
    const number = kind === 'refund' ? outRefundNo : transactionId
    if (seen.has(`${kind} ${number}`)) wrong.push(`${number} stands twice`)
    seen.add(`${kind} ${number}`)
    const [table, key, amount] =
      kind === 'refund'
        ? (['refunds', 'out_refund_no', 'refund_fee'] as const)
        : (['payments', 'transaction_id', 'total_fee'] as const)
    const record = world.tables.rowsNow(table).find((each) => each[key] === number)
    const isSame =
      record?.[amount] === fee &&
      record['billed_on'] === day &&
      (kind === 'refund' || record['ordercode'] === outTradeNo.split('*')[0]) &&
      record['transaction_id'] === transactionId
    if (!isSame) wrong.push(`${number} of ${fee} fen is not like that in our records`)
  }
  const unbilled = [
    ...world.tables.rowsNow('payments').filter((row) => isOn(day, row['paid_at'])),
    ...world.tables
      .rowsNow('refunds')
      // Of one that was on its way for days, the bill of which day has it is not known.
      .filter((row) => isOn(day, row['accepted_at']) && isOn(day, row['started_at']))
      .filter((row) => row['source'] !== 'merchant_platform'),
  ].filter((row) => row['billed_on'] === null)
  if (unbilled.length > 0) wrong.push(`${unbilled.length} records of the day are in no bill`)
  const sums = (table: Table, fee: string): number =>
    markedOn(world, table, bill).reduce((sum, row) => sum + Number(row[fee]), 0)
  const inFile = (isRefund: boolean): number =>
    rows
      .filter((row) => (row.kind === 'refund') === isRefund && isOurs(row))
      .reduce((sum, { fee }) => sum + fee, 0)
  if (sums('payments', 'total_fee') !== inFile(false)) wrong.push('marked payments do not add up')
  if (sums('refunds', 'refund_fee') !== inFile(true)) wrong.push('marked refunds do not add up')
  return wrong.map((what) => `a day has no difference, but ${what}`)
}

/** Whether a time is on a Beijing day. */
const isOn = (day: string, at: unknown): boolean =>
  at !== null && new Date((Number(at) + 28_800) * 1_000).toISOString().startsWith(day)
