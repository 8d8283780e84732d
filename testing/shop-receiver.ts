/** The shop's webhook receiver in tests: stores every webhook and answers as the test says. */

/** A received webhook. */
export type Received = Readonly<{
  id: string
  type: string
  data: Record<string, unknown>
  headers: Headers
  body: string
}>

/** Answers 204 unless a test says otherwise. Does not verify signatures. */
export class ShopReceiver {
  readonly received: Received[] = []
  #answers: (() => Promise<Response>)[] = []
  #usual = (): Promise<Response> => Promise.resolve(new Response(null, { status: 204 }))

  /** Sets the next answers, in order. After them the usual answer is given again. */
  answerWith(...answers: (() => Promise<Response>)[]): void {
    this.#answers.push(...answers)
  }

  /** Sets the usual answer. */
  answerAlways(answer: () => Promise<Response>): void {
    this.#usual = answer
  }

  /** Stores the webhook and answers. */
  async receive(request: Request): Promise<Response> {
    const body = await request.text()
    const { type, data } = JSON.parse(body) as Pick<Received, 'type' | 'data'>
    const id = request.headers.get('webhook-id') ?? ''
    this.received.push({ id, type, data, headers: request.headers, body })
    const answer = this.#answers.shift()
    return answer === undefined ? this.#usual() : answer()
  }

  /** Types of all webhooks, in order. */
  types(): string[] {
    return this.received.map(({ type }) => type)
  }
}
