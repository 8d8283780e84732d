import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  compact,
  DAY,
  downloads,
  goTo,
  lost,
  minutes,
  NEXT_DAY,
  onDownload,
  paid,
  reconciled,
  reportOf,
  reviews,
  runNow,
} from '../../../testing/bill-days.ts'
import { stopQueries } from '../../../testing/bill-situations.ts'
import { MERCHANT, world, type World } from '../../../testing/world.ts'

afterEach(() => vi.restoreAllMocks())

const FOREIGN_ROW = (n: number): string =>
  `\`${DAY} 12:00:00,\`wxother,\`${MERCHANT.mchId},\`0,\`,\`42${n},\`other-${n},\`oX,\`JSAPI,\`SUCCESS,\`OTHERS,\`CNY,\`1.00,\`0.00,\`0,\`0,\`0.00,\`0.00,\`,\`,\`x,\`,\`0.00000,\`0.60%,\`1.00,\`0.00,\``

/** A bill in gzip with `count` rows of another mini program of the merchant. */
async function foreignBill(count: number): Promise<Uint8Array> {
  const header =
    '\uFEFF交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注'
  const totals =
    '总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额'
  const sums = `\`${count},\`${count}.00,\`0.00,\`0.00,\`0.00000,\`${count}.00,\`0.00`
  const rows = Array.from({ length: count }, (_, n) => FOREIGN_ROW(n))
  const text = [header, ...rows, totals, sums, ''].join('\r\n')
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'))
  return new Uint8Array(await new Response(stream).arrayBuffer())
}

describe('a bill of more rows than one run may compare', () => {
  const ROWS = 22_000
  const SMALL = { vars: { TICK_STATEMENTS: '45' } }

  async function bigDay(w: World): Promise<void> {
    await paid(w, 'big')
    const bytes = await foreignBill(ROWS)
    onDownload(w, (_, day) =>
      Promise.resolve(day === compact(DAY) ? new Response(bytes) : undefined),
    )
    goTo(w, `${NEXT_DAY}T10:10`)
  }

  it.each([
    ['cannot be written', 'put'],
    ['cannot be read', 'get'],
  ] as const)('is reconciled even when the archive %s', async (_, method) => {
    const w = world(SMALL)
    await bigDay(w)
    vi.spyOn(env.KV, method).mockRejectedValue(new Error('KV failed: 500') as never)
    const report = await reconciled(w, DAY, 30)
    expect(report.bill).toMatchObject({ rows: ROWS, others: ROWS, payments: 0 })
    // Our one payment is not in that bill. Nothing is reported twice.
    expect(report.difference_count).toBe(1)
    expect(downloads(w)).toBeLessThanOrEqual(4)
  })

  it('keeps its archive when a part of it is missing for a minute', async () => {
    const w = world(SMALL)
    await bigDay(w)
    await minutes(w, 1)
    expect((await reportOf(w))?.state).toBe('comparing')
    const missing = vi.spyOn(env.KV, 'get').mockResolvedValueOnce(null as never)
    await minutes(w, 1)
    expect(missing).toHaveBeenCalledTimes(1)
    expect((await reconciled(w)).bill.rows).toBe(ROWS)
    expect(downloads(w)).toBe(1)
    expect((await w.shop('GET', `/bills/${DAY}/raw`)).status).toBe(200)
  })

  it('is reconciled however often an operator runs it meanwhile', async () => {
    const w = world(SMALL)
    await bigDay(w)
    for (let minute = 0; minute < 10; minute++) {
      expect((await runNow(w)).status).toBe(200)
      await minutes(w, 1)
      if ((await reportOf(w))?.state === 'reconciled') break
    }
    expect((await reportOf(w))?.state).toBe('reconciled')
    expect(downloads(w)).toBe(1)
  })
})

describe('very many differences of one day', () => {
  it('open a hundred reviews, and one for the rest, when WeChat does not confirm them', async () => {
    const w = world({ vars: { TICK_CALLS: '5000', TICK_STATEMENTS: '9000' } })
    const { ordercode } = await paid(w, 'rest')
    onDownload(w, async (response) => {
      const gzip = response.body?.pipeThrough(new DecompressionStream('gzip'))
      const [header = '', ...lines] = (await new Response(gzip).text()).split('\r\n')
      const row = lines.find((line) => line.startsWith('`2026')) ?? ''
      const others = Array.from({ length: 210 }, (_, n) =>
        row.replace(/`42\d+/, `\`4299${String(n).padStart(4, '0')}`),
      )
      return new Response([header, row, ...others, ...lines.slice(1)].join('\r\n'))
    })
    const { differences } = await reconciled(w)
    expect(differences.every(({ outcome }) => outcome === 'review')).toBe(true)
    expect(differences.filter(({ kind }) => kind === 'payment_not_here')).toHaveLength(210)
    const found = (await reviews(w)).filter(({ id }) => id.includes('payment_not_here'))
    expect(found.filter(({ ordercode: each }) => each === ordercode)).toHaveLength(100)
    expect(found.filter(({ ordercode: each }) => each === null).map(({ id }) => id)).toEqual([
      `bill_difference.${DAY}.payment_not_here`,
    ])
  })

  it('do not delay the next day', { timeout: 60_000 }, async () => {
    const w = world({ vars: { PLAN: 'free' } })
    for (let n = 0; n < 12; n++) await lost(w, `many-${n}`)
    await stopQueries(w)
    goTo(w, `${NEXT_DAY}T10:00`)
    await paid(w, 'many-next')
    goTo(w, '2026-11-25T10:10')
    await minutes(w, 8)
    expect((await reportOf(w, DAY))?.state).toBe('settling')
    expect((await reportOf(w, NEXT_DAY))?.state).toBe('reconciled')
    expect(
      (await reconciled(w, DAY)).differences.every(({ outcome }) => outcome === 'booked'),
    ).toBe(true)
  })

  it('are not started when the lease is nearly over, so that none is queried twice', async () => {
    const w = world({ vars: { TICK_CALLS: '1000', TICK_STATEMENTS: '1000' } })
    for (let n = 0; n < 20; n++) await lost(w, `slow-${n}`)
    await stopQueries(w)
    goTo(w, `${NEXT_DAY}T10:11`)
    const queried: string[] = []
    const real = w.wechat.fetch
    vi.spyOn(w.wechat, 'fetch').mockImplementation(async (request) => {
      if (!new URL(request.url).pathname.endsWith('/pay/orderquery')) return real(request)
      queried.push(/<out_trade_no>\D*?(w[^<\]]*)/.exec(await request.clone().text())?.[1] ?? '?')
      w.advance(16)
      return new Response('', { status: 500 })
    })
    const begun = w.now()
    await w.cron()
    expect(w.now() - begun).toBeLessThanOrEqual(300_000)
    expect(queried.length).toBeGreaterThan(10)
    expect(new Set(queried).size).toBe(queried.length)
  })
})
