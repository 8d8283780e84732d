import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { parseTransactionId } from '../../../src/core/ids.ts'
import { toFen } from '../../../src/core/money.ts'
import { liveAttempt, type OrderView } from '../../../src/core/order/order.ts'
import { decidePay } from '../../../src/core/order/pay-decision.ts'
import type { Payment } from '../../../src/core/order/payment.ts'
import { transition } from '../../../src/core/order/transition.ts'
import { later } from '../../../src/core/time.ts'
import type { HttpDeps } from '../../../src/routes/http/deps.ts'
import { asStored, aRecording } from '../../../testing/samples/order-samples.ts'
import { world } from '../../../testing/world.ts'

const BOOKED = (payment: Payment) =>
  ({ type: 'payment_booked', ...aRecording({ payment, source: 'notice' }) }) as const
const PAYER = { openid: 'oPayer', ip: '203.0.113.7', codeHash: 'hash' }

async function opened(deps: HttpDeps, ordercode: string): Promise<OrderView> {
  const view = await deps.orders.load(ordercode)
  if (view === undefined) throw new Error('no order')
  const decision = decidePay(view, PAYER, deps.config, deps.now())
  if (decision.kind !== 'open') throw new Error(`cannot open: ${decision.kind}`)
  const event = { type: 'attempt_opened', attempt: decision.attempt } as const
  const step = transition(view, event, deps.now())
  if (!step.ok || step.value.kind !== 'changed') throw new Error('not opened')
  const stored = await deps.orders.commit(view, event, step.value, deps.now())
  expect(stored).not.toBe('stale')
  return step.value.after
}

function paymentOf(view: OrderView, transactionId = '4200000540202611230000000001'): Payment {
  const attempt = liveAttempt(view)
  const id = parseTransactionId(transactionId)
  if (attempt === undefined || id === undefined) throw new Error('nothing to pay')
  return {
    appid: attempt.terms.appid,
    mchId: attempt.terms.mchId,
    transactionId: id,
    outTradeNo: attempt.outTradeNo,
    openid: PAYER.openid,
    tradeType: 'JSAPI',
    feeType: 'CNY',
    totalFee: attempt.terms.totalFee,
    cashFee: undefined,
    bankType: undefined,
    paidAt: attempt.terms.timeStart,
  }
}

describe('a commit', () => {
  it('stores exactly what was decided', async () => {
    const w = world()
    const deps = w.worker()
    const ordercode = await w.order('same', { attach: 'a', detail: '{}', goods_tag: 't' })
    const after = await opened(deps, ordercode)
    expect(await deps.orders.load(ordercode)).toEqual(after)
    expect(await deps.orders.loadMany([ordercode, 'no-such-order'])).toEqual([after])
  })

  it('succeeds once from the same revision, and leaves one event', async () => {
    const w = world()
    const deps = w.worker()
    const ordercode = await w.order('race')
    const view = await deps.orders.load(ordercode)
    if (view === undefined) throw new Error('no order')
    const event = { type: 'order_closed', reason: 'shop' } as const
    const step = transition(view, event, deps.now())
    if (!step.ok || step.value.kind !== 'changed') throw new Error('not closed')
    const change = step.value

    const outcomes = await Promise.all(
      [1, 2, 3, 4].map(() => w.worker().orders.commit(view, event, change, deps.now())),
    )

    expect(outcomes.filter((outcome) => outcome !== 'stale')).toHaveLength(1)
    expect(await w.history(ordercode)).toEqual(['order_registered', 'order_closed'])
  })

  it('makes a decision on an older revision stale, which then writes nothing', async () => {
    const w = world()
    const deps = w.worker()
    const ordercode = await w.order('stale')
    const old = await deps.orders.load(ordercode)
    if (old === undefined) throw new Error('no order')
    await opened(deps, ordercode)
    const event = { type: 'order_closed', reason: 'shop' } as const
    const step = transition(old, event, deps.now())
    if (!step.ok || step.value.kind !== 'changed') throw new Error('not closed')

    expect(await deps.orders.commit(old, event, step.value, deps.now())).toBe('stale')
    expect((await w.read(ordercode)).state).toBe('paying')
    expect(await w.history(ordercode)).toEqual(['order_registered', 'attempt_opened'])
  })
})

describe('recording a payment', () => {
  it('needs the right amount, the right payer and a time after the attempt', async () => {
    const w = world()
    const deps = w.worker()
    const view = await opened(deps, await w.order('facts'))
    const payment = paymentOf(view)
    const wrong: Payment[] = [
      { ...payment, totalFee: toFen(payment.totalFee - 1) },
      { ...payment, openid: 'oOther' },
      { ...payment, paidAt: later(payment.paidAt, -3_600) },
    ]
    for (const each of wrong) {
      expect(await deps.orders.recordPayment(each, 'notice', false, deps.now())).toMatchObject({
        recorded: false,
      })
    }
    expect(await deps.orders.recordPayment(payment, 'notice', false, deps.now())).toMatchObject({
      recorded: true,
      view: { order: { state: 'paid' } },
    })
    expect(await deps.orders.recordPayment(payment, 'notice', false, deps.now())).toMatchObject({
      recorded: false,
      view: { payments: [payment] },
    })
  })

  it('leads to the same order as the pure transition', async () => {
    const w = world()
    const deps = w.worker()
    const view = await opened(deps, await w.order('agrees'))
    const payment = paymentOf(view)
    const step = transition(view, BOOKED(payment), deps.now())
    if (!step.ok || step.value.kind !== 'changed') throw new Error('not booked')

    const booked = await deps.orders.recordPayment(payment, 'notice', false, deps.now())

    expect(booked.view).toEqual(asStored(step.value.after))
  })

  it('never happens twice for one transaction_id, not even on two orders', async () => {
    const w = world()
    const deps = w.worker()
    const one = await opened(deps, await w.order('once-a'))
    const two = await opened(deps, await w.order('once-b'))
    expect(
      (await deps.orders.recordPayment(paymentOf(one), 'notice', false, deps.now())).recorded,
    ).toBe(true)
    expect(
      (await deps.orders.recordPayment(paymentOf(two), 'notice', false, deps.now())).recorded,
    ).toBe(false)
    expect((await w.read(two.order.ordercode)).state).toBe('paying')
  })
})

describe('the schema refuses', () => {
  const refuses = (sql: string): Promise<void> =>
    expect(env.DB.prepare(sql).run()).rejects.toThrow(
      /CHECK|UNIQUE|FOREIGN KEY|cannot store|TRIGGER/,
    )

  it('a paid order without a payment, and an invalid amount or state', async () => {
    const w = world()
    const ordercode = await w.order('checks')
    const where = `WHERE ordercode = '${ordercode}'`
    await refuses(`UPDATE orders SET state = 'paid' ${where}`)
    await refuses(`UPDATE orders SET transaction_id = '1' ${where}`)
    await refuses(`UPDATE orders SET state = 'lost' ${where}`)
    await refuses(`UPDATE orders SET total_fee = 0 ${where}`)
    await refuses(`UPDATE orders SET total_fee = 1.5 ${where}`)
    await refuses(`UPDATE orders SET state = 'closed' ${where}`) // a closed order must not stay due
  })

  it('two attempts of one order that could both be paid', async () => {
    const w = world()
    const deps = w.worker()
    const { order } = await opened(deps, await w.order('two'))
    const copied = `ordercode, state, appid, mch_id, openid, spbill_create_ip, total_fee, body,
      notify_url, sign_type, time_start, time_expire, sent_at`
    await refuses(
      `INSERT INTO attempts (number, ${copied})
       SELECT 2, ${copied} FROM attempts WHERE ordercode = '${order.ordercode}'`,
    )
  })

  it('a second event for one revision', async () => {
    const w = world()
    const ordercode = await w.order('events')
    const insert = `INSERT INTO events (ordercode, revision, type, at, data) VALUES ('${ordercode}', 9, 'again', 1, '{}')`
    await env.DB.prepare(insert).run()
    await refuses(insert)
  })
})

describe('due work', () => {
  it('is found through an index, so that an idle run reads almost nothing among many orders', async () => {
    const w = world()
    for (let index = 0; index < 50; index++) await w.order(`many-${index}`)
    const deps = w.worker()
    const plan = async (sql: string) =>
      (await env.DB.prepare(`EXPLAIN QUERY PLAN ${sql}`).all<{ detail: string }>()).results
        .map(({ detail }) => detail)
        .join('\n')
    expect(
      await plan('SELECT ordercode FROM orders WHERE due_at <= 5 ORDER BY due_at LIMIT 9'),
    ).toMatch(/USING (COVERING )?INDEX orders_due/)
    expect(await plan('SELECT * FROM attempts WHERE due_at <= 5 ORDER BY due_at LIMIT 9')).toMatch(
      /USING (COVERING )?INDEX attempts_due/,
    )
    expect(await deps.orders.claimExpired(deps.now(), 9)).toMatchObject({ items: [] })
    expect(await deps.orders.claimDueAttempts(deps.now(), 9)).toMatchObject({ items: [] })
  })

  it('is leased to one of several concurrent runs', async () => {
    const w = world()
    const ordercode = await w.order('leased')
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    w.advance(7_200)
    const claims = await Promise.all(
      [1, 2, 3, 4].map(() => {
        const deps = w.worker()
        return deps.orders.claimExpired(deps.now(), 9)
      }),
    )
    expect(claims.flatMap(({ items }) => items.map((item) => item.ordercode))).toEqual([ordercode])
  })

  it('is not rescheduled when a concurrent request has moved it', async () => {
    const w = world()
    const ordercode = await w.order('moved')
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    w.advance(7_200)
    const deps = w.worker()
    const claimed = await deps.orders.claimExpired(deps.now(), 9)
    await w.shop('POST', `/orders/${ordercode}/close`)
    const next = { ordercode, number: undefined, dueAt: deps.now(), isAnswered: true }
    await deps.orders.reschedule(claimed, [next])
    expect((await w.read(ordercode)).state).toBe('closed')
    const row = await env.DB.prepare('SELECT due_at FROM orders').first()
    expect(row?.['due_at']).toBeNull()
  })
})
