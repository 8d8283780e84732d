/** The shop's receiver of webhooks: takes them, fails a share of the tries, or is away. */
import type { Chance } from '../../simulation/run/random.ts'
import type { Presence } from './scenarios.ts'

/** What the receiver is made of, and who hears of tries. */
export type ReceiverParts = Readonly<{
  chance: Chance
  /** The share of the tries that are answered by HTTP 500. */
  failureRate: number
  presenceAt: (ms: number) => Presence
  /** Called at every try, whether it arrived or not. */
  onTry: (webhookId: string, isDelivered: boolean) => void
}>

export class Receiver {
  readonly #parts: ReceiverParts

  constructor(parts: ReceiverParts) {
    this.#parts = parts
  }

  presenceAt(ms: number): Presence {
    return this.#parts.presenceAt(ms)
  }

  /** A try that did not arrive. */
  miss(request: Request): void {
    this.#parts.onTry(idOf(request), false)
  }

  answer(request: Request): Response {
    const { chance, failureRate, onTry } = this.#parts
    const isDelivered = !chance.happens(failureRate)
    onTry(idOf(request), isDelivered)
    return new Response(null, { status: isDelivered ? 204 : 500 })
  }
}

const idOf = (request: Request): string => request.headers.get('webhook-id') ?? ''
