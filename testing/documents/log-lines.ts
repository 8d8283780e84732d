/** Real lines of the log, for the queries in docs/operations.md: a short story with all that goes wrong in it. */
import type { LogEntry } from '../../src/ports/deps.ts'
import { signedXml } from '../fuzz/inputs/signed-message.ts'
import { API_KEY, FuzzWorld, TOKEN } from '../fuzz/run/world.ts'
import { chanceOf } from '../simulation/run/random.ts'

const ORIGIN = 'https://pay.test'
const ORDERS = ['order-paid', 'order-refused', 'order-lost']

/** @returns the fields that lines of each event had. */
export async function loggedFields(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const world = new FuzzWorld(chanceOf(1, 'log'), { certificate: true })
  const { wechat, payer } = world
  const lines: LogEntry[] = []
  const send = async (
    method: string,
    path: string,
    given: Readonly<{ body?: string; token?: string; answers?: Parameters<typeof world.send>[1] }>,
  ): Promise<void> => {
    const { body = null, token = TOKEN, answers } = given
    const headers = { authorization: `Bearer ${token}`, 'cf-connecting-ip': '203.0.113.7' }
    await world.send(new Request(`${ORIGIN}${path}`, { method, headers, body }), answers)
    lines.push(...world.log)
  }
  const pay = (ordercode: string, answers: Parameters<typeof world.send>[1] = []) =>
    send('GET', `/pay?code=${wechat.payer.login(payer)}&ordercode=${ordercode}`, { answers })

  for (const ordercode of ORDERS) {
    await send('PUT', `/orders/${ordercode}`, { body: '{"total_fee":8800,"body":"a book"}' })
  }
  await pay('order-paid')
  wechat.payer.pay('order-paid')
  await send('POST', '/notify', { body: wechat.notices.ofPayments.xml('order-paid') })
  await pay('order-lost', [{ endpoint: 'unifiedorder', what: 'drops' }])
  const refusal = signedXml({ result_code: 'FAIL', err_code: 'SYSTEMERROR' }, API_KEY)
  const bytes = Uint8Array.from(new TextEncoder().encode(refusal))
  await pay('order-refused', [{ endpoint: 'unifiedorder', what: { status: 200, bytes } }])
  await send('PUT', '/orders/order-paid/refunds/R1', { body: '{"refund_fee":900}' })
  await send('GET', '/orders', { token: 'not-the-token-of-the-shop' })
  world.setTime(3_600)
  world.log = []
  await world.cron()
  lines.push(...world.log)

  const fields = new Map<string, Set<string>>()
  for (const line of lines) {
    const known = fields.get(line.event) ?? new Set()
    for (const [name, value] of Object.entries(line)) if (value !== undefined) known.add(name)
    fields.set(line.event, known)
  }
  return fields
}
