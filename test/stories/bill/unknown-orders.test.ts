/** Payments in the bill that are ours by appid and number, but whose order we do not have: after a restore of the database. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  compact,
  DAY,
  minutes,
  onDownload,
  paid,
  reconciled,
  refunded,
  reviews,
  runNow,
  webhooks,
} from '../../../testing/bill-days.ts'
import { openReviews } from '../../../testing/bill-situations.ts'
import { world, type World } from '../../../testing/world.ts'

afterEach(() => vi.restoreAllMocks())

/** Forgets an order, as a restore of the database from before the order does. */
async function forget(w: World, ordercode: string): Promise<void> {
  for (const table of ['refunds', 'payments', 'events', 'attempts', 'orders']) {
    await w.db.prepare(`DELETE FROM ${table} WHERE ordercode = ?`).bind(ordercode).run()
  }
}

describe('a payment of an order that a restore has lost', () => {
  it('is a difference, and a review with all that is needed to accept the payment later', async () => {
    const w = world()
    await paid(w, 'kept')
    const { ordercode, transactionId } = await paid(w, 'lost')
    const { openid } = (await w.read(ordercode)).attempts[0] ?? {}
    await forget(w, ordercode)

    const report = await reconciled(w)

    expect(report).toMatchObject({
      bill: { rows: 2, payments: 1, total_fee: 8_800, others: 0, unknown_orders: 1 },
      books: { payments: 1 },
      difference_count: 1,
      differences: [
        {
          kind: 'payment_of_unknown_order',
          subject: transactionId,
          ordercode,
          bill: { transaction_id: transactionId, out_trade_no: ordercode, total_fee: 8_800 },
          books: null,
          outcome: 'review',
          review_id: `unknown_order.${transactionId}`,
        },
      ],
    })
    const [review, ...others] = await reviews(w, 'unknown_order')
    expect(others).toEqual([])
    expect(review).toMatchObject({
      id: `unknown_order.${transactionId}`,
      ordercode: null,
      evidence: {
        transaction_id: transactionId,
        out_trade_no: ordercode,
        openid,
        trade_type: 'JSAPI',
        fee_type: 'CNY',
        total_fee: 8_800,
        paid_at: '2026-11-23T04:00:00Z',
        source: 'bill',
        day: DAY,
      },
    })
    expect(await reviews(w)).toEqual([])
    await minutes(w, 3)
    expect(webhooks(w, 'review.opened').map(({ data }) => data['id'])).toEqual([review?.id])
    // WeChat is not queried about an order that we do not have.
    expect(w.calls.filter((call) => call.endsWith('/pay/orderquery'))).toEqual([])
  })

  it('is the same review when WeChat also sends a notice about it', async () => {
    const w = world()
    await w.order('kept')
    const { ordercode, transactionId } = await paid(w, 'noticed')
    const notice = w.wechat.notices.ofPayments.xml(ordercode)
    await forget(w, ordercode)
    await reconciled(w)
    await w.notify(notice)

    expect((await reviews(w, 'unknown_order')).map(({ id }) => id)).toEqual([
      `unknown_order.${transactionId}`,
    ])
  })

  it('opens a review with its refund, which no query can settle', async () => {
    const w = world()
    await w.order('kept')
    const { ordercode } = await paid(w, 'refunded')
    await refunded(w, ordercode, 'lost-r', 300)
    await forget(w, ordercode)

    const report = await reconciled(w)

    expect(report.differences.map(({ kind, outcome }) => [kind, outcome])).toEqual([
      ['payment_of_unknown_order', 'review'],
      ['refund_of_unknown_order', 'review'],
    ])
    expect(await reviews(w)).toMatchObject([
      { id: `bill_difference.${DAY}.refund_of_unknown_order.lost-r` },
    ])
  })

  it('is no difference any more once the order is known again and the payment is recorded', async () => {
    const w = world()
    await w.order('kept')
    const { ordercode, transactionId } = await paid(w, 'back')
    const rows = async (table: string) =>
      (await w.db.prepare(`SELECT * FROM ${table} WHERE ordercode = ?`).bind(ordercode).all())
        .results
    const copies = [
      ['orders', await rows('orders')],
      ['attempts', await rows('attempts')],
      ['payments', await rows('payments')],
    ] as const
    await forget(w, ordercode)
    await reconciled(w)
    expect(await openReviews(w)).toEqual([`unknown_order.${transactionId}`])
    for (const [table, [row = {}]] of copies) {
      const marks = Object.keys(row).map(() => '?')
      await w.db
        .prepare(`INSERT INTO ${table} (${Object.keys(row).join()}) VALUES (${marks.join()})`)
        .bind(...Object.values(row))
        .run()
    }

    await runNow(w)

    expect(await reconciled(w)).toMatchObject({
      bill: { payments: 1, unknown_orders: 0 },
      difference_count: 0,
    })
    expect(await openReviews(w)).toEqual([])
  })

  it('is ours when its order is known and only its attempt is lost, so WeChat is queried', async () => {
    const w = world()
    const { ordercode, transactionId } = await paid(w, 'attempt')
    for (const sql of [
      'DELETE FROM payments WHERE ordercode = ?',
      'DELETE FROM attempts WHERE ordercode = ?',
      "UPDATE orders SET state = 'created', transaction_id = NULL, paid_at = NULL WHERE ordercode = ?",
    ]) {
      await w.db.prepare(sql).bind(ordercode).run()
    }

    const report = await reconciled(w)

    expect(report.bill).toMatchObject({ payments: 1, unknown_orders: 0 })
    expect(report.differences).toMatchObject([
      { kind: 'payment_not_here', subject: transactionId, ordercode, outcome: 'review' },
    ])
    expect(w.calls.filter((call) => call.endsWith('/pay/orderquery'))).toHaveLength(1)
    expect((await reviews(w, 'unknown_order')).map(({ id }) => id)).toEqual([
      `unknown_order.${transactionId}`,
    ])
  })
})

describe('very many payments of unknown orders', () => {
  it('open one review, not one each', async () => {
    const w = world()
    await paid(w, 'one')
    onDownload(w, async (response) => {
      const gzip = response.body?.pipeThrough(new DecompressionStream('gzip'))
      const [header = '', ...lines] = (await new Response(gzip).text()).split('\r\n')
      const row = lines.find((line) => line.startsWith('`2026')) ?? ''
      const unknown = Array.from({ length: 150 }, (_, n) =>
        row
          .replace(/`42\d+/, `\`4299${String(n).padStart(4, '0')}`)
          .replace(w.code('one'), `restored-${n}`),
      )
      return new Response([header, row, ...unknown, ...lines.slice(1)].join('\r\n'))
    })

    const report = await reconciled(w)

    expect(report.bill).toMatchObject({ unknown_orders: 150 })
    const about = `bill_difference.${DAY}.payment_of_unknown_order`
    const unknown = report.differences.filter(({ kind }) => kind === 'payment_of_unknown_order')
    expect(unknown).toHaveLength(150)
    expect(new Set(unknown.map(({ review_id: id }) => id))).toEqual(new Set([about]))
    expect(await reviews(w, 'unknown_order')).toEqual([])
    const found = (await reviews(w)).filter(({ id }) => id.startsWith(about))
    expect(found).toMatchObject([{ id: about, evidence: { count: 150 } }])
  })
})

describe('a shop whose other systems take payments under the same appid', () => {
  it('says so, and such rows are counted as others', async () => {
    const w = world({ vars: { SHARED_APPID: 'yes' } })
    await w.order('kept')
    const { ordercode } = await paid(w, 'shared')
    w.wechat.bills.change(compact(DAY), {
      kind: 'extra_row',
      row: 'payment',
      columns: { 商户订单号: 'till-000017' },
    })
    await forget(w, ordercode)

    expect(await reconciled(w)).toMatchObject({
      bill: { rows: 2, payments: 0, others: 2, unknown_orders: 2 },
      difference_count: 0,
    })
    expect(await openReviews(w)).toEqual([])
  })
})
