import type { BillChange } from '../state/bill-plan.ts'
import type { World } from '../state/world.ts'
import { type BillOptions, billRows, billText } from './bill.ts'
import { planChange } from './plan-change.ts'

/** The bills, and what a test orders to be wrong with them. Days are Beijing days, yyyyMMdd. */
export class Bills {
  readonly #world: World

  constructor(world: World) {
    this.#world = world
  }

  /** The bill of that day as WeChat would send it now, even if the day is not over or has no row. */
  text(date: string, options: BillOptions = {}): string {
    return billText(billRows(date, this.#world, options.billType), date, this.#world, options)
  }

  /** Makes the bill of that day differ from what happened, until it is cleared. Changes add up, in their order. */
  change(date: string, change: BillChange): void {
    planChange(date, change, this.#world)
    this.#world.record({ type: 'bill_changed', outcome: `${date} ${change.kind}` })
  }

  /** The bill of that day, or without a date of every day, shows what happened again. */
  clearChanges(date?: string): void {
    this.#world.billPlan.clear(date)
    this.#world.record({ type: 'bill_changes_cleared', ...(date && { outcome: date }) })
  }
}
