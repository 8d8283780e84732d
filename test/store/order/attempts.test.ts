/** WeChat's answer to unifiedorder, when the attempt is not what it was when it was asked. */
import { describe, expect, it } from 'vitest'
import type { Attempt } from '../../../src/core/order/attempt.ts'
import { transition } from '../../../src/core/order/transition.ts'
import { registered, storeBench, type StoreBench } from '../../../testing/d1/store-bench.ts'
import { anAttempt, at, MINUTE } from '../../../testing/samples/order-samples.ts'

/** An attempt that was sent, and not answered. */
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
  it('is stored on an attempt that is open', async () => {
    const bench = storeBench()
    const attempt = await sent(bench)

    expect(await bench.store.orders.savePrepay(attempt, 'wx1', at(1))).toBe(true)
    expect(await prepays(bench)).toMatchObject([{ prepay_id: 'wx1' }])
  })

  it('that comes when the attempt is being closed is not stored', async () => {
    const bench = storeBench()
    const attempt = await sent(bench)
    await bench.exec("UPDATE attempts SET state = 'closing'")

    expect(await bench.store.orders.savePrepay(attempt, 'wx1', at(1))).toBe(false)
    expect(await prepays(bench)).toMatchObject([{ prepay_id: null }])
  })

  it('that comes when the order is paid by another attempt is not stored', async () => {
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
  it('of an earlier call does not answer the one that is under way', async () => {
    const bench = storeBench()
    const attempt = await sent(bench)
    await bench.exec(`UPDATE attempts SET sent_at = ${at(MINUTE)}`)

    await bench.store.orders.saveRefusal(attempt, at(MINUTE + 1))

    expect(await bench.read('SELECT answered_at FROM attempts')).toMatchObject([
      { answered_at: null },
    ])
  })
})
