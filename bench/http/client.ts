/** A client with several connections that stay open, each with one request at a time. */
import { Agent, request } from 'node:http'

/** A request, without the origin. */
export type Sent = Readonly<{
  method: 'GET' | 'POST' | 'PUT'
  path: string
  headers?: Readonly<Record<string, string>>
  body?: string
}>

/** Sends requests to one origin. */
export type Client = Readonly<{
  /** Sends one request. @throws Error unless the status is 200 or 201. */
  send: (sent: Sent) => Promise<string>
  /**
   * Sends all requests, as many at once as there are connections.
   *
   * @returns the answers, in the order of the requests, and how long each took, in milliseconds.
   */
  sendAll: (all: readonly Sent[]) => Promise<Readonly<{ answers: string[]; latenciesMs: number[] }>>
  close: () => void
}>

/** Opens a client. @param connections How many requests are under way at once. */
export function openClient(origin: string, connections: number): Client {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const send = ({ method, path, headers, body }: Sent): Promise<string> =>
    new Promise((resolve, reject) => {
      const outgoing = request(
        `${origin}${path}`,
        { agent, method, ...(headers && { headers }) },
        (incoming) => {
          let text = ''
          incoming.setEncoding('utf8')
          incoming.on('data', (chunk: string) => (text += chunk))
          incoming.on('error', reject)
          incoming.on('end', () => {
            const { statusCode = 0 } = incoming
            if (statusCode === 200 || statusCode === 201) resolve(text)
            else
              reject(
                new Error(`${method} ${path.split('?')[0]}: ${statusCode} ${text.slice(0, 300)}`),
              )
          })
        },
      )
      outgoing.on('error', reject)
      outgoing.end(body)
    })
  return {
    send,
    async sendAll(all) {
      const answers = Array<string>(all.length).fill('')
      const latenciesMs = Array<number>(all.length).fill(0)
      let next = 0
      async function work(): Promise<void> {
        for (;;) {
          const at = next++
          const sent = all[at]
          if (sent === undefined) return
          const begun = performance.now()
          answers[at] = await send(sent)
          latenciesMs[at] = performance.now() - begun
        }
      }
      await Promise.all(Array.from({ length: connections }, work))
      return { answers, latenciesMs }
    },
    close: () => agent.destroy(),
  }
}
