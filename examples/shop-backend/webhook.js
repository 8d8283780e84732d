/**
 * Receives the webhooks of wxpay-edge: verify the signature, handle each webhook once, never replace newer data about the
 * same subject by older, ship once.
 */
import { Webhook as Verifier, WebhookVerificationError } from 'standardwebhooks'
import { transaction } from './database.js'

/** @typedef {import('../shop-client/client.ts').Webhook} Webhook */

/**
 * @param {object} options
 * @param {import('node:sqlite').DatabaseSync} options.database
 * @param {string} options.secret `whsec_…`, the same as the Worker's WEBHOOK_SECRET
 * @param {(line: string) => void} options.log
 */
export function createReceiver({ database, secret, log }) {
  const verifier = new Verifier(secret)
  const handled = database.prepare('INSERT OR IGNORE INTO webhooks (id) VALUES (?)')
  const newest = database.prepare(`
    INSERT INTO news (subject, type, state, revision) VALUES (?, ?, ?, ?)
    ON CONFLICT (subject) DO UPDATE SET type = excluded.type, state = excluded.state, revision = excluded.revision
    WHERE excluded.revision > news.revision`)
  const shipped = database.prepare(
    'UPDATE orders SET shipped_at = ? WHERE ordercode = ? AND shipped_at IS NULL',
  )

  /**
   * @param {string} body the raw text: JSON that was parsed and serialized again has another signature
   * @param {Record<string, string>} headers with names in small letters
   * @returns {number} the HTTP status to answer with
   */
  function receive(body, headers) {
    /** @type {Webhook} */
    let webhook
    try {
      webhook = /** @type {Webhook} */ (verifier.verify(body, headers))
    } catch (error) {
      return error instanceof WebhookVerificationError ? 401 : 400
    }
    const id = headers['webhook-id'] ?? ''
    transaction(database, () => {
      // The Worker repeats a webhook when the answer was lost or the operator resends it: answer 2xx, do nothing.
      if (handled.run(id).changes === 1) handle(id, webhook)
    })
    return 204
  }

  /**
   * @param {string} id
   * @param {Webhook} webhook
   */
  function handle(id, { type, data }) {
    switch (type) {
      case 'order.paid':
        if (isNews(`order ${data.ordercode}`, type, data)) ship(data.ordercode)
        return
      case 'order.closed': // do not ship
        return void isNews(`order ${data.ordercode}`, type, data)
      case 'payment.returned': // this payment goes back: nothing is shipped for it. The id ends in its transaction_id.
        return void isNews(`payment ${id}`, type, data)
      case 'refund.succeeded':
      case 'refund.failed':
        return void isNews(`refund ${data.out_refund_no}`, type, data)
      case 'review.opened':
        return log(`review needed: ${data.kind} ${data.id}`)
      default: // A type that is added later is not an error.
        return log(`ignored: ${type}`)
    }
  }

  /**
   * Webhooks can overtake one another, so a smaller revision does not replace a greater one about the same subject.
   * Webhooks about other subjects say nothing about it: an order.paid counts even if a refund came before it.
   *
   * @param {string} subject
   * @param {string} type
   * @param {{ state: string, revision: number }} data
   */
  function isNews(subject, type, { state, revision }) {
    const isNew = newest.run(subject, type, state, revision).changes === 1
    if (isNew) log(`${subject}: ${type}`)
    return isNew
  }

  /**
   * Here your shop sends the parcel. What cannot be part of the transaction, such as a call to the carrier, belongs into a
   * queue that is written in it.
   *
   * @param {string} ordercode
   */
  function ship(ordercode) {
    if (shipped.run(new Date().toISOString(), ordercode).changes === 1) log(`${ordercode}: shipped`)
  }

  return receive
}
