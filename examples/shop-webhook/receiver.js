/**
 * How a shop receives webhooks: verify, do it once, never go back, answer 2xx. Copy it, and put your
 * database where the maps are.
 *
 *     WEBHOOK_SECRET=whsec_… node examples/shop-webhook/receiver.js --port 8800
 */
import { createServer } from 'node:http'
import { parseArgs } from 'node:util'
import { Webhook, WebhookVerificationError } from 'standardwebhooks'

const BODY_BYTES_MAX = 256 * 1024

/** @param {string} secret `whsec_…`, the same as the Worker's WEBHOOK_SECRET */
export function createReceiver(secret) {
  const verifier = new Webhook(secret)
  /** Ids that were handled. In a database: a unique column, written in the transaction of the work. */
  const handled = new Set()
  /** What the shop knows of each order: state and revision. */
  const orders = new Map()

  /** @returns the HTTP status to answer with. */
  function receive(body, headers) {
    let event
    try {
      // The raw text, as it came: JSON that was parsed and written again has another signature.
      event = verifier.verify(body, headers)
    } catch (error) {
      if (error instanceof WebhookVerificationError) return 401
      return 400
    }

    // The same webhook comes again after a lost answer, and on "send again". Say yes, do nothing.
    const id = headers['webhook-id']
    if (handled.has(id)) return 204
    handle(event)
    handled.add(id)
    return 204
  }

  function handle({ type, data }) {
    switch (type) {
      case 'order.paid':
      case 'order.closed':
      case 'payment.returned': {
        // Webhooks can overtake each other: an older revision never replaces a newer one.
        const known = orders.get(data.ordercode)
        if (known !== undefined && known.revision >= data.revision) return
        // order.paid: ship. payment.returned: the money went back, so do not ship.
        orders.set(data.ordercode, { type, state: data.state, revision: data.revision })
        console.log(`${data.ordercode}: ${type}`)
        return
      }
      case 'review.opened':
        console.log(`a person must look: ${data.kind} ${data.id}`)
        return
      default: // A type of the future is not an error.
        console.log(`nothing to do for ${type}`)
    }
  }

  const server = createServer((request, response) => {
    void readBody(request)
      .then((body) => (body === undefined ? 413 : receive(body, request.headers)))
      .catch(() => 500) // yours failed: the webhook comes again
      .then((status) => response.writeHead(status).end())
  })
  return { server, orders }
}

/** The raw text, or undefined when there is too much of it. */
async function readBody(request) {
  const chunks = []
  let length = 0
  for await (const chunk of request) {
    length += chunk.length
    if (length > BODY_BYTES_MAX) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { port: { type: 'string', default: '8800' } } })
  const secret = process.env.WEBHOOK_SECRET
  if (secret === undefined) {
    console.error('Set WEBHOOK_SECRET to the secret of the Worker, whsec_…')
    process.exit(1)
  }
  const { server } = createReceiver(secret)
  server.listen(Number(values.port), '127.0.0.1', () => {
    console.log(`Webhooks to http://127.0.0.1:${values.port}/`)
  })
}
