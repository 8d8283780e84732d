import type { Said } from '../conversation/message.ts'

/** How the simulator learns of a payment that the Worker has recorded: from its log, or earlier from its webhook. */
export type Source = 'log' | 'webhook'

/**
 * What the Worker did with the payments that it was told of. It reports every one, also one that it knows already, and its log
 * may arrive after its webhook.
 */
export class Bookings {
  /** The payment that made each order paid, by ordercode. */
  readonly #booked = new Map<string, string>()
  /** Payments that a webhook has named, whose line in the log is still to come. */
  readonly #early = new Set<string>()

  /** The note for the conversation; `undefined` when it is there already. */
  hear(ordercode: string, transactionId: string, source: Source): Said | undefined {
    const first = this.#booked.get(ordercode)
    if (source === 'webhook') {
      if (first !== undefined) return undefined
      this.#early.add(transactionId)
    } else if (this.#early.delete(transactionId)) return undefined

    if (first === undefined) this.#booked.set(ordercode, transactionId)
    const what = first === undefined ? 'booked' : first === transactionId ? 'known' : 'second'
    const fields = { ordercode, transaction_id: transactionId }
    return { kind: 'note', from: 'worker', to: 'worker', what, fields }
  }
}
