/** The shop's webhook receiver in tests: stores every webhook, and gives the answers that the test has set. */

/** A webhook that the shop has received. */
export type Received = Readonly<{
  id: string
  type: string
  data: Record<string, unknown>
  headers: Headers
  body: string
}>

/** Stores webhooks. Answers 204 unless a test sets another answer. Does not verify signatures. */
export class ShopReceiver {
  readonly received: Received[] = []
  #answers: (() => Promise<Response>)[] = []
  #usual = (): Promise<Response> => Promise.resolve(new Response(null, { status: 204 }))

  /** Sets the answers to the next webhooks, in order. Later webhooks get the answer of {@link answerAlways}, by default 204. */
  answerWith(...answers: (() => Promise<Response>)[]): void {
    this.#answers.push(...answers)
  }

  /** Sets the answer to every webhook for which no other answer is set. */
  answerAlways(answer: () => Promise<Response>): void {
    this.#usual = answer
  }

  /** Stores a webhook of the Worker, and answers as the test has set. */
  async receive(request: Request): Promise<Response> {
    if (request.method === 'HEAD') return this.#usual() // the doctor looks whether the receiver is there
    const body = await request.text()
    const { type, data } = JSON.parse(body) as Pick<Received, 'type' | 'data'>
    const id = request.headers.get('webhook-id') ?? ''
    this.received.push({ id, type, data, headers: request.headers, body })
    const answer = this.#answers.shift()
    return answer === undefined ? this.#usual() : answer()
  }

  /** The types of all webhooks received so far, oldest first. */
  types(): string[] {
    return this.received.map(({ type }) => type)
  }
}
