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
  refunded,
  reportOf,
  reviews,
  runNow,
} from '../../../testing/bill-days.ts'
import { MERCHANT, world, type World } from '../../../testing/world.ts'

afterEach(() => vi.restoreAllMocks())

/** Only the bill is to find what nobody heard of. */
async function quiet(w: World): Promise<void> {
  await w.db.prepare('UPDATE attempts SET due_at = NULL').run()
  await w.db.prepare("UPDATE orders SET due_at = NULL WHERE state <> 'paying'").run()
  await w.db.prepare("UPDATE orders SET due_at = 4000000000 WHERE state = 'paying'").run()
}

const openReviews = async (w: World): Promise<string[]> => {
  const answer = await w.shop('GET', '/reviews?open=true')
  const { reviews: open } = await answer.json<{ reviews: { id: string }[] }>()
  return open.map(({ id }) => id)
}

/** D1 that fails whatever such statements are in. */
const failing =
  (isBad: (sql: string) => boolean) =>
  (db: D1Database): D1Database =>
    new Proxy(db, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name)
        if (typeof value !== 'function') return value
        if (name !== 'batch') return value.bind(target) as unknown
        return (statements: D1PreparedStatement[]) => {
          if (isBad(JSON.stringify(statements))) throw new Error('D1_ERROR: no such table: bills')
          return target.batch(statements)
        }
      },
    })

const FOREIGN_ROW = (n: number): string =>
  `\`${DAY} 12:00:00,\`wxother,\`${MERCHANT.mchId},\`0,\`,\`42${n},\`other-${n},\`oX,\`JSAPI,\`SUCCESS,\`OTHERS,\`CNY,\`1.00,\`0.00,\`0,\`0,\`0.00,\`0.00,\`,\`,\`x,\`,\`0.00000,\`0.60%,\`1.00,\`0.00,\``

/** A bill of that many rows of another mini program of the merchant, in gzip. */
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

describe('a day that was reconciled', () => {
  it('and is run again while WeChat is away stays so, and alarms nobody', async () => {
    const w = world()
    await paid(w, 'away')
    await reconciled(w)
    goTo(w, '2026-11-27T15:00')
    w.wechat.faults.inject({ endpoint: 'downloadbill', kind: 'http_500' })
    expect((await runNow(w)).status).toBe(409)
    w.wechat.bills.change(compact(DAY), {
      kind: 'unavailable',
      errorCode: '20007',
      returnMsg: '当前商户号账单API权限已经关闭',
      times: 1,
    })
    expect((await runNow(w)).status).toBe(409)
    expect(await reviews(w)).toEqual([])
    expect((await reportOf(w))?.state).toBe('reconciled')
  })

  it.each(['words', 'half a bill', 'half of its gzip', 'no bill'] as const)(
    'and is run again for %s keeps what is known',
    async (what) => {
      const w = world()
      const { transactionId } = await paid(w, 'kept')
      for (let n = 0; n < 20; n++) await paid(w, `kept-${n}`)
      w.wechat.bills.change(compact(DAY), { kind: 'drop_row', number: transactionId })
      const before = await reconciled(w)
      const raw = await (await w.shop('GET', `/bills/${DAY}/raw`)).arrayBuffer()
      w.advance(86_400)
      const answers = {
        words: () => Promise.resolve(new Response('系统繁忙，请稍后再试')),
        'half a bill': async () => {
          const gzip = new Response(raw).body?.pipeThrough(new DecompressionStream('gzip'))
          return new Response((await new Response(gzip).text()).slice(0, 3_000))
        },
        'half of its gzip': () => Promise.resolve(new Response(raw.slice(0, raw.byteLength / 2))),
        'no bill': () =>
          Promise.resolve(
            new Response(
              '<xml><return_code>FAIL</return_code><return_msg>No Bill Exist</return_msg><error_code>20002</error_code></xml>',
            ),
          ),
      }
      onDownload(w, answers[what])

      expect((await runNow(w)).status).toBe(409)

      const after = await reportOf(w)
      expect(after).toEqual({ ...before, last_error: after?.last_error })
      expect(after?.last_error).toEqual(expect.stringMatching(/./))
      const kept = await (await w.shop('GET', `/bills/${DAY}/raw`)).arrayBuffer()
      expect(new Uint8Array(kept)).toEqual(new Uint8Array(raw))
      expect(await reviews(w)).toHaveLength(1)
    },
  )

  it('before a payment of it was booked: no bill has it, and the next day finds that out, once', async () => {
    const w = world()
    await paid(w, 'beside')
    const { ordercode, transactionId } = await lost(w, 'forged')
    await quiet(w)
    w.wechat.bills.change(compact(DAY), { kind: 'drop_row', number: transactionId })
    await reconciled(w)
    // As with a notice that somebody made with a key that leaked.
    expect((await w.notify(w.wechat.notices.ofPayments.xml(ordercode))).status).toBe(200)
    await w.settled()
    for (const day of [NEXT_DAY, '2026-11-25']) {
      goTo(w, `${day}T12:00`)
      await paid(w, `later-${day}`)
      await reconciled(w, day)
    }
    const found = (await reviews(w)).map(({ id }) => id)
    expect(found).toEqual([`bill_difference.${NEXT_DAY}.payment_not_in_bill.${transactionId}`])
    // Its own day, run again, has nothing to add.
    await runNow(w)
    expect((await reviews(w)).map(({ id }) => id)).toEqual(found)
  })

  it('has a refund near midnight in one review, also when its days are run again', async () => {
    const w = world()
    const { ordercode } = await paid(w, 'midnight')
    goTo(w, `${DAY}T23:58:00`)
    const number = w.code('r')
    await refunded(w, ordercode, number, 300)
    w.wechat.bills.change(compact(DAY), { kind: 'drop_row', number })
    await reconciled(w, DAY)
    goTo(w, `${NEXT_DAY}T12:00`)
    await paid(w, 'after-midnight')
    await reconciled(w, NEXT_DAY)
    const before = (await reviews(w)).map(({ id }) => id)
    expect(before).toHaveLength(1)
    for (const day of [DAY, NEXT_DAY, DAY]) {
      w.advance(60)
      expect((await runNow(w, day)).status).toBe(200)
    }
    expect((await reviews(w)).map(({ id }) => id)).toEqual(before)
  })

  it('counts a refund that WeChat dates a moment later than we do where the bill has it', async () => {
    const w = world()
    const { ordercode } = await paid(w, 'moment')
    goTo(w, `${DAY}T23:59:59`)
    const real = w.wechat.fetchWithCertificate.bind(w.wechat)
    vi.spyOn(w.wechat, 'fetchWithCertificate').mockImplementation(async (request) => {
      w.advance(2)
      const response = await real(request)
      w.advance(-2)
      return response
    })
    await refunded(w, ordercode, w.code('r'), 300)
    vi.restoreAllMocks()
    await reconciled(w, DAY)
    goTo(w, `${NEXT_DAY}T12:00`)
    await paid(w, 'moment-next')
    const sides = async (day: string) => {
      const report = await reconciled(w, day)
      return [report.bill.refunds, (report.books as { refunds?: number } | null)?.refunds]
    }
    expect(await sides(NEXT_DAY)).toEqual([1, 1])
    await runNow(w, DAY)
    expect(await sides(DAY)).toEqual([0, 0])
  })
})

describe('a day that is run again', () => {
  it('is compared again: what came right since then differs no more', async () => {
    const w = world()
    const { ordercode } = await lost(w, 'put-right')
    await quiet(w)
    const frozen = async (fen: number) =>
      w.db
        .prepare('UPDATE attempts SET total_fee = ? WHERE ordercode = ?')
        .bind(fen, ordercode)
        .run()
    await frozen(1)
    expect((await reconciled(w)).differences).toMatchObject([
      { kind: 'payment_not_here', outcome: 'review' },
    ])
    await frozen(8_800)
    expect((await w.notify(w.wechat.notices.ofPayments.xml(ordercode))).status).toBe(200)
    await runNow(w)
    expect(await reconciled(w)).toMatchObject({ bill: { payments: 1 }, difference_count: 0 })
    expect((await openReviews(w)).filter((id) => id.startsWith('bill_difference'))).toEqual([])
  })
})

describe('a payment that only the bill knows', () => {
  it('is not given up for an early "No Bill Exist"', async () => {
    const w = world()
    const { ordercode } = await lost(w, 'early')
    await quiet(w)
    w.wechat.bills.change(compact(DAY), {
      kind: 'unavailable',
      errorCode: '20002',
      returnMsg: 'No Bill Exist',
      times: 1,
    })
    goTo(w, `${NEXT_DAY}T10:10`)
    await minutes(w, 12)
    expect((await reportOf(w))?.state).toBe('reconciled')
    expect((await w.read(ordercode)).state).toBe('paid')
  })

  it('is asked about for two days; a person hears of it, and it ends by itself', async () => {
    const w = world()
    const { ordercode, transactionId } = await lost(w, 'patient')
    await quiet(w)
    goTo(w, `${NEXT_DAY}T10:10`)
    w.wechat.faults.inject({ endpoint: 'orderquery', kind: 'http_500', times: 10_000 })
    await minutes(w, 35)
    expect(await openReviews(w)).toEqual([
      `bill_difference.${DAY}.payment_not_here.${transactionId}`,
    ])
    w.wechat.faults.clear()
    for (let hour = 0; hour < 3; hour++) {
      w.advance(3_600)
      await minutes(w, 1)
    }
    expect((await w.read(ordercode)).state).toBe('paid')
    expect(await openReviews(w)).toEqual([])
    const { differences, state } = (await reportOf(w)) ?? {}
    expect({ differences, state }).toMatchObject({
      state: 'reconciled',
      differences: [{ kind: 'payment_not_here', outcome: 'booked', review_id: null }],
    })
  })

  it('and that WeChat never confirms is left to the person in the end', async () => {
    const w = world()
    const { ordercode } = await lost(w, 'never')
    await quiet(w)
    goTo(w, `${NEXT_DAY}T10:10`)
    w.wechat.faults.inject({ endpoint: 'orderquery', kind: 'http_500', times: 10_000 })
    await minutes(w, 31)
    for (let hour = 0; hour < 52; hour++) {
      w.advance(3_600)
      await minutes(w, 1)
    }
    expect((await reportOf(w))?.state).toBe('reconciled')
    expect((await w.read(ordercode)).state).toBe('paying')
    expect(await openReviews(w)).toHaveLength(1)
  })

  it('that was taken back by command is one difference, and no second one for not being in the bill', async () => {
    const w = world()
    const { transactionId: number } = await paid(w, 'revoked')
    const columns = { 交易状态: 'REVOKED' }
    w.wechat.bills.change(compact(DAY), { kind: 'set_columns', number, columns })
    const { differences } = await reconciled(w)
    expect(differences.map(({ kind }) => kind)).toEqual(['payment_revoked'])
  })
})

describe('a run that does not come to its end', () => {
  it('is told to a person when the bill is late, and does not take the rest of the cron with it', async () => {
    const w = world()
    await paid(w, 'hanging')
    goTo(w, `${NEXT_DAY}T10:10`)
    // As when the platform ends a run that takes too long: nothing more is written.
    const real = env.DB.batch.bind(env.DB)
    let isDead = false
    vi.spyOn(env.DB, 'batch').mockImplementation((async (statements: D1PreparedStatement[]) => {
      if (isDead) throw new Error('the run is over')
      return real(statements)
    }) as never)
    onDownload(w, () => {
      isDead = true
      return Promise.resolve(undefined)
    })
    for (let hour = 0; hour < 40; hour++) {
      await w.cron().catch(() => undefined)
      isDead = false
      w.advance(3_600)
    }
    vi.restoreAllMocks()
    const found = await reviews(w)
    expect(found.map(({ id }) => id)).toEqual([`bill_difference.${DAY}.bill_missing`])
    expect(JSON.stringify(found[0]?.evidence)).toContain('stops before it has finished this day')
    expect((await reconciled(w)).bill.payments).toBe(1)
  })

  it('in an archive that never answers is compared without it', async () => {
    const w = world()
    await paid(w, 'silent')
    vi.spyOn(env.KV, 'put').mockImplementation((() => new Promise(() => undefined)) as never)
    expect((await reconciled(w)).bill.payments).toBe(1)
  })

  it('leaves the other days their turn, and says that it failed', async () => {
    const w = world({
      wrapDb: failing((sql) => sql.includes('SET rows_done') && sql.includes(DAY)),
    })
    await paid(w, 'bad-day')
    goTo(w, `${NEXT_DAY}T12:00`)
    await paid(w, 'good-day')
    goTo(w, '2026-11-25T10:10')
    await minutes(w, 12)
    expect((await reportOf(w, NEXT_DAY))?.state).toBe('reconciled')
    expect(await reportOf(w, DAY)).toMatchObject({
      state: 'comparing',
      last_error: expect.stringContaining('failed'),
    })
    // It comes again in an hour, and not whenever its lease ends.
    expect(w.log.filter(({ event }) => event === 'tick_item_failed')).toHaveLength(1)
  })

  it('because of the bill asks about payments, and tells the shop, all the same', async () => {
    let isBroken = false
    const w = world({ wrapDb: failing((sql) => isBroken && sql.includes('INSERT INTO bills')) })
    const { ordercode } = await lost(w, 'no-table')
    isBroken = true
    // In this minute the bill has its turn first.
    goTo(w, `${DAY}T12:05`)
    await w.cron()
    expect((await w.read(ordercode)).state).toBe('paid')
    expect(w.receiver.types()).toEqual(['order.paid'])
  })
})

describe('a bill of more rows than one run may compare', () => {
  const ROWS = 22_000

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
  ] as const)('comes to its end where the archive %s', async (_, method) => {
    const w = world()
    await bigDay(w)
    vi.spyOn(env.KV, method).mockRejectedValue(new Error('KV failed: 500') as never)
    const report = await reconciled(w, DAY, 30)
    expect(report.bill).toMatchObject({ rows: ROWS, others: ROWS, payments: 0 })
    // Its one payment is not in that bill; nothing else is said twice.
    expect(report.difference_count).toBe(1)
    expect(downloads(w)).toBeLessThanOrEqual(4)
  })

  it('keeps its archive when a piece of it is not there for a minute', async () => {
    const w = world()
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

  it('comes to its end however often somebody asks for it meanwhile', async () => {
    const w = world()
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

describe('a bill of a layout that nobody knows', () => {
  it('is kept for a person to look at', async () => {
    const w = world()
    await paid(w, 'layout')
    const body = '\uFEFF交易时间,微信订单号,商户订单号,something\r\n`1,`2,`3,`4\r\n'
    onDownload(w, () => Promise.resolve(new Response(body)))
    goTo(w, `${NEXT_DAY}T10:10`)
    await minutes(w, 1)
    const answer = await w.shop('GET', `/bills/${DAY}`)
    expect(await answer.json()).toMatchObject({
      code: 'bill_not_ready',
      last_error: 'unknown_layout',
    })
    expect(await (await w.shop('GET', `/bills/${DAY}/raw`)).text()).toContain('something')
  })
})

describe('a row that is in the bill twice', () => {
  it('is a difference, although nothing else differs', async () => {
    const w = world()
    const { transactionId } = await paid(w, 'twice')
    await paid(w, 'once')
    onDownload(w, async (response) => {
      const gzip = response.body?.pipeThrough(new DecompressionStream('gzip'))
      const lines = (await new Response(gzip).text()).split('\r\n')
      const row = lines.find((line) => line.includes(transactionId)) ?? ''
      return new Response([lines[0], row, ...lines.slice(1)].join('\r\n'))
    })
    const { differences } = await reconciled(w)
    expect(differences).toContainEqual(
      expect.objectContaining({
        kind: 'sum_differs',
        subject: 'rows',
        outcome: 'review',
      }),
    )
    // The same, in a bill that adds up.
    vi.restoreAllMocks()
    onDownload(w, async (response) => {
      const gzip = response.body?.pipeThrough(new DecompressionStream('gzip'))
      const [header = '', ...lines] = (await new Response(gzip).text()).split('\r\n')
      const rows = lines.filter((line) => line.startsWith('`2026'))
      const sums = '`3,`264.00,`0.00,`0.00,`1.59000,`264.00,`0.00'
      const text = [header, rows[0], ...rows, lines.at(-3), sums, ''].join('\r\n')
      return new Response(text)
    })
    w.advance(60)
    await runNow(w)
    expect((await reconciled(w)).differences).toMatchObject([
      {
        kind: 'sum_differs',
        subject: 'payments',
        bill: { payments: 3, total_fee: 26_400 },
        books: { payments: 2, total_fee: 17_600 },
      },
    ])
    // The first one differs no more.
    expect(await openReviews(w)).toEqual([`bill_difference.${DAY}.sum_differs.payments`])
  })
})

describe('very many differences of one day', () => {
  it('that WeChat does not confirm are a hundred reviews, and one for the rest', async () => {
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

  it('do not keep the next day waiting', { timeout: 60_000 }, async () => {
    const w = world()
    for (let n = 0; n < 12; n++) await lost(w, `many-${n}`)
    await quiet(w)
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

  it('are not worked on when the lease is nearly over, so that nobody asks twice', async () => {
    const w = world({ vars: { TICK_CALLS: '1000', TICK_STATEMENTS: '1000' } })
    for (let n = 0; n < 20; n++) await lost(w, `slow-${n}`)
    await quiet(w)
    goTo(w, `${NEXT_DAY}T10:11`)
    const asked: string[] = []
    const real = w.wechat.fetch
    vi.spyOn(w.wechat, 'fetch').mockImplementation(async (request) => {
      if (!new URL(request.url).pathname.endsWith('/pay/orderquery')) return real(request)
      asked.push(/<out_trade_no>\D*?(w[^<\]]*)/.exec(await request.clone().text())?.[1] ?? '?')
      w.advance(16)
      return new Response('', { status: 500 })
    })
    const begun = w.now()
    await w.cron()
    expect(w.now() - begun).toBeLessThanOrEqual(300_000)
    expect(asked.length).toBeGreaterThan(10)
    expect(new Set(asked).size).toBe(asked.length)
  })
})
