import { describe, expect, it } from 'vitest'
import type { Fault } from '../../../simulator/protocol/faults.ts'
import type { BillChange } from '../../../simulator/state/bill-plan.ts'
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
  tens,
  webhooks,
} from '../../../testing/bill-days.ts'
import { world, type World } from '../../../testing/world.ts'

/** Some payments and a refund; the bill of the day agrees, once it can be had and read. */
async function goodDay(w: World, payments = 2): Promise<void> {
  for (let n = 0; n < payments; n++) await paid(w, `weather-${n}`, { total_fee: 100 + n })
  await refunded(w, w.code('weather-0'), 'weather-r', 50)
  w.advance(600)
  await minutes(w, 2)
  w.receiver.received.length = 0
  goTo(w, `${NEXT_DAY}T10:10`)
}

/** Not reconciled, nothing concluded, nobody alarmed; then asked again after ten minutes, and all is well. */
async function expectPatience(w: World): Promise<void> {
  await w.cron()
  await w.settled()
  const first = downloads(w)
  const answer = await w.shop('GET', `/bills/${DAY}`)
  const body = await answer.json<{ code?: string; state?: string; last_error: string | null }>()
  // Nothing that can be used has come yet: that is "not ready", or a report that says so.
  expect([body.code, body.state]).toContain(answer.status === 409 ? 'bill_not_ready' : 'waiting')
  expect(body.last_error).toEqual(expect.stringMatching(/./))
  for (const seconds of [60, 240, 240]) {
    w.advance(seconds)
    await w.cron()
    await w.settled()
  }
  w.advance(60)
  expect(downloads(w)).toBe(first)
  expect(await reviews(w)).toEqual([])
  expect(w.receiver.received).toEqual([])

  const report = await reconciled(w)
  expect(report).toMatchObject({
    last_error: null,
    bill: { rows: 3, payments: 2, refunds: 1 },
    books: { payments: 2 },
    difference_count: 0,
  })
  expect(report.fetched_at).toBe('2026-11-24T02:20:00Z')
  await minutes(w, 3)
  expect(await reviews(w)).toEqual([])
  expect(webhooks(w, 'bill.reconciled')).toHaveLength(1)
}

describe('a bill that cannot be had this time', () => {
  const refusals = [
    ['20001', 'invalid bill_date'],
    ['20002', 'Bill Creating'],
    ['20003', 'SYSTEMERROR'],
    ['100', 'system error'],
    ['20100', 'system error'],
    ['20004', 'CompressGZip Error'],
    ['', 'UnCompressGZip Error'],
    ['29999', 'something new'],
  ] as const
  it.each(refusals)('%s %s is asked for again', async (errorCode, returnMsg) => {
    const w = world()
    await goodDay(w)
    w.wechat.bills.change(compact(DAY), { kind: 'unavailable', errorCode, returnMsg, times: 1 })
    await expectPatience(w)
  })

  const faults = [
    { endpoint: 'downloadbill', kind: 'http_500' },
    { endpoint: 'downloadbill', kind: 'http_502_after' },
    { endpoint: 'downloadbill', kind: 'request_lost', times: 2 },
    { endpoint: 'downloadbill', kind: 'reply_lost', times: 2 },
    { endpoint: 'downloadbill', kind: 'stall_after', times: 2 },
    { endpoint: 'downloadbill', kind: 'truncated_xml' },
    { endpoint: 'downloadbill', kind: 'return_fail', returnMsg: '系统繁忙' },
  ] as const satisfies readonly Fault[]
  it.each(faults)('$kind is asked for again', async (fault) => {
    const w = world()
    await goodDay(w)
    w.wechat.faults.inject(fault)
    await expectPatience(w)
  })

  it('from one origin is had from the other, at once', async () => {
    const w = world()
    await goodDay(w)
    w.wechat.faults.inject({ endpoint: 'downloadbill', kind: 'request_lost' })
    await w.cron()
    expect((await reportOf(w))?.state).toBe('reconciled')
    expect(w.calls.filter((call) => call.includes('downloadbill'))).toEqual([
      'api.mch.weixin.qq.com/pay/downloadbill',
      'api2.mch.weixin.qq.com/pay/downloadbill',
    ])
  })

  it.each([
    ['20001', 'sign error'],
    ['20001', 'SIGN ERROR'],
    ['20007', '当前商户号账单API权限已经关闭'],
  ])(
    'because of %s %s is told to a person, with the reason, once',
    async (errorCode, returnMsg) => {
      const w = world()
      await goodDay(w)
      w.wechat.bills.change(compact(DAY), { kind: 'unavailable', errorCode, returnMsg })
      await w.cron()
      expect(await (await w.shop('GET', `/bills/${DAY}`)).json()).toMatchObject({
        code: 'bill_not_ready',
        last_error: expect.stringContaining(errorCode),
      })
      // It will not mend itself, so nobody waits until the bill is late.
      expect(await reviews(w)).toHaveLength(1)
      goTo(w, '2026-11-25T12:01')
      await tens(w, 7)
      const [review, ...more] = await reviews(w)
      expect(more).toEqual([])
      expect(review?.id).toBe(`bill_difference.${DAY}.bill_missing`)
      expect(JSON.stringify(review?.evidence)).toContain(errorCode)
      // The bills of other days come all the same, and this one when it is mended.
      expect((await reconciled(w, NEXT_DAY)).difference_count).toBe(0)
      w.wechat.bills.clearChanges()
      expect(await reconciled(w, DAY, 70)).toMatchObject({
        bill: { payments: 2 },
        difference_count: 0,
        last_error: null,
      })
    },
  )
})

describe('a bill that is not what it should be', () => {
  const cut: BillChange = { kind: 'cut_off' }
  it('cut off in the middle proves nothing about what is not in it', async () => {
    const w = world()
    await goodDay(w)
    w.wechat.bills.change(compact(DAY), cut)
    w.advance(-1)
    onDownload(w, () => {
      // Whole again the next time.
      w.wechat.bills.clearChanges(compact(DAY))
      return Promise.resolve(undefined)
    })
    w.advance(1)
    await expectPatience(w)
  })

  it('that stays cut off is never compared as a whole, and a person hears of it', async () => {
    const w = world()
    await goodDay(w)
    w.wechat.bills.change(compact(DAY), cut)
    await tens(w, 3)
    goTo(w, '2026-11-25T12:01')
    await tens(w, 7)
    expect((await reviews(w)).map(({ id }) => id)).toEqual([`bill_difference.${DAY}.bill_missing`])
    expect(webhooks(w, 'bill.reconciled').map(({ data }) => data['date'])).not.toContain(DAY)
  })

  const wrecks = {
    nothing: () => new Uint8Array(),
    'one byte': () => new Uint8Array([0x1f]),
    'gzip of nothing': () => zip(new Uint8Array()),
    'gzip with a wrong checksum': async (text: Uint8Array) => {
      const bytes = await zip(text)
      bytes[bytes.length - 6] = (bytes[bytes.length - 6] ?? 0) ^ 0xff
      return bytes
    },
    'gzip with a broken middle': async (text: Uint8Array) => {
      const bytes = await zip(text)
      bytes.fill(0xff, Math.floor(bytes.length / 2), Math.floor(bytes.length / 2) + 20)
      return bytes
    },
    'gzip without its end': async (text: Uint8Array) => (await zip(text)).slice(0, -12),
    'a web page': () => new TextEncoder().encode('<html><body>502 Bad Gateway</body></html>'),
    words: () => new TextEncoder().encode('系统繁忙，请稍后再试'),
    'the header only': (text: Uint8Array) => text.slice(0, text.indexOf(10) + 1),
    'all but the last line': (text: Uint8Array) =>
      text.slice(0, text.lastIndexOf(10, text.length - 2) + 1),
    'all but the last byte but one': (text: Uint8Array) => text.slice(0, -4),
  } satisfies Record<string, (text: Uint8Array) => Uint8Array | Promise<Uint8Array>>
  it.each(Object.keys(wrecks) as (keyof typeof wrecks)[])('%s is asked for again', async (name) => {
    const w = world()
    await goodDay(w)
    let times = 0
    onDownload(w, async () => {
      if (times++ > 0) return undefined
      const text = new TextEncoder().encode(w.wechat.bills.text(compact(DAY)))
      return new Response(await wrecks[name](text))
    })
    await expectPatience(w)
  })

  it('in several pieces of gzip, or in pieces of one byte, is the same bill', async () => {
    const w = world()
    await goodDay(w)
    onDownload(w, async () => {
      const bytes = await zip(new TextEncoder().encode(w.wechat.bills.text(compact(DAY))))
      const stream = new ReadableStream<Uint8Array>({
        start(controller) {
          for (const byte of bytes) controller.enqueue(Uint8Array.of(byte))
          controller.close()
        },
      })
      return new Response(stream)
    })
    expect(await reconciled(w)).toMatchObject({ bill: { rows: 3 }, difference_count: 0 })
    const raw = await w.shop('GET', `/bills/${DAY}/raw`)
    const text = await new Response(raw.body?.pipeThrough(new DecompressionStream('gzip'))).text()
    expect(`\uFEFF${text}`).toBe(w.wechat.bills.text(compact(DAY)))
  })

  it('may have rows in any order, and LF where CRLF should be', async () => {
    const w = world()
    await goodDay(w)
    onDownload(w, () => {
      const lines = w.wechat.bills.text(compact(DAY)).split('\r\n')
      const rows = lines.slice(1, -3).toSorted()
      const text = [lines[0], ...rows, ...lines.slice(-3)].join('\n')
      return Promise.resolve(new Response(text.replace('\uFEFF', '')))
    })
    expect(await reconciled(w)).toMatchObject({ bill: { rows: 3 }, difference_count: 0 })
  })

  it('with the same row twice counts it, and books nothing twice', async () => {
    const w = world()
    const { ordercode, transactionId } = await lost(w, 'double')
    await w.db.prepare('UPDATE attempts SET due_at = NULL').run()
    const row = () => w.wechat.bills.text(compact(DAY)).split('\r\n')[1] ?? ''
    onDownload(w, () => {
      const lines = w.wechat.bills.text(compact(DAY)).split('\r\n')
      return Promise.resolve(new Response(lines.toSpliced(1, 0, row()).join('\r\n')))
    })
    const report = await reconciled(w)
    expect(report.bill.rows).toBe(2)
    const kinds = report.differences.map(({ kind }) => kind)
    expect(kinds).toContain('sum_differs')
    expect(kinds.filter((kind) => kind === 'payment_not_here')).toHaveLength(1)
    expect((await w.read(ordercode)).payments).toMatchObject([{ transaction_id: transactionId }])
  })

  it('with text that tries to be SQL, HTML or a last line is only text', async () => {
    const w = world()
    const bodies = [
      "'); DROP TABLE payments; --",
      '<script>alert(1)</script>',
      '总交易单数,应结订单总金额',
      '`1,`2,`3',
      '"},{"k":"payment"',
      'ends with a backslash \\',
    ]
    for (const [n, body] of bodies.entries()) await paid(w, `text-${n}`, { body, attach: body })
    expect(await reconciled(w)).toMatchObject({
      bill: { rows: bodies.length, payments: bodies.length, unreadable: 0 },
      books: { payments: bodies.length },
      difference_count: 0,
    })
  })
})

describe('the budget of a tick with a bill in it', () => {
  it('is kept on the defaults, and the other work goes on', async () => {
    let statements = 0
    const w = world({ wrapDb: (db) => counting(db, (count) => (statements += count)) })
    for (let n = 0; n < 12; n++) await paid(w, `paid-${n}`)
    const missing = await paid(w, 'missing')
    for (let n = 0; n < 6; n++) await lost(w, `lost-${n}`)
    for (let n = 0; n < 3; n++) await refunded(w, w.code(`paid-${n}`), `budget-r${n}`, 10)
    w.wechat.bills.change(compact(DAY), { kind: 'drop_row', number: missing.transactionId })
    w.wechat.bills.change(compact(DAY), { kind: 'wrong_totals' })
    // The bill alone is to find these.
    await w.db.prepare('UPDATE attempts SET due_at = NULL').run()
    await w.db.prepare('UPDATE orders SET due_at = NULL').run()
    // The shop was away over night: its webhooks wait.
    await w.db
      .prepare("UPDATE deliveries SET state = 'pending', due_at = ?, delivered_at = NULL")
      .bind(w.now() / 1_000)
      .run()
    w.receiver.received.length = 0
    goTo(w, `${NEXT_DAY}T09:50`)
    const due: string[] = []
    for (let n = 0; n < 20; n++) {
      const ordercode = await w.order(`due-${n}`)
      await w.pay(ordercode, w.wechat.payer.newOpenid())
      w.wechat.payer.pay(ordercode)
      due.push(ordercode)
    }
    goTo(w, `${NEXT_DAY}T10:10`)

    const spent: { statements: number; calls: number; bill: boolean; found: number }[] = []
    for (let tick = 0; tick < 45; tick++) {
      statements = 0
      const calls = w.calls.length + w.receiver.received.length
      await w.cron()
      const report = w.log.findLast(({ event }) => event === 'tick_finished')
      const all = w.calls.length + w.receiver.received.length - calls
      spent.push({
        statements,
        calls: all,
        bill: report?.['bill'] !== undefined,
        found: Number(report?.['booked']),
      })
      // What the run tells of itself is true.
      expect(report).toMatchObject({ calls: all })
      expect(Number(report?.['statements'])).toBeGreaterThanOrEqual(statements - 1)
      await w.settled()
      w.advance(60)
    }
    expect(Math.max(...spent.map((each) => each.statements))).toBeLessThanOrEqual(50)
    expect(Math.max(...spent.map((each) => each.calls))).toBeLessThanOrEqual(40)
    const withBill = spent.filter(({ bill }) => bill)
    expect(withBill.length).toBeGreaterThan(2)
    // Payments are found all the while: a bill takes a tick for itself now and then, and no more.
    const idle = spent.slice(0, 12).map(({ found }) => (found > 0 ? ' ' : '-'))
    expect(idle.join('')).not.toContain('--')
    for (const ordercode of due) expect((await w.read(ordercode)).state).toBe('paid')
    const report = await reportOf(w)
    expect(report?.state).toBe('reconciled')
    expect(report?.differences.filter(({ outcome }) => outcome === 'booked')).toHaveLength(6)
    expect(webhooks(w, 'bill.reconciled')).toHaveLength(1)
    expect(webhooks(w, 'order.paid').length).toBeGreaterThanOrEqual(13 + 6)
  })

  it('is kept by POST, and the cron does the rest', async () => {
    let statements = 0
    const w = world({ wrapDb: (db) => counting(db, (count) => (statements += count)) })
    for (let n = 0; n < 12; n++) await lost(w, `rest-${n}`)
    await w.db.prepare('UPDATE attempts SET due_at = NULL').run()
    await w.db.prepare('UPDATE orders SET due_at = NULL').run()
    goTo(w, `${NEXT_DAY}T10:11`)
    statements = 0
    const answer = await w.shop('POST', `/bills/${DAY}/reconcile`)
    expect(statements).toBeLessThanOrEqual(50)
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({ state: 'settling', difference_count: 12 })
    const report = await reconciled(w)
    expect(report.differences.map(({ outcome }) => outcome)).toEqual(Array(12).fill('booked'))
  })

  it('looks for new days without reading every order', async () => {
    const w = world()
    const now = w.now() / 1_000
    await w.db.batch(
      Array.from({ length: 40 }, (_, batch) =>
        w.db
          .prepare(
            `INSERT INTO orders (ordercode, state, revision, total_fee, body, expires_in, created_at,
               expires_at, closed_at)
             SELECT printf('many-%06d', ?1 + value), 'closed', 1, 1, 'x', 7200, ?2 + value, ?2 + 7200, ?2
             FROM json_each(?3)`,
          )
          .bind(batch * 500, now, JSON.stringify(Array.from({ length: 500 }, (_, n) => n))),
      ),
    )
    let read = 0
    const counted = world({
      wrapDb: (db) =>
        counting(
          db,
          () => undefined,
          (rows) => (read += rows),
        ),
    })
    goTo(counted, `${NEXT_DAY}T10:10`)
    const perTick: number[] = []
    for (let tick = 0; tick < 3; tick++) {
      read = 0
      await counted.cron()
      perTick.push(read)
      counted.advance(600)
    }
    expect(Math.max(...perTick)).toBeLessThanOrEqual(200)
  })
})

async function zip(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream('gzip'))
  return new Uint8Array(await new Response(stream).arrayBuffer())
}

/** D1 that tells how many statements it was sent, and how many rows it read. */
function counting(
  db: D1Database,
  onStatements: (count: number) => void,
  onRows: (rows: number) => void = () => undefined,
): D1Database {
  return new Proxy(db, {
    get(target, name) {
      if (name === 'batch') {
        return async (statements: D1PreparedStatement[]) => {
          onStatements(statements.length)
          const results = await target.batch(statements)
          for (const { meta } of results) onRows(meta.rows_read)
          return results
        }
      }
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}
