/** What each token may do: of the shop, of an operator, of a viewer, and of a stranger. */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ROUTES } from '../../src/routes/routes.ts'
import { makeShop } from '../../testing/fuzz/run/fixture.ts'
import { type FuzzWorld, ORDERS, TOKEN } from '../../testing/fuzz/run/world.ts'
import { installInstantCrypto } from '../../testing/simulation/d1/instant-crypto.ts'
import { chanceOf } from '../../testing/simulation/run/random.ts'

const OPERATOR = 'op_token-of-an-operator-0123456789abcdefghi'
const VIEWER = 'op_token-of-a-viewer-0123456789abcdefghijkl'
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const OPERATORS = JSON.stringify({
  'li.wei': { token_sha256: sha256(OPERATOR), role: 'operator' },
  accounting: { token_sha256: sha256(VIEWER).toUpperCase(), role: 'viewer' },
})

/** What a viewer may do: read, but not the bill's file. */
const READABLE = [
  '/orders',
  '/orders/:ordercode',
  '/orders/:ordercode/events',
  '/orders/:ordercode/refunds/:out_refund_no',
  '/bills/:date',
  '/reviews',
  '/deliveries',
  '/runs',
  '/doctor',
].map((path) => `GET ${path}`)

let restore = (): void => {}
let world: FuzzWorld
beforeAll(async () => {
  restore = installInstantCrypto()
  world = await makeShop(chanceOf(1, 'operators'), { vars: { OPERATORS } })
})
afterAll(() => restore())

/** The only routes without a token of ours. */
const OPEN: readonly string[] = [
  'GET /pay',
  'POST /pay',
  'GET /result',
  'POST /notify',
  'POST /notify/refund',
  'GET /health',
  'GET /metrics',
]
const guarded = ROUTES.filter(({ method, path }) => !OPEN.includes(`${method} ${path}`))
const EXAMPLES: Readonly<Record<string, string>> = {
  ordercode: ORDERS.created,
  out_refund_no: 'R1',
  date: '2026-11-22',
  id: 'order.paid.1',
}
const fill = (path: string): string =>
  path.replace(/:(\w+)/g, (_, name: string) => EXAMPLES[name] ?? expect.fail(name))

const ask = (token: string | undefined, method: string, path: string): Promise<Response> =>
  world.send(
    new Request(new URL(path, 'https://pay.test'), {
      method,
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      ...(method === 'GET' ? {} : { body: '{}' }),
    }),
  )
const codeOf = async (response: Response): Promise<string> =>
  response.ok ? 'ok' : (await response.json<{ code: string }>()).code

/** The routes whose answer to a token is neither 401 nor 403. */
async function open(token: string | undefined): Promise<string[]> {
  const found: string[] = []
  for (const { method, path } of guarded) {
    const { status } = await ask(token, method, fill(path))
    if (status !== 401 && status !== 403) found.push(`${method} ${path}`)
  }
  return found
}

const all = guarded.map(({ method, path }) => `${method} ${path}`)

describe('the routes behind a token', () => {
  it('are all open to the shop and to an operator', async () => {
    expect(await open(TOKEN)).toEqual(all)
    expect(await open(OPERATOR)).toEqual(all)
  })

  it('let a viewer read, and do nothing else', async () => {
    expect((await open(VIEWER)).sort()).toEqual([...READABLE].sort())
    expect(await codeOf(await ask(VIEWER, 'POST', `/orders/${ORDERS.created}/close`))).toBe(
      'forbidden',
    )
  })

  it('do not give a viewer the file of a bill under another spelling of its path', async () => {
    for (const path of ['/bills/2026-11-22/raw', '/bills/2026-11-22/raw/', '/bills/x/raw?a=b']) {
      expect(await codeOf(await ask(VIEWER, 'GET', path)), path).toBe('forbidden')
    }
  })

  it('are closed without a token, and with one that is only nearly right', async () => {
    const nearly = [
      undefined,
      OPERATOR.slice(1),
      `${OPERATOR}0`,
      OPERATOR.toUpperCase(),
      // Whoever reads OPERATORS has no token.
      sha256(OPERATOR),
      'li.wei',
    ]
    for (const token of nearly) expect(await open(token), token).toEqual([])
  })

  it('log what a viewer was refused, with the name', async () => {
    await ask(VIEWER, 'POST', `/orders/${ORDERS.created}/close`)
    expect(world.log).toEqual([
      {
        event: 'viewer_refused',
        actor: 'accounting',
        method: 'POST',
        path: `/orders/${ORDERS.created}/close`,
      },
    ])
  })
})
