/** What restores of the database have taken away, so that the checks can tell it from what the Worker lost. */

/** One restore of the database to an earlier moment. Times are milliseconds of virtual time. */
export type Restore = Readonly<{
  /** The moment to which the database was restored. */
  sinceMs: number
  /** When it was restored. What happened in between is not in the database any more. */
  atMs: number
  /** The out_trade_nos of orders at WeChat of which the restored database has no attempt. */
  lostNumbers: ReadonlySet<string>
}>

/** All restores of a seed, in order. */
export class Restores {
  readonly list: Restore[] = []
  /** Whether the recovery after the last restore is under way, so that refunds are still paused. */
  isRecovering = false
  /** Days of payments that were accepted, whose bills are reconciled once more. */
  readonly daysAccepted = new Set<string>()

  add(restore: Restore): void {
    this.list.push(restore)
    this.isRecovering = true
  }

  /** Whether what the database knew at this time was lost. */
  hasLost(atMs: number): boolean {
    return this.list.some((each) => atMs > each.sinceMs && atMs <= each.atMs)
  }

  /** Whether the database lost its attempt with this number. */
  hasLostNumber(outTradeNo: string): boolean {
    return this.list.some(({ lostNumbers }) => lostNumbers.has(outTradeNo))
  }
}
