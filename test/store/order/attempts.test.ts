/** WeChat's answer to unifiedorder, when the attempt has changed since the call. */
import { describe, expect, it } from 'vitest'
import { type Attempt, mayBeOurs } from '../../../src/core/order/attempt.ts'
import { liveAttempt, type OrderView } from '../../../src/core/order/order.ts'
import { transition } from '../../../src/core/order/transition.ts'
import { registered, storeBench, type StoreBench } from '../../../testing/d1/store-bench.ts'
import { anAttempt, at, MINUTE, ORDERCODE } from '../../../testing/samples/order-samples.ts'

/** Stores an attempt that was sent and not answered. */
async function sent(bench: StoreBench): Promise<Attempt> {
  const before = await registered(bench)
  const unanswered = { answeredAt: undefined, prepayId: undefined, prepayExpiresAt: undefined }
  const attempt = anAttempt(unanswered)
  const event = { type: 'attempt_opened', attempt } as const
  const step = transition(before, event, at(0))
  if (!step.ok || step.value.kind !== 'changed') throw new Error('cannot open')
  await bench.store.orders.commit(before, event, step.value, at(0))
  return attempt
}

const prepays = ({ read }: StoreBench) => read('SELECT prepay_id FROM attempts')

describe('a prepay_id', () => {
  it('is stored on an open attempt', async () => {
    const bench = storeBench()
    const attempt = await sent(bench)

    expect(await bench.store.orders.savePrepay(attempt, 'wx1', at(1))).toBe(true)
    expect(await prepays(bench)).toMatchObject([{ prepay_id: 'wx1' }])
  })

  it('is not stored when the attempt is being closed', async () => {
    const bench = storeBench()
    const attempt = await sent(bench)
    await bench.exec("UPDATE attempts SET state = 'closing'")

    expect(await bench.store.orders.savePrepay(attempt, 'wx1', at(1))).toBe(false)
    expect(await prepays(bench)).toMatchObject([{ prepay_id: null }])
  })

  it('is not stored when another attempt has paid the order', async () => {
    const bench = storeBench()
    const attempt = await sent(bench)
    await bench.exec(
      "UPDATE orders SET state = 'paid', transaction_id = '42', paid_at = 1, due_at = NULL",
    )

    expect(await bench.store.orders.savePrepay(attempt, 'wx1', at(1))).toBe(false)
    expect(await prepays(bench)).toMatchObject([{ prepay_id: null }])
  })
})

/** The attempt is sent again by a request that read the order as it was in `view`. */
async function sendAgain({ store }: StoreBench, view: OrderView, now = at(10)): Promise<Attempt> {
  const { outTradeNo } = anAttempt()
  const event = { type: 'attempt_resent', outTradeNo, codeHash: 'h2' } as const
  const step = transition(view, event, now)
  if (!step.ok || step.value.kind !== 'changed') throw new Error('cannot send again')
  expect(await store.orders.commit(view, event, step.value, now)).not.toBe('stale')
  return liveIn(step.value.after)
}

const liveIn = (view: OrderView): Attempt => {
  const attempt = liveAttempt(view)
  if (attempt === undefined) throw new Error('no attempt is live')
  return attempt
}

async function stored({ store }: StoreBench): Promise<OrderView> {
  const view = await store.orders.load(ORDERCODE)
  if (view === undefined) throw new Error('no order')
  return view
}

describe('an attempt that is sent again', () => {
  it('keeps the time of the earliest call that went unanswered', async () => {
    const bench = storeBench()
    await sent(bench)
    await sendAgain(bench, await stored(bench), at(10))
    await sendAgain(bench, await stored(bench), at(20))

    expect(liveIn(await stored(bench))).toMatchObject({
      sentAt: at(20),
      answeredAt: undefined,
      unansweredAt: at(0),
    })
  })

  it('has no unanswered call when the first one was refused before', async () => {
    const bench = storeBench()
    await bench.store.orders.saveRefusal(await sent(bench), at(1))
    await sendAgain(bench, await stored(bench))

    expect(liveIn(await stored(bench))).toMatchObject({
      answeredAt: undefined,
      unansweredAt: undefined,
    })
  })

  it('has none either when the refusal was stored after the request had read the order', async () => {
    const bench = storeBench()
    const first = await sent(bench)
    const old = await stored(bench)
    await bench.store.orders.saveRefusal(first, at(1))
    await sendAgain(bench, old)

    expect(liveIn(await stored(bench))).toMatchObject({
      sentAt: at(10),
      answeredAt: undefined,
      unansweredAt: undefined,
    })
  })

  it('has none any more when the refusal of the first call comes last', async () => {
    const bench = storeBench()
    const first = await sent(bench)
    const second = await sendAgain(bench, await stored(bench))
    await bench.store.orders.saveRefusal(second, at(11))
    expect(mayBeOurs(liveIn(await stored(bench)))).toBe(true)
    await bench.store.orders.saveRefusal(first, at(12))

    expect(liveIn(await stored(bench))).toMatchObject({
      answeredAt: at(11),
      unansweredAt: undefined,
    })
    expect(mayBeOurs(liveIn(await stored(bench)))).toBe(false)
  })

  it('stays in flight when the refusal of the first call comes late', async () => {
    const bench = storeBench()
    const first = await sent(bench)
    await sendAgain(bench, await stored(bench))
    await bench.store.orders.saveRefusal(first, at(11))

    expect(liveIn(await stored(bench))).toMatchObject({
      sentAt: at(10),
      answeredAt: undefined,
      unansweredAt: undefined,
    })
  })

  it('in the same second still tells the answers of both calls apart', async () => {
    const bench = storeBench()
    const first = await sent(bench)
    const second = await sendAgain(bench, await stored(bench), at(0))
    await bench.store.orders.saveRefusal(second, at(0))

    expect(second.sentAt).toBeGreaterThan(first.sentAt)
    expect(liveIn(await stored(bench))).toMatchObject({ answeredAt: at(0), unansweredAt: at(0) })
  })
})

describe('a refusal', () => {
  it('of an earlier call does not count as the answer to a later call', async () => {
    const bench = storeBench()
    const attempt = await sent(bench)
    await bench.exec(`UPDATE attempts SET sent_at = ${at(MINUTE)}`)

    await bench.store.orders.saveRefusal(attempt, at(MINUTE + 1))

    expect(await bench.read('SELECT answered_at FROM attempts')).toMatchObject([
      { answered_at: null },
    ])
  })
})
