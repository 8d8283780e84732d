/** WeChat's answer to unifiedorder, when the attempt has changed since the call. */
import { describe, expect, it } from 'vitest'
import type { Attempt } from '../../../src/core/order/attempt.ts'
import { transition } from '../../../src/core/order/transition.ts'
import { registered, storeBench, type StoreBench } from '../../../testing/d1/store-bench.ts'
import { anAttempt, at, MINUTE } from '../../../testing/samples/order-samples.ts'

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
