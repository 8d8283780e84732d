import { startOfDay } from '../lib/clock.ts'
import type { BillChange, BillColumns, BillRow, PlannedChange } from '../state/bill-plan.ts'
import type { World } from '../state/world.ts'
import { fabricatePayment, fabricateRefund } from './fabricated.ts'

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
  const { ledger, refunds, clock } = world
  switch (change.kind) {
    case 'extra_row': {
      const row =
        change.row === 'payment' ? fabricatePayment(date, world) : fabricateRefund(date, world)
      return { kind: 'add_row', row: withColumns(row, change.columns) }
    }
    case 'unasked_refund': {
      const order = ledger.find(change.outTradeNo, clock.now())
      if (order?.capture === undefined) {
        throw new RangeError(`${change.outTradeNo} was not paid, so no bill can refund it`)
      }
      return { kind: 'add_row', row: fabricateRefund(date, world, order, change.fen) }
    }
    case 'drop_row':
    case 'set_columns':
    case 'other_amount': {
      const isKnown =
        ledger.findByTransaction(change.number, clock.now()) !== undefined ||
        refunds.find(change.number) !== undefined
      if (!isKnown) throw new RangeError(`no payment and no refund has the number ${change.number}`)
      return change
    }
    default:
      return change
  }
}

function withColumns(row: BillRow, columns: BillColumns = {}): BillRow {
  return { ...row, columns: { ...row.columns, ...columns } }
}
