/** Rows that are about our payments and refunds, and state them wrongly; and files and rows of other days. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  compact,
  DAY,
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
import { openReviews, stopQueries } from '../../../testing/bill-situations.ts'
import { world, type World } from '../../../testing/world.ts'

afterEach(() => vi.restoreAllMocks())

const setColumns = (w: World, number: string, columns: Record<string, string>, day = DAY): void =>
  w.wechat.bills.change(compact(day), { kind: 'set_columns', number, columns })

/** The bill's text of a day with its lines changed; the totals follow from the simulator's own rows. */
function changeLines(w: World, change: (lines: readonly string[]) => readonly string[]): void {
  onDownload(w, async (response) => {
    const gzip = response.body?.pipeThrough(new DecompressionStream('gzip'))
    const lines = (await new Response(gzip).text()).split('\r\n')
    return new Response(change(lines).join('\r\n'))
  })
}

describe('a payment in the bill', () => {
  it.each([
    ['another payer', { 用户标识: 'oSomeOtherPayer' }, { openid: 'oSomeOtherPayer' }],
    ['another trade type', { 交易类型: 'NATIVE' }, { trade_type: 'NATIVE' }],
    ['another currency', { 货币种类: 'USD' }, { fee_type: 'USD' }],
    [
      'a fee of half its amount',
      { 手续费: '44.00000' },
      { service_fee_millifen: 4_400_000, rate: '0.60%' },
    ],
  ])('differs when it has %s', async (_, columns, stated) => {
    const w = world()
    const { ordercode, transactionId } = await paid(w, 'differs')
    await paid(w, 'agrees')
    setColumns(w, transactionId, columns)

    const { differences } = await reconciled(w)

    expect(differences).toMatchObject([
      {
        kind: 'payment_differs',
        subject: transactionId,
        ordercode,
        bill: stated,
        books: { transaction_id: transactionId, trade_type: 'JSAPI', fee_type: 'CNY' },
        outcome: 'review',
      },
    ])
    if ('rate' in stated) expect(differences[0]?.books?.['service_fee_millifen']).toBe(53_000)
    const [review] = await reviews(w)
    for (const [name, value] of Object.entries(stated)) {
      expect(review?.evidence[`bill_${name}`]).toBe(value)
    }
  })

  it('agrees when the bill does not name the payer', async () => {
    const w = world()
    const { transactionId } = await paid(w, 'unnamed')
    setColumns(w, transactionId, { 用户标识: '' })

    expect((await reconciled(w)).difference_count).toBe(0)
  })
})

describe('a payment that only the bill reports', () => {
  it.each([
    ['amount', { 应结订单金额: '88.01', 订单金额: '88.01' }, { total_fee: 8_801 }],
    ['payer', { 用户标识: 'oSomeOtherPayer' }, { openid: 'oSomeOtherPayer' }],
    ['fee', { 手续费: '44.00000' }, { service_fee_millifen: 4_400_000 }],
  ])(
    'is recorded as WeChat confirms it, and stays a difference when the bill states another %s',
    async (_, columns, stated) => {
      const w = world()
      const { ordercode, transactionId } = await lost(w, 'silent')
      await stopQueries(w)
      setColumns(w, transactionId, columns)

      const report = await reconciled(w)

      expect((await w.read(ordercode)).payments).toMatchObject([{ total_fee: 8_800 }])
      expect(report).toMatchObject({
        bill: { payments: 1 },
        books: { payments: 1, total_fee: 8_800 },
        difference_count: 1,
        differences: [
          { kind: 'payment_not_here', subject: transactionId, bill: stated, outcome: 'review' },
        ],
      })
      // Run again, the bill has a payment of ours that differs.
      await runNow(w)
      expect((await reconciled(w)).differences).toMatchObject([
        { kind: 'payment_differs', subject: transactionId, bill: stated, outcome: 'review' },
      ])
    },
  )
})

describe('a refund in the bill', () => {
  it('differs when WeChat charges its fee once more', async () => {
    const w = world()
    const { ordercode } = await paid(w, 'charged')
    await refunded(w, ordercode, 'charged-r', 5_000)
    setColumns(w, 'charged-r', { 手续费: '0.30000' })

    expect((await reconciled(w)).differences).toMatchObject([
      {
        kind: 'refund_differs',
        subject: 'charged-r',
        bill: { service_fee_millifen: 30_000 },
        books: { service_fee_millifen: -30_000 },
        outcome: 'review',
      },
    ])
  })

  it('agrees when its part of the fee is returned', async () => {
    const w = world()
    const { ordercode } = await paid(w, 'returned')
    await refunded(w, ordercode, 'returned-r', 5_000)
    setColumns(w, 'returned-r', { 手续费: '-0.30000' })

    expect((await reconciled(w)).difference_count).toBe(0)
  })

  it('is a difference when it is there twice', async () => {
    const w = world()
    const { ordercode, transactionId } = await paid(w, 'twice')
    await refunded(w, ordercode, 'twice-r', 700)
    changeLines(w, (lines) => {
      const row = lines.find((line) => line.includes('`twice-r')) ?? ''
      return [lines[0] ?? '', row, ...lines.slice(1)]
    })

    const report = await reconciled(w)

    expect(report).toMatchObject({ bill: { refunds: 2, refund_fee: 1_400 } })
    expect(report.differences.filter(({ kind }) => kind !== 'sum_differs')).toMatchObject([
      {
        kind: 'refund_repeated',
        subject: 'twice-r',
        ordercode,
        bill: { transaction_id: transactionId, refund_fee: 700, rows: 1 },
        outcome: 'review',
      },
    ])
    // The other differences are those of the last line, which does not count the row twice.
    expect(
      report.differences.flatMap(({ kind, subject }) => (kind === 'sum_differs' ? subject : [])),
    ).toEqual(['refund_fee', 'rows', 'settlement_refund_fee'])
  })
})

describe('a rate that WeChat changed', () => {
  it('is told once, on the first day, however many payments were charged at it', async () => {
    const w = world()
    await paid(w, 'before')
    expect(await reconciled(w)).toMatchObject({ bill: { rates: { '0.60%': 1 } } })
    for (const day of [NEXT_DAY, '2026-11-25']) {
      goTo(w, `${day}T12:00`)
      for (let n = 0; n < 3; n++) {
        const { transactionId } = await paid(w, `after-${day}-${n}`)
        setColumns(w, transactionId, { 费率: '1.00%', 手续费: '0.88000' }, day)
      }
    }

    const first = await reconciled(w, NEXT_DAY)
    const second = await reconciled(w, '2026-11-25')

    expect(first.differences).toMatchObject([
      {
        kind: 'rate_changed',
        subject: 'rates',
        bill: { rates: '1.00%', payments: 3 },
        books: { rates: '0.60%' },
        outcome: 'review',
      },
    ])
    expect(second.differences).toEqual([])
    expect(await openReviews(w)).toEqual([`bill_difference.${NEXT_DAY}.rate_changed.rates`])
  })
})

describe('the file of another day', () => {
  it('is not reconciled as the day that was asked for, which waits for its own file', async () => {
    const w = world()
    await paid(w, 'first-day')
    goTo(w, `${NEXT_DAY}T12:00`)
    await paid(w, 'second-day')
    await reconciled(w, DAY)
    // WeChat sends the bill of the day before.
    let isWrong = true
    onDownload(w, (_, day) =>
      Promise.resolve(
        isWrong && day === compact(NEXT_DAY)
          ? new Response(w.wechat.bills.text(compact(DAY)))
          : undefined,
      ),
    )
    goTo(w, '2026-11-25T10:10')
    await minutes(w, 2)

    const answer = await w.shop('GET', `/bills/${NEXT_DAY}`)
    expect(answer.status).toBe(409)
    expect(await answer.json()).toMatchObject({
      code: 'bill_not_ready',
      last_error: `the file is of another day: its first row is of ${DAY}`,
    })
    // A person can look at the file, and the other day keeps what it has.
    expect((await w.shop('GET', `/bills/${NEXT_DAY}/raw`)).status).toBe(200)
    expect(await reportOf(w, DAY)).toMatchObject({ state: 'reconciled', bill: { payments: 1 } })

    isWrong = false
    expect(await reconciled(w, NEXT_DAY)).toMatchObject({
      last_error: null,
      bill: { payments: 1 },
      books: { payments: 1 },
      difference_count: 0,
    })
    expect(await openReviews(w)).toEqual([])
  })

  it('does not replace a day that is reconciled', async () => {
    const w = world()
    await paid(w, 'kept')
    goTo(w, `${NEXT_DAY}T12:00`)
    await paid(w, 'other')
    const before = await reconciled(w, DAY)
    onDownload(w, () => Promise.resolve(new Response(w.wechat.bills.text(compact(NEXT_DAY)))))

    expect((await runNow(w, DAY)).status).toBe(409)

    const after = await reportOf(w, DAY)
    expect(after?.last_error).toContain(`its first row is of ${NEXT_DAY}`)
    expect({ ...after, last_error: null }).toEqual(before)
  })
})

describe('a row outside its day', () => {
  it('is a difference, and what it is about is compared all the same', async () => {
    const w = world()
    const { transactionId } = await paid(w, 'moved')
    await paid(w, 'beside')
    setColumns(w, transactionId, { 交易时间: `${NEXT_DAY} 00:06:00` })

    const report = await reconciled(w)

    expect(report).toMatchObject({ bill: { payments: 2 }, books: { payments: 2 } })
    expect(report.differences).toMatchObject([
      {
        kind: 'row_outside_day',
        subject: expect.stringMatching(/^[12]$/),
        bill: { transaction_id: transactionId, stated_at: '2026-11-23T16:06:00Z' },
        outcome: 'review',
      },
    ])
  })

  it('is none when it is a moment outside', async () => {
    const w = world()
    const { transactionId } = await paid(w, 'moment')
    await paid(w, 'beside')
    setColumns(w, transactionId, { 交易时间: `${NEXT_DAY} 00:00:01` })

    expect((await reconciled(w)).difference_count).toBe(0)
  })
})

describe('a payment of 23:59:58 that is in the bill of the next day', () => {
  /** Moves the row of a payment to the bill of the next day, with the time at which it was paid. */
  async function moved(w: World): Promise<{ transactionId: string }> {
    await paid(w, 'noon')
    goTo(w, `${DAY}T23:59:58`)
    const { transactionId, ordercode } = await paid(w, 'midnight')
    const { openid = '' } = (await w.read(ordercode)).attempts[0] ?? {}
    w.wechat.bills.change(compact(DAY), { kind: 'drop_row', number: transactionId })
    w.wechat.bills.change(compact(NEXT_DAY), {
      kind: 'extra_row',
      row: 'payment',
      columns: {
        交易时间: `${DAY} 23:59:58`,
        微信订单号: transactionId,
        商户订单号: ordercode,
        用户标识: openid,
        应结订单金额: '88.00',
        订单金额: '88.00',
        手续费: '0.53000',
      },
    })
    return { transactionId }
  }

  it('is missing from the first bill until the second one is reconciled, and then from none', async () => {
    const w = world()
    const { transactionId } = await moved(w)

    const missing = await reconciled(w, DAY)
    expect(missing.differences).toMatchObject([
      { kind: 'payment_not_in_bill', subject: transactionId, outcome: 'review' },
    ])
    const id = `bill_difference.${DAY}.payment_not_in_bill.${transactionId}`
    expect(await openReviews(w)).toEqual([id])
    goTo(w, `${NEXT_DAY}T12:00`)
    await paid(w, 'next-noon')

    expect(await reconciled(w, NEXT_DAY)).toMatchObject({
      bill: { payments: 2 },
      books: { payments: 2 },
      difference_count: 0,
    })

    expect(await reportOf(w, DAY)).toMatchObject({ difference_count: 0, differences: [] })
    expect(await openReviews(w)).toEqual([])
    const answer = await w.shop('GET', '/reviews?open=false')
    const { reviews: resolved } = await answer.json<{ reviews: { id: string; note: string }[] }>()
    expect(resolved).toMatchObject([{ id, note: expect.stringContaining('automatically') }])
    // Neither day differs when it is run again.
    for (const day of [DAY, NEXT_DAY, DAY]) {
      w.advance(60)
      expect((await runNow(w, day)).status).toBe(200)
      expect(await reportOf(w, day)).toMatchObject({ state: 'reconciled', difference_count: 0 })
    }
    expect(await openReviews(w)).toEqual([])
  })
})

describe('a day that is run again with another file', () => {
  it('finds that a payment is not in the bill any more', async () => {
    const w = world()
    await paid(w, 'there')
    const { transactionId } = await paid(w, 'gone')
    expect((await reconciled(w)).difference_count).toBe(0)
    w.wechat.bills.change(compact(DAY), { kind: 'drop_row', number: transactionId })

    await runNow(w)

    expect(await reconciled(w)).toMatchObject({
      bill: { payments: 1 },
      books: { payments: 2 },
      differences: [{ kind: 'payment_not_in_bill', subject: transactionId, outcome: 'review' }],
    })
  })

  it('opens no second review for a difference that stays, also after its review was resolved', async () => {
    const w = world()
    await paid(w, 'there')
    const { transactionId } = await paid(w, 'missing')
    w.wechat.bills.change(compact(DAY), { kind: 'drop_row', number: transactionId })
    const { differences } = await reconciled(w)
    const path = `/reviews/${encodeURIComponent(differences[0]?.review_id ?? '')}/resolve`
    expect((await w.shop('POST', path, { note: 'WeChat is looking for it' })).status).toBe(200)
    const opened = w.log.filter(({ event }) => event === 'review_opened').length

    await runNow(w)

    expect((await reconciled(w)).differences).toEqual(differences)
    expect(await openReviews(w)).toEqual([])
    expect(w.log.filter(({ event }) => event === 'review_opened')).toHaveLength(opened)
  })
})
