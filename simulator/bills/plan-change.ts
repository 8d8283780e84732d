import { startOfDay } from '../lib/clock.ts'
import type { BillChange, BillColumns, BillRow, PlannedChange } from '../state/bill-plan.ts'
import type { World } from '../state/world.ts'
import { fabricatePayment, fabricateRefund } from './fabricated.ts'
import { isTotal } from './layouts.ts'

/**
 * Adds a change to the bill plan of one Beijing day (yyyyMMdd). Throws a RangeError for a day that does not exist, and for a
 * payment or refund that WeChat does not know.
 */
export function planChange(date: string, change: BillChange, world: World): void {
  startOfDay(date)
  if (change.kind === 'unavailable') {
    const { errorCode, returnMsg, times = Infinity } = change
    world.billPlan.addError(date, { errorCode, returnMsg }, times)
    return
  }
  world.billPlan.addChange(date, toPlannedChange(change, date, world))
}

function toPlannedChange(
  change: Exclude<BillChange, { kind: 'unavailable' }>,
  date: string,
  world: World,
): PlannedChange {
  switch (change.kind) {
    case 'extra_row': {
      const row =
        change.row === 'payment' ? fabricatePayment(date, world) : fabricateRefund(date, world)
      return { kind: 'add_row', row: withColumns(row, change.columns) }
    }
    case 'unasked_refund': {
      const { order } = mustBePaid(change.outTradeNo, world)
      return { kind: 'add_row', row: fabricateRefund(date, world, order, change.fen) }
    }
    case 'revoked_row': {
      const { order, capture } = mustBePaid(change.outTradeNo, world)
      const row = fabricateRefund(date, world, order, capture.totalFee)
      return {
        kind: 'add_row',
        row: withColumns(row, { 交易状态: 'REVOKED', ...change.columns }),
      }
    }
    case 'other_file':
      if (change.date !== undefined) startOfDay(change.date)
      return change
    case 'wrong_totals':
      if (change.header === undefined || isTotal(change.header)) return change
      throw new RangeError(`no bill has a total ${change.header}`)
    case 'other_fee_rate':
      if (!Number.isSafeInteger(change.basisPoints) || change.basisPoints < 0) {
        throw new RangeError(`basisPoints is a whole number, at least 0, not ${change.basisPoints}`)
      }
      return mustBeKnown(change, world)
    case 'drop_row':
    case 'set_columns':
    case 'other_amount':
    case 'repeat_row':
    case 'late_row':
      return mustBeKnown(change, world)
    default:
      return change
  }
}

function mustBePaid(outTradeNo: string, { ledger, clock }: World) {
  const order = ledger.find(outTradeNo, clock.now())
  if (order?.capture !== undefined) return { order, capture: order.capture }
  throw new RangeError(`${outTradeNo} was not paid, so no bill can refund it`)
}

function mustBeKnown<T extends { number: string }>(change: T, world: World): T {
  const { ledger, refunds, clock } = world
  const isKnown =
    ledger.findByTransaction(change.number, clock.now()) !== undefined ||
    refunds.find(change.number) !== undefined
  if (isKnown) return change
  throw new RangeError(`no payment and no refund has the number ${change.number}`)
}

function withColumns(row: BillRow, columns: BillColumns = {}): BillRow {
  return { ...row, columns: { ...row.columns, ...columns } }
}
