/**
 * Receives webhooks in a shop: verify the signature, handle each webhook once, never replace newer data about the
 * same subject by older, answer 2xx. Copy this file and replace the collections in memory by your database.
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
  /** Ids of handled webhooks. In a database: a unique column, written in the same transaction as the work. */
  const handled = new Set()
  /** What the shop knows about each order, by ordercode: the type of its newest webhook, state and revision. */
  const orders = new Map()
  /** The same about each refund, by out_refund_no. */
  const refunds = new Map()
  /** The same about each payment that goes back, by webhook-id, which ends in the transaction_id. */
  const returned = new Map()

  /** @returns the HTTP status to answer with. */
  function receive(body, headers) {
    let event
    try {
      // Verify the raw text. JSON that was parsed and serialized again has another signature.
      event = verifier.verify(body, headers)
    } catch (error) {
      if (error instanceof WebhookVerificationError) return 401
      return 400
    }

    // The Worker repeats a webhook when the answer was lost or the operator resends it: answer 2xx, do nothing.
    const id = headers['webhook-id']
    if (handled.has(id)) return 204
    handle(id, event)
    handled.add(id)
    return 204
  }

  function handle(id, { type, data }) {
    switch (type) {
      case 'order.paid': // ship
      case 'order.closed': // do not ship
        return keepNewest(orders, data.ordercode, type, data)
      case 'payment.returned': // this payment goes back: nothing is shipped for it
        return keepNewest(returned, id, type, data)
      case 'refund.succeeded':
      case 'refund.failed':
        return keepNewest(refunds, data.out_refund_no, type, data)
      case 'review.opened':
        console.log(`review needed: ${data.kind} ${data.id}`)
        return
      default: // A type that is added later is not an error.
        console.log(`ignored: ${type}`)
    }
  }

  /**
   * Webhooks can overtake one another, so a smaller revision does not replace a greater one about the same subject.
   * Webhooks about other subjects say nothing about it: an order.paid counts even if a refund came before it.
   */
  function keepNewest(known, subject, type, { state, revision }) {
    if (known.get(subject)?.revision >= revision) return
    known.set(subject, { type, state, revision })
    console.log(`${subject}: ${type}`)
  }

  const server = createServer((request, response) => {
    void readBody(request)
      .then((body) => (body === undefined ? 413 : receive(body, request.headers)))
      .catch(() => 500) // your code failed: the Worker will send the webhook again
      .then((status) => response.writeHead(status).end())
  })
  return { server, orders, refunds, returned }
}

/** @returns the raw text, or undefined when the body is larger than the limit. */
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
    console.log(`Listening for webhooks on http://127.0.0.1:${values.port}/`)
  })
}
