/** The shop's side of a webhook: records what came, and answers as a test wants. */

export type Received = Readonly<{
  id: string
  type: string
  data: Record<string, unknown>
  headers: Headers
  body: string
}>

export class ShopReceiver {
  readonly received: Received[] = []
  #answers: (() => Promise<Response>)[] = []
  #usual = (): Promise<Response> => Promise.resolve(new Response(null, { status: 204 }))

  /** The next answers, first to last; then 204 again. */
  answerWith(...answers: (() => Promise<Response>)[]): void {
    this.#answers.push(...answers)
  }

  /** Every answer from now on that is not said otherwise. */
  answerAlways(answer: () => Promise<Response>): void {
    this.#usual = answer
  }

  async receive(request: Request): Promise<Response> {
    const body = await request.text()
    const { type, data } = JSON.parse(body) as Pick<Received, 'type' | 'data'>
    const id = request.headers.get('webhook-id') ?? ''
    this.received.push({ id, type, data, headers: request.headers, body })
    const answer = this.#answers.shift()
    return answer === undefined ? this.#usual() : answer()
  }

  types(): string[] {
    return this.received.map(({ type }) => type)
  }
}
