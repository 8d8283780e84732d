/** The Worker's own description of its HTTP interface. */
import { env } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'
import worker from '../../src/worker.ts'
import { ignoresBackground } from '../../testing/execution-context.ts'
import { world } from '../../testing/world.ts'

describe('GET /openapi.json', () => {
  it('is open to everyone, from any page of a browser, and may be kept for some minutes', async () => {
    const answer = await world().fetch('/openapi.json')
    expect(answer.status).toBe(200)
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'public, max-age=300',
      'access-control-allow-origin': '*',
    })
    expect(await answer.json()).toMatchObject({ openapi: '3.1.1', paths: { '/pay': {} } })
  })

  it('answers HEAD without a body, and refuses every other method', async () => {
    const head = await world().fetch('/openapi.json', { method: 'HEAD' })
    expect([head.status, head.body]).toEqual([200, null])
    expect(head.headers.get('content-type')).toContain('application/json')
    const post = await world().fetch('/openapi.json', { method: 'POST' })
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  })

  it('is answered while the configuration is wrong, when all else is 500', async () => {
    const log = vi.spyOn(console, 'log').mockImplementation(() => {})
    const ask = (path: string): Promise<Response> =>
      worker.fetch(
        new Request<unknown, IncomingRequestCfProperties>(`https://pay.test${path}`),
        { ...env, WX_APPID: '' },
        // The Worker uses only waitUntil; the platform's other members cannot be built by hand.
        ignoresBackground,
      )
    expect((await ask('/health')).status).toBe(500)
    const document = await ask('/openapi.json')
    expect(document.status).toBe(200)
    expect(await document.text()).toBe(await (await world().fetch('/openapi.json')).text())
    log.mockRestore()
  })
})
