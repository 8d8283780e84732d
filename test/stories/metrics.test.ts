import { describe, expect, it } from 'vitest'
import { paidOrder, paidTwice, refund } from '../../testing/refund-stories.ts'
import { TOKEN, world, type World } from '../../testing/world.ts'

const METRICS_TOKEN = 'token-of-prometheus-0123456789'
const METRIC = /^wxpay_edge_[a-z_]+(\{[a-z_]+="[^"\\\n]*"(,[a-z_]+="[^"\\\n]*")*\})? -?\d+$/

const measured = () => world({ vars: { METRICS_TOKEN } })

const scrape = (w: World, token = METRICS_TOKEN): Promise<Response> =>
  w.fetch('/metrics', { headers: { authorization: `Bearer ${token}` } })

/** The values by name and labels. */
async function values(w: World): Promise<Record<string, number>> {
  const lines = (await (await scrape(w)).text()).trimEnd().split('\n')
  const samples = lines.filter((line) => !line.startsWith('#'))
  return Object.fromEntries(
    samples.map((line): [string, number] => {
      const at = line.lastIndexOf(' ')
      return [line.slice('wxpay_edge_'.length, at), Number(line.slice(at + 1))]
    }),
  )
}

describe('GET /metrics', () => {
  it('is the text format of Prometheus: help, type, and lines of names, labels and numbers', async () => {
    const w = measured()
    await paidOrder(w, 'format')
    await w.cron()
    const answer = await scrape(w)
    const lines = (await answer.text()).split('\n')

    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(lines.pop()).toBe('')
    const told = new Set<string>()
    for (const line of lines) {
      const [mark, kind, name = ''] = line.split(' ')
      if (mark === '#') {
        expect(['HELP', 'TYPE']).toContain(kind)
        told.add(name)
      } else {
        expect(line).toMatch(METRIC)
        expect(told).toContain(/^[a-z_]+/.exec(line)?.[0])
      }
    }
    expect(new Set(lines).size).toBe(lines.length)
  })

  it('counts payments and refunds of the day in fen, and how the payments were found', async () => {
    const w = measured()
    const { ordercode } = await paidOrder(w, 'noticed', 1_000)
    await refund(w, ordercode, 'R1', 300)
    w.wechat.platform.settleRefund('R1', 'SUCCESS')
    const lost = await w.order('lost', { total_fee: 250 })
    await w.pay(lost, w.wechat.payer.newOpenid())
    w.wechat.payer.pay(lost)
    for (let minute = 0; minute < 4; minute++) {
      w.advance(60)
      await w.cron()
    }

    expect(await values(w)).toMatchObject({
      payments_today: 2,
      payments_today_fen: 1_250,
      'payments_recent{found_by="notice"}': 1,
      'payments_recent{found_by="query"}': 1,
      'payments_recent{found_by="bill"}': 0,
    })
  })

  it('tells what waits for a person, and how long due work has waited', async () => {
    const w = measured()
    w.receiver.answerAlways(() => Promise.resolve(new Response(null, { status: 500 })))
    await paidTwice(w, 'twice')
    await w.deliverNotices()
    await w.settled()
    await w.cron()
    w.advance(600)

    const seen = await values(w)
    expect(seen['reviews_open{kind="second_payment"}']).toBe(1)
    expect(seen['webhooks_given_up']).toBe(0)
    expect(seen['due_oldest_age_seconds{class="money"}']).toBeGreaterThan(300)
    expect(seen['component_wrong{name="money",reason="backlog",status="degraded"}']).toBe(1)
    expect(seen['cron_last_success_timestamp_seconds']).toBe(Math.floor(w.now() / 1_000) - 600)
  })

  it('is not there without METRICS_TOKEN, and no other token opens it', async () => {
    const w = measured()

    expect((await world().fetch('/metrics')).status).toBe(404)
    expect((await w.fetch('/metrics')).status).toBe(401)
    expect((await scrape(w, TOKEN)).status).toBe(401)
    expect((await scrape(w, `${METRICS_TOKEN}x`)).status).toBe(401)
  })

  it('opens nothing else with its token', async () => {
    const w = measured()
    const headers = { authorization: `Bearer ${METRICS_TOKEN}` }

    for (const path of ['/orders', '/runs', '/reviews']) {
      expect((await w.fetch(path, { headers })).status).toBe(401)
    }
    expect(await (await w.fetch('/health', { headers })).json()).not.toHaveProperty('oldest_due')
  })

  it('is answered from memory for fifteen seconds', async () => {
    const w = measured()
    const before = (await values(w))['payments_today']
    await paidOrder(w, 'remembered')
    w.advance(14)
    expect((await values(w))['payments_today']).toBe(before)
    w.advance(61)
    await w.cron()
    w.advance(16)
    expect((await values(w))['payments_today']).toBe(1)
  })

  it('says when the merchant certificate ends, if the operator has said it', async () => {
    const w = world({ vars: { METRICS_TOKEN, WX_CERT_EXPIRES: '2027-01-31' } })

    expect((await values(w))['certificate_expiry_timestamp_seconds']).toBe(
      Date.UTC(2027, 0, 31) / 1_000,
    )
    expect(await values(measured())).not.toHaveProperty('certificate_expiry_timestamp_seconds')
  })
})
