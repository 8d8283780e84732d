import { describe, expect, it } from 'vitest'
import {
  compact,
  DAY,
  downloads,
  goTo,
  NEXT_DAY,
  onDownload,
  paid,
  reconciled,
  reportOf,
  runNow,
  webhooks,
} from '../../../testing/bill-days.ts'
import { MERCHANT, TOKEN, world } from '../../../testing/world.ts'

describe('GET and POST /bills', () => {
  it('require the merchant token', async () => {
    const w = world()
    const wrong = { authorization: `Bearer ${TOKEN.replace('m', 'n')}` }
    for (const headers of [{}, wrong]) {
      const answers = [
        await w.fetch(`/bills/${DAY}`, { headers }),
        await w.fetch(`/bills/${DAY}/raw`, { headers }),
        await w.fetch(`/bills/${DAY}/reconcile`, { method: 'POST', headers }),
      ]
      for (const answer of answers) {
        expect(answer.status).toBe(401)
        expect(await answer.json()).toMatchObject({ code: 'unauthorized' })
      }
    }
    expect(w.calls).toEqual([])
  })

  it('refuse what is not a day', async () => {
    const w = world()
    for (const day of [
      '20261123',
      '2026-02-30',
      '2026-13-01',
      'today',
      '2026-1-2',
      '2026-11-23Z',
    ]) {
      for (const [method, path] of [
        ['GET', `/bills/${day}`],
        ['GET', `/bills/${day}/raw`],
        ['POST', `/bills/${day}/reconcile`],
      ] as const) {
        const answer = await w.shop(method, path)
        expect([day, answer.status]).toEqual([day, 400])
        expect(await answer.json()).toMatchObject({ code: 'invalid_request' })
      }
    }
    expect((await w.shop('DELETE', `/bills/${DAY}`)).status).toBe(405)
    expect((await w.shop('GET', `/bills/${DAY}/reconcile`)).status).toBe(405)
    expect(downloads(w)).toBe(0)
  })

  it('distinguish a bill that does not exist from one that is not ready', async () => {
    const w = world()
    await paid(w, 'not-yet')
    const codeOf = async (answer: Response) => [
      answer.status,
      (await answer.json<{ code: string }>()).code,
    ]
    expect(await codeOf(await w.shop('GET', '/bills/2026-11-20'))).toEqual([404, 'bill_not_found'])
    // A day that is not over has no bill.
    expect(await codeOf(await runNow(w, DAY))).toEqual([409, 'bill_not_ready'])
    expect(await codeOf(await runNow(w, '2026-12-24'))).toEqual([409, 'bill_not_ready'])
    expect(await codeOf(await runNow(w, '2026-08-01'))).toEqual([404, 'bill_not_found'])
    // The day is over, and its bill is not made yet.
    goTo(w, `${NEXT_DAY}T08:00`)
    expect(await codeOf(await runNow(w, DAY))).toEqual([409, 'bill_not_ready'])
    expect(await codeOf(await w.shop('GET', `/bills/${DAY}`))).toEqual([409, 'bill_not_ready'])
    expect(await codeOf(await w.shop('GET', `/bills/${DAY}/raw`))).toEqual([409, 'bill_not_ready'])
    // Requests that came too early change nothing.
    expect((await reconciled(w)).differences).toEqual([])
  })

  it('reconcile immediately on POST, without the cron', async () => {
    const w = world()
    await paid(w, 'at-once')
    goTo(w, `${NEXT_DAY}T10:00`)
    const answer = await runNow(w)
    expect(answer.status).toBe(200)
    const report = await answer.json()
    expect(report).toMatchObject({ date: DAY, state: 'reconciled', difference_count: 0 })
    expect(report).toEqual(await reportOf(w))
    await w.settled()
    expect(webhooks(w, 'bill.reconciled')).toHaveLength(1)
  })

  it('return as raw bill exactly the bytes that WeChat sent', async () => {
    const w = world()
    for (let n = 0; n < 5; n++) await paid(w, `raw-${n}`)
    let sent = new Uint8Array()
    onDownload(w, async (response) => {
      sent = new Uint8Array(await response.arrayBuffer())
      return undefined
    })
    await reconciled(w)
    const answer = await w.shop('GET', `/bills/${DAY}/raw`)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('application/gzip')
    expect(answer.headers.has('content-encoding')).toBe(false)
    expect(answer.headers.get('content-disposition')).toContain(DAY)
    expect(sent.length).toBeGreaterThan(100)
    expect(new Uint8Array(await answer.arrayBuffer())).toEqual(sent)
  })

  it('return the raw bill as text when WeChat sent text', async () => {
    const w = world()
    for (let n = 0; n < 5; n++) await paid(w, `plain-${n}`, { body: '茶,`两包' })
    const text = () => w.wechat.bills.text(compact(DAY))
    onDownload(w, () => Promise.resolve(new Response(text())))
    const report = await reconciled(w)
    expect(report).toMatchObject({ bill: { rows: 5, payments: 5 }, difference_count: 0 })
    const answer = await w.shop('GET', `/bills/${DAY}/raw`)
    expect(answer.headers.get('content-type')).toMatch(/^text\/csv; ?charset=utf-8$/i)
    const bytes = new Uint8Array(await answer.arrayBuffer())
    expect(bytes).toEqual(new TextEncoder().encode(text()))
    expect(bytes.slice(0, 3)).toEqual(Uint8Array.of(0xef, 0xbb, 0xbf))
  })

  it('write no secret and no openid to the log', async () => {
    const w = world()
    const { ordercode } = await paid(w, 'secretive')
    w.wechat.bills.change(compact(DAY), { kind: 'wrong_totals' })
    w.wechat.bills.change(compact(DAY), { kind: 'unasked_refund', outTradeNo: ordercode, fen: 100 })
    await reconciled(w)
    await runNow(w)
    await w.shop('GET', `/bills/${DAY}/raw`)
    expect(w.log.map(({ event }) => event)).toContain('bill_advanced')
    const written = JSON.stringify(w.log)
    const { openid } = (await w.read(ordercode)).attempts[0] ?? { openid: '?' }
    for (const secret of [MERCHANT.apiKey, MERCHANT.appSecret, TOKEN, openid]) {
      expect(written).not.toContain(secret)
    }
  })
})
