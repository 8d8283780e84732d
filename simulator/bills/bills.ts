import type { BillChange } from '../state/bill-plan.ts'
import type { World } from '../state/world.ts'
import { billFile, type BillOptions } from './bill.ts'
import { planChange } from './plan-change.ts'

/** The daily bills, and the mistakes that a test orders in them. Days are Beijing days, yyyyMMdd. */
export class Bills {
  readonly #world: World

  constructor(world: World) {
    this.#world = world
  }

  /**
   * The bill file of one day as WeChat would write it now. Unlike downloadbill, also for a day that is not over or has no row.
   */
  text(date: string, options: BillOptions = {}): string {
    return billFile(date, this.#world, options).text
  }

  /**
   * Makes the bill of one day differ from what happened, until `clearChanges`. Several changes of a day apply in the order of
   * the calls.
   */
  change(date: string, change: BillChange): void {
    planChange(date, change, this.#world)
    this.#world.record({ type: 'bill_changed', outcome: `${date} ${change.kind}` })
  }

  /**
   * Removes the changes and errors of the bill of one day, or of every day if `date` is omitted: bills show again what
   * happened.
   */
  clearChanges(date?: string): void {
    this.#world.billPlan.clear(date)
    this.#world.record({ type: 'bill_changes_cleared', ...(date && { outcome: date }) })
  }
}
