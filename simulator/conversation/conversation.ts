import type { Clock } from '../lib/clock.ts'
import type { Message, Said } from './message.ts'

/** A message as it was after a change. `id` counts all changes, so that a listener can go on where it stopped. */
export type Change = { readonly id: number; readonly message: Message }

const CHANGES_MAX = 10_000

/** Everything that phone, Worker, WeChat and shop say to each other, for the page of the virtual phone. */
export class Conversation {
  readonly #clock: Clock
  readonly #listeners = new Set<(change: Change) => void>()
  readonly #messages = new Map<number, Message>()
  #changes: Change[] = []
  #lastId = 0
  #lastNumber = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The number of the latest message, 0 when there is none. */
  get lastNumber(): number {
    return this.#lastNumber
  }

  /** Adds a message. Returns its number, by which `amend` and a reply refer to it. */
  add(said: Said): number {
    this.#lastNumber += 1
    this.#store({ fields: {}, checks: [], ...said, n: this.#lastNumber, at: this.#clock.now() })
    return this.#lastNumber
  }

  /** Adds to a message what became known later, such as the status of its answer. */
  amend(n: number, more: Partial<Pick<Message, 'status' | 'ms' | 'checks' | 'lost'>>): void {
    const message = this.#messages.get(n)
    if (message !== undefined) this.#store({ ...message, ...more })
  }

  /** The changes after the one with this id, oldest first. */
  after(id: number): readonly Change[] {
    return this.#changes.filter((change) => change.id > id)
  }

  /** Calls `listen` with every change from now on. Returns the function that ends it. */
  subscribe(listen: (change: Change) => void): () => void {
    this.#listeners.add(listen)
    return () => void this.#listeners.delete(listen)
  }

  #store(message: Message): void {
    this.#messages.set(message.n, message)
    this.#lastId += 1
    const change = { id: this.#lastId, message }
    this.#changes.push(change)
    if (this.#changes.length > CHANGES_MAX) {
      this.#changes = this.#changes.slice(-CHANGES_MAX / 2)
      const oldest = this.#changes[0]?.message.n ?? 0
      for (const n of this.#messages.keys()) if (n < oldest) this.#messages.delete(n)
    }
    for (const listen of this.#listeners) listen(change)
  }
}
