/** What every operation of `openapi.json` answers alike: to a stranger, to a viewer, to what is too large, and when something is broken. */
import { env } from 'cloudflare:workers'
import { type Operation, OPERATIONS } from 'virtual:contract'
import { describe, expect, it, vi } from 'vitest'
import worker from '../../src/worker.ts'
import { observed } from '../../testing/contract/observer.ts'
import { ignoresBackground } from '../../testing/execution-context.ts'
import { TOKEN, WEBHOOK_SECRET, world, type World } from '../../testing/world.ts'

const VIEWER = 'token-of-a-viewer-of-the-tests-0123'
const METRICS = 'token-of-prometheus-0123'
const SINCE = '2026-11-23T03:00:00Z'

/** The operations that have an error code. */
const having = (code: string): readonly Operation[] =>
  OPERATIONS.filter(({ responses }) =>
    Object.values(responses).some(({ codes }) => codes.includes(code)),
  )

/** Bodies that the operations accept. */
const BODIES: Readonly<Record<string, object>> = {
  payByPost: { code: 'the-code', ordercode: 'an-order' },
  putOrder: { total_fee: 1, body: 'x' },
  putRefund: { refund_fee: 1 },
  resolveReview: { note: 'x' },
  recover: { since: SINCE },
}

/** A request that an operation accepts, as far as it can know without its database. */
function requestOf({ id, method, path }: Operation, token: string, ticket: string): Request {
  const filled = path
    .replace('{ordercode}', 'an-order')
    .replace('{out_refund_no}', 'R1')
    .replace('{date}', '2026-11-20')
    .replace('{id}', 'an-id')
  const query = { pay: '?code=the-code&ordercode=an-order', getResult: `?ticket=${ticket}` }[id]
  const body = BODIES[id]
  return new Request(`https://pay.test${filled}${query ?? ''}`, {
    method,
    headers: { authorization: `Bearer ${token}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
}

const tokenFor = ({ id }: Operation): string => (id === 'getMetrics' ? METRICS : TOKEN)

async function ticketOf(w: World): Promise<string> {
  const ordercode = await w.order('ticket')
  const { ticket } = await (
    await w.pay(ordercode, w.wechat.payer.newOpenid())
  ).json<{ ticket: string }>()
  return ticket
}

/**
 * Asks every operation, so that the observer sees that each answer is in the document.
 *
 * @returns those that have an error code and did not answer with it.
 */
async function unlike(
  code: string,
  ask: (operation: Operation) => Promise<Response>,
): Promise<string[]> {
  const wrong: string[] = []
  const declaring = having(code)
  expect(declaring.length).toBeGreaterThan(0)
  for (const operation of OPERATIONS) {
    const answer = await ask(operation)
    const body = await answer.text()
    if (declaring.includes(operation) && !body.includes(`"code":"${code}"`)) {
      wrong.push(`${operation.id}: ${answer.status} ${body}`)
    }
  }
  return wrong
}

const send = (w: World, request: Request): Promise<Response> =>
  w.fetch(request.url, {
    method: request.method,
    headers: request.headers,
    ...(request.body === null ? {} : { body: request.body }),
  })

/** A database whose every call fails. */
const failing = (message: string) => (db: D1Database) =>
  new Proxy(db, {
    get: (target, name) =>
      name === 'batch' || name === 'exec'
        ? () => Promise.reject(new Error(message))
        : Reflect.get(target, name),
  })

describe('every operation that openapi.json says it of', () => {
  it('refuses a stranger', async () => {
    const w = world({ vars: { METRICS_TOKEN: METRICS } })
    expect(await unlike('unauthorized', (each) => send(w, requestOf(each, 'x', '')))).toEqual([])
  })

  it('refuses a viewer what changes something, and the file of a bill', async () => {
    const bytes = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(VIEWER))
    const hash = [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, '0'))
    const OPERATORS = JSON.stringify({ auditor: { token_sha256: hash.join(''), role: 'viewer' } })
    const w = world({ vars: { OPERATORS } })
    expect(await unlike('forbidden', (each) => send(w, requestOf(each, VIEWER, '')))).toEqual([])
  })

  it('refuses a body that is no JSON, and one that is too large', async () => {
    const w = world()
    const withBody = having('body_too_large')
    const post = (each: Operation, body: string) => {
      const { url, method, headers } = requestOf(each, TOKEN, '')
      return w.fetch(url, { method, headers, body })
    }
    expect(withBody.map(({ id }) => id).sort()).toEqual(Object.keys(BODIES).sort())
    for (const each of withBody) {
      expect(await (await post(each, ' '.repeat(65_537))).json()).toMatchObject({
        code: 'body_too_large',
      })
    }
    for (const each of withBody) {
      expect(await (await post(each, '{')).json()).toMatchObject({ code: 'invalid_request' })
    }
  })

  it('answers 503 while the database is away, and 500 to a bug, and says no more', async () => {
    const vars = { METRICS_TOKEN: METRICS }
    const ticket = await ticketOf(world())
    const away = world({ vars, wrapDb: failing('Network connection lost.') })
    const broken = world({ vars, wrapDb: failing('UNIQUE constraint failed: SQLITE_CONSTRAINT') })
    const ask = (w: World) => (each: Operation) => send(w, requestOf(each, tokenFor(each), ticket))
    expect(await unlike('store_unavailable', ask(away))).toEqual([])
    expect(await unlike('internal', ask(broken))).toEqual([])
  })

  it('answers 500 while the configuration is wrong', async () => {
    const log = vi.spyOn(console, 'log').mockImplementation(() => {})
    // The Worker uses only waitUntil; the platform's other members cannot be built by hand.
    const wrong = await unlike('misconfigured', async (each) => {
      const request = requestOf(each, TOKEN, '') as Request<unknown, IncomingRequestCfProperties>
      const answer = await worker.fetch(
        request.clone(),
        { ...env, WX_APPID: '' },
        ignoresBackground,
      )
      return observed(request, undefined, answer)
    })
    log.mockRestore()
    expect(wrong).toEqual([])
  })

  it('answers 404 about what does not exist', async () => {
    const w = world()
    const codes = ['order_not_found', 'review_not_found', 'delivery_not_found']
    for (const code of codes) {
      const ofShop = having(code).filter(({ id }) => !id.startsWith('pay'))
      for (const each of ofShop) {
        const answer = await send(w, requestOf(each, TOKEN, ''))
        expect(await answer.json(), each.id).toMatchObject({ status: 404, code })
      }
    }
  })
})

it('a list refuses a page that it did not give', async () => {
  const w = world()
  for (const { path } of OPERATIONS.filter(({ id }) => id.startsWith('list'))) {
    const answer = await w.shop('GET', `${path.replace('{ordercode}', 'an-order')}?limit=101`)
    expect(await answer.json(), path).toMatchObject({ code: 'invalid_request' })
  }
})

it('an alert to a receiver of Standard Webhooks is as openapi.json has it', async () => {
  const got: { type: string; data: { began: string[] } }[] = []
  const w = world({
    vars: { ALERT_URL: 'https://alerts.test/in', ALERT_SECRET: WEBHOOK_SECRET },
    group: async (request) => {
      got.push(await request.json())
      return new Response(null, { status: 204 })
    },
  })
  await w.cron()
  expect(got).toMatchObject([{ type: 'alert', data: { began: ['cron.cron_silent'] } }])
})
