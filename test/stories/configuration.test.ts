/** What a wrong variable stops, and what it does not. */
import { env } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'
import worker from '../../src/worker.ts'
import { ignoresBackground } from '../../testing/execution-context.ts'
import { MERCHANT, TOKEN, world, type World } from '../../testing/world.ts'

type Health = { status: string; components: { name: string; status: string; reason: string }[] }
type Delivery = { id: string; type: string; state: string; tries: number }

const healthOf = async (w: World): Promise<[number, Health]> => {
  const answer = await w.fetch('/health')
  return [answer.status, await answer.json<Health>()]
}
const deliveryOf = async (w: World, ordercode: string): Promise<Delivery | undefined> => {
  const answer = await w.shop('GET', '/deliveries')
  const { deliveries } = await answer.json<{ deliveries: (Delivery & { ordercode: string })[] }>()
  return deliveries.find((each) => each.ordercode === ordercode && each.type === 'order.paid')
}

describe('a webhook secret that is no Base64', () => {
  it('lets payments in, keeps their webhooks pending, and shows in /health', async () => {
    const w = world({ vars: { WEBHOOK_SECRET: 'whsec_not-a-key' } })
    const ordercode = await w.order('unsigned')
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    w.wechat.payer.pay(ordercode)
    await w.deliverNotices()
    w.advance(3 * 3_600)
    await w.cron()
    await w.settled()

    expect((await w.read(ordercode)).state).toBe('paid')
    const delivery = await deliveryOf(w, ordercode)
    expect(delivery).toMatchObject({ state: 'pending', tries: 0 })
    expect(w.receiver.received).toEqual([])
    const resent = await w.shop('POST', `/deliveries/${delivery?.id}/resend`)
    expect([resent.status, await resent.json()]).toMatchObject([500, { code: 'misconfigured' }])
    expect(await healthOf(w)).toEqual([
      200,
      expect.objectContaining({
        status: 'degraded',
        components: [
          // The webhook has waited for three hours.
          { name: 'money', status: 'degraded', reason: 'backlog' },
          {
            name: 'webhooks',
            status: 'degraded',
            reason: 'misconfigured',
            variables: ['WEBHOOK_SECRET'],
          },
        ],
      }),
    ])

    const corrected = world()
    corrected.advance(3 * 3_600)
    await corrected.cron()
    expect(corrected.receiver.types()).toEqual(['order.paid'])
    expect((await deliveryOf(corrected, ordercode))?.state).toBe('delivered')
    expect((await healthOf(corrected))[1]).toMatchObject({ status: 'ok', components: [] })
  })

  it('leaves no webhook pending for good where there is no receiver', async () => {
    const w = world({ vars: { WEBHOOK_URL: '', WEBHOOK_SECRET: 'whsec_not-a-key' } })
    const ordercode = await w.order('no-receiver')
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    w.wechat.payer.pay(ordercode)
    await w.deliverNotices()

    expect(await deliveryOf(w, ordercode)).toMatchObject({ state: 'no_target', tries: 0 })
    expect((await healthOf(w))[1].components).toContainEqual(
      expect.objectContaining({ variables: ['WEBHOOK_SECRET'] }),
    )
  })
})

describe('the Worker', () => {
  /** Sends a request without a token to the Worker of src/worker.ts. @returns its status, and what it logged. */
  async function start(vars: Readonly<Record<string, string>>) {
    const lines: unknown[] = []
    const log = vi.spyOn(console, 'log').mockImplementation((line: string) => {
      lines.push(JSON.parse(line))
    })
    const installation = {
      ...env,
      WX_APPID: MERCHANT.appid,
      WX_MCH_ID: MERCHANT.mchId,
      WX_API_KEY: MERCHANT.apiKey,
      WX_APP_SECRET: MERCHANT.appSecret,
      MERCHANT_TOKEN: TOKEN,
      PUBLIC_URL: 'https://pay.test',
      ...vars,
    }
    const request = new Request<unknown, IncomingRequestCfProperties>('https://pay.test/orders')
    // The Worker uses only waitUntil; the platform's other members cannot be built by hand.
    const answer = await worker.fetch(request, installation, ignoresBackground)
    log.mockRestore()
    return { status: answer.status, lines }
  }

  it('logs what is off and what it warns of by name, without the values, and at most hourly', async () => {
    const vars = {
      WEBHOOK_URL: 'https://shop.test/webhooks',
      WEBHOOK_SECRET: 'whsec_mistyped',
      PUBLIC_URL: 'https://pay.shop.workers.dev',
    }
    const first = await start(vars)

    expect(first.status).toBe(401)
    expect(first.lines).toContainEqual({
      event: 'feature_off',
      feature: 'webhooks',
      reason: 'WEBHOOK_SECRET',
    })
    expect(first.lines).toContainEqual({
      event: 'configuration_warning',
      variable: 'PUBLIC_URL',
      reason: 'workers_dev',
    })
    expect(JSON.stringify(first.lines)).not.toMatch(/mistyped|shop/)
    expect(JSON.stringify((await start(vars)).lines)).not.toContain('feature_off')
  })

  it('reads its configuration once, since the platform passes the same to every request', async () => {
    let reads = 0
    const installation = {
      ...env,
      get WX_APPID() {
        reads++
        return MERCHANT.appid
      },
    }
    // The Worker uses only waitUntil; the platform's other members cannot be built by hand.
    const log = vi.spyOn(console, 'log').mockImplementation(() => {})
    for (let times = 0; times < 3; times++) {
      const request = new Request<unknown, IncomingRequestCfProperties>('https://pay.test/orders')
      expect((await worker.fetch(request, installation, ignoresBackground)).status).toBe(500)
    }
    log.mockRestore()
    expect(reads).toBe(1)
  })

  it('answers every request with 500 while a variable that payments need is wrong, and logs its name', async () => {
    const stopped = await start({
      WX_API_KEY: 'too-short',
      WEBHOOK_URL: 'https://shop.test/webhooks',
      WEBHOOK_SECRET: 'whsec_mistyped',
    })

    expect(stopped).toEqual({
      status: 500,
      lines: [{ event: 'misconfigured', reason: 'WX_API_KEY, WEBHOOK_SECRET' }],
    })
  })
})
