import { describe, expect, it, vi } from 'vitest'
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
  runNow,
  tens,
  webhooks,
} from '../../../testing/bill-days.ts'
import { openReviews, stopQueries } from '../../../testing/bill-situations.ts'
import { world, type World } from '../../../testing/world.ts'

/** Payments and a refund whose bill agrees as soon as it can be downloaded and read. */
async function goodDay(w: World, payments = 2): Promise<void> {
  for (let n = 0; n < payments; n++) await paid(w, `weather-${n}`, { total_fee: 100 + n })
  await refunded(w, w.code('weather-0'), 'weather-r', 50)
  w.advance(600)
  await minutes(w, 2)
  w.receiver.received.length = 0
  goTo(w, `${NEXT_DAY}T10:10`)
}

/** Expects no result, no review and no webhook at first, and a reconciled day from the next try, after ten minutes. */
async function expectRetry(w: World): Promise<void> {
  await w.cron()
  await w.settled()
  const first = downloads(w)
  const answer = await w.shop('GET', `/bills/${DAY}`)
  const body = await answer.json<{ code?: string; state?: string; last_error: string | null }>()
  // WeChat has sent nothing usable yet: the answer is "not ready", or a report that is waiting.
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

async function zip(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream('gzip'))
  return new Uint8Array(await new Response(stream).arrayBuffer())
}

describe('a bill that is unavailable', () => {
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
  it.each(refusals)('is requested again after %s %s', async (errorCode, returnMsg) => {
    const w = world()
    await goodDay(w)
    w.wechat.bills.change(compact(DAY), { kind: 'unavailable', errorCode, returnMsg, times: 1 })
    await expectRetry(w)
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
  it.each(faults)('is requested again after $kind', async (fault) => {
    const w = world()
    await goodDay(w)
    w.wechat.faults.inject(fault)
    await expectRetry(w)
  })

  it('is immediately requested from the backup origin', async () => {
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
  ])('opens one review with the reason after %s %s', async (errorCode, returnMsg) => {
    const w = world()
    await goodDay(w)
    w.wechat.bills.change(compact(DAY), { kind: 'unavailable', errorCode, returnMsg })
    await w.cron()
    expect(await (await w.shop('GET', `/bills/${DAY}`)).json()).toMatchObject({
      code: 'bill_not_ready',
      last_error: expect.stringContaining(errorCode),
    })
    // This does not fix itself, so the review is opened before the bill is late.
    expect(await reviews(w)).toHaveLength(1)
    goTo(w, '2026-11-25T12:01')
    await tens(w, 7)
    const [review, ...more] = await reviews(w)
    expect(more).toEqual([])
    expect(review?.id).toBe(`bill_difference.${DAY}.bill_missing`)
    expect(JSON.stringify(review?.evidence)).toContain(errorCode)
    // The bills of other days are still reconciled, and this one when it is available again.
    expect((await reconciled(w, NEXT_DAY)).difference_count).toBe(0)
    w.wechat.bills.clearChanges()
    expect(await reconciled(w, DAY, 70)).toMatchObject({
      bill: { payments: 2 },
      difference_count: 0,
      last_error: null,
    })
  })
})

describe('a damaged or unusual bill', () => {
  const cut: BillChange = { kind: 'cut_off' }
  it('is not compared when it is cut off, and is requested again', async () => {
    const w = world()
    await goodDay(w)
    w.wechat.bills.change(compact(DAY), cut)
    w.advance(-1)
    onDownload(w, () => {
      // The next download is whole.
      w.wechat.bills.clearChanges(compact(DAY))
      return Promise.resolve(undefined)
    })
    w.advance(1)
    await expectRetry(w)
  })

  it('opens a review when it stays cut off, and is never reconciled', async () => {
    const w = world()
    await goodDay(w)
    w.wechat.bills.change(compact(DAY), cut)
    await tens(w, 3)
    goTo(w, '2026-11-25T12:01')
    await tens(w, 7)
    expect((await reviews(w)).map(({ id }) => id)).toEqual([`bill_difference.${DAY}.bill_missing`])
    expect(webhooks(w, 'bill.reconciled').map(({ data }) => data['date'])).not.toContain(DAY)
  })

  const damages = {
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
    'plain text': () => new TextEncoder().encode('系统繁忙，请稍后再试'),
    'the header only': (text: Uint8Array) => text.slice(0, text.indexOf(10) + 1),
    'all but the last line': (text: Uint8Array) =>
      text.slice(0, text.lastIndexOf(10, text.length - 2) + 1),
    'all but the last four bytes': (text: Uint8Array) => text.slice(0, -4),
  } satisfies Record<string, (text: Uint8Array) => Uint8Array | Promise<Uint8Array>>
  it.each(Object.keys(damages) as (keyof typeof damages)[])(
    'is requested again after: %s',
    async (name) => {
      const w = world()
      await goodDay(w)
      let times = 0
      onDownload(w, async () => {
        if (times++ > 0) return undefined
        const text = new TextEncoder().encode(w.wechat.bills.text(compact(DAY)))
        return new Response(await damages[name](text))
      })
      await expectRetry(w)
    },
  )

  it('may arrive byte by byte', async () => {
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

  it('may have its rows in any order, and LF instead of CRLF', async () => {
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

  it('may contain a payment twice, which counts both rows and records one payment', async () => {
    const w = world()
    const { ordercode, transactionId } = await lost(w, 'double')
    await stopQueries(w)
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

  it('may contain text that looks like SQL, HTML or a totals row', async () => {
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

describe('a row that is in the bill twice', () => {
  it('is a difference, even when nothing else differs', async () => {
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
    // The same row twice, in a bill whose totals match its rows.
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
    const [repeated, ...others] = (await reconciled(w)).differences
    expect(others).toEqual([])
    expect(repeated).toMatchObject({
      kind: 'payment_repeated',
      bill: { transaction_id: repeated?.subject, total_fee: 8_800, rows: 1 },
      books: null,
      outcome: 'review',
    })
    // The first difference is gone.
    expect(await openReviews(w)).toEqual([
      `bill_difference.${DAY}.payment_repeated.${repeated?.subject}`,
    ])
  })
})
