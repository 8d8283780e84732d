/**
 * Real exchanges with the Worker, for `docs/api.md` in both languages: one short story over SQLite. Its clock stands
 * still and its random numbers have a seed, so that it is the same every time.
 */
import type { Example } from '../../openapi/markdown.ts'
import { FuzzWorld, TOKEN } from '../fuzz/run/world.ts'
import { installInstantCrypto } from '../simulation/d1/instant-crypto.ts'
import { chanceOf } from '../simulation/run/random.ts'

const METRICS_TOKEN = 'metrics-token-of-the-examples'
const ORDER = '20261123-7F3K'
const DAY_S = 86_400

/** Plays the story. @returns an exchange for each operation that it has, by the operation's name. */
export async function makeExamples(): Promise<ReadonlyMap<string, Example>> {
  const restore = installInstantCrypto()
  try {
    return await play()
  } finally {
    restore()
  }
}

async function play(): Promise<ReadonlyMap<string, Example>> {
  const world = new FuzzWorld(chanceOf(1, 'examples'), {
    certificate: true,
    vars: { METRICS_TOKEN },
  })
  const { wechat, payer } = world
  const examples = new Map<string, Example>()

  /** Sends a request, and keeps it as the example of an operation. @returns the body of the answer. */
  async function show(id: string, method: string, path: string, body?: unknown, token = TOKEN) {
    const response = await world.send(
      new Request(new URL(path, 'https://pay.test'), {
        method,
        headers: { authorization: `Bearer ${token}` },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    )
    const { status } = response
    const text = await response.text()
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text}`)
    if (id !== '') examples.set(id, { method, path, body, status, answer: text })
    return text
  }
  const notice = (xml: string): Promise<Response> =>
    world.send(new Request('https://pay.test/notify', { method: 'POST', body: xml }))

  const terms = { total_fee: 8_800, body: '深烘拼配 500g', openid: payer }
  await show('putOrder', 'PUT', `/orders/${ORDER}`, terms)
  const code = wechat.payer.login(payer)
  const paying = await show('pay', 'GET', `/pay?code=${code}&ordercode=${ORDER}`)
  const { ticket } = JSON.parse(paying) as { ticket: string }
  await show('', 'PUT', '/orders/20261123-9QXD', { total_fee: 6_800, body: '云南日晒 250g' })
  const second = { code: wechat.payer.login(payer), ordercode: '20261123-9QXD' }
  await show('payByPost', 'POST', '/pay', second)
  wechat.payer.pay(ORDER)
  await notice(wechat.notices.ofPayments.xml(ORDER))
  await show('getResult', 'GET', `/result?ticket=${ticket}`)
  world.setTime(120)
  await show('queryOrder', 'POST', `/orders/${ORDER}/query`)

  await show('putRefund', 'PUT', `/orders/${ORDER}/refunds/R-1`, { refund_fee: 900 })
  await show('getRefund', 'GET', `/orders/${ORDER}/refunds/R-1`)
  await show('', 'PUT', `/orders/${ORDER}/refunds/R-2`, { refund_fee: 500 })
  await show('cancelRefund', 'DELETE', `/orders/${ORDER}/refunds/R-2`)
  await show('getOrder', 'GET', `/orders/${ORDER}`)
  await show('listOrderEvents', 'GET', `/orders/${ORDER}/events`)

  const changes = { openid: 'oAnotherPayer' }
  await notice(wechat.notices.ofPayments.xml('20261123-9QXD', { changes }))
  const { reviews } = JSON.parse(await show('listReviews', 'GET', '/reviews?open=true')) as {
    reviews: { id: string }[]
  }
  const review = encodeURIComponent(reviews[0]?.id ?? '')
  await show('resolveReview', 'POST', `/reviews/${review}/resolve`, { note: 'asked the payer' })
  await show('closeOrder', 'POST', '/orders/20261123-9QXD/close')
  await show('listOrders', 'GET', '/orders?state=closed&limit=1')

  const list = await show('listDeliveries', 'GET', '/deliveries?state=delivered&limit=1')
  const { deliveries } = JSON.parse(list) as { deliveries: { id: string }[] }
  const delivery = encodeURIComponent(deliveries[0]?.id ?? '')
  await show('resendDelivery', 'POST', `/deliveries/${delivery}/resend`)

  world.setTime(DAY_S)
  await world.cron()
  await show('reconcileBill', 'POST', '/bills/2026-11-23/reconcile')
  await show('getBill', 'GET', '/bills/2026-11-23')
  await show('listRuns', 'GET', '/runs?limit=1')
  await show('getHealth', 'GET', '/health')
  await show('getDoctor', 'GET', '/doctor')
  await show('getMetrics', 'GET', '/metrics', undefined, METRICS_TOKEN)
  await show('recover', 'POST', '/recover', { since: '2026-11-24T03:00:00Z' })

  const webhook = world.webhooks.find((request) =>
    request.headers.get('webhook-id')?.startsWith('order.paid'),
  )
  if (webhook === undefined) throw new Error('the story has no order.paid')
  const answer = await webhook.text()
  examples.set('webhook', {
    method: 'POST',
    path: '/webhook',
    body: undefined,
    status: 204,
    answer,
  })
  return examples
}
