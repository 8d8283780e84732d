/** New webhooks wait outside the queue until the cron takes them up. None is forgotten, and no payment is added twice. */
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { BeijingDay } from '../../src/core/day.ts'
import { toFen } from '../../src/core/money.ts'
import { putViews } from '../../testing/d1/put-view.ts'
import { storeBench, type StoreBench } from '../../testing/d1/store-bench.ts'
import { watchDatabase } from '../../testing/d1/watched-database.ts'
import {
  aBookedPayment,
  anAttempt,
  anOrder,
  at,
  DAY,
  MINUTE,
  PAYMENT,
} from '../../testing/samples/order-samples.ts'

const FIRST_DAY = '2024-01-01' as BeijingDay

/** A bench with an order that is paid now, as a notice of WeChat pays it. */
async function paid(bench = storeBench()): Promise<StoreBench> {
  await putViews({
    order: anOrder({ state: 'paying', revision: 2 }),
    attempts: [anAttempt()],
    payments: [],
    refunds: [],
  })
  await record(bench)
  return bench
}

const record = async ({ store }: StoreBench): Promise<void> => {
  const { recorded } = await store.orders.recordPayment(PAYMENT, 'notice', false, at(0))
  expect(recorded).toBe(true)
}

const QUEUED = 'SELECT id FROM deliveries WHERE due_at IS NOT NULL AND is_queued = 1'
const queued = async ({ read }: StoreBench): Promise<number> => (await read(QUEUED)).length
/** What the sums per day contain: how many payments, and of how much. */
const sums = ({ read }: StoreBench) =>
  read('SELECT sum(payments) AS payments, sum(paid_fee) AS fee FROM days HAVING sum(payments) > 0')
const ONE = [{ payments: 1, fee: PAYMENT.totalFee }]
const claim = async ({ store }: StoreBench, seconds = DAY): Promise<number> =>
  (await store.deliveries.claimDue('money', at(seconds), 10)).length

const DELIVERED = "UPDATE deliveries SET state = 'delivered', due_at = NULL, delivered_at = 1"
const PENDING_AGAIN = `UPDATE deliveries SET state = 'pending', due_at = ${at(0)}, delivered_at = NULL`

describe('a new webhook', () => {
  it('is left to its request for a minute, and claimed by a run once it is taken up', async () => {
    const bench = await paid()
    expect(await claim(bench)).toBe(0)

    await bench.store.deliveries.takeUp(at(0), 10)

    expect(await claim(bench)).toBe(1)
  })

  it('that is delivered meanwhile never enters the queue', async () => {
    const bench = await paid()
    await bench.exec(DELIVERED)
    await bench.store.deliveries.takeUp(at(0), 10)

    expect(await bench.read('SELECT is_queued FROM deliveries')).toEqual([{ is_queued: null }])
  })

  it('whose first try fails is in the queue at once', async () => {
    const bench = await paid()
    const id = `order.paid.${PAYMENT.transactionId}`
    const before = await bench.store.deliveries.find(id)
    if (before === undefined) expect.fail('no webhook')
    const past = { at: at(0), ms: 1, status: 500, error: 'status', answer: '' }
    const after = { ...before, tries: 1, step: 1, dueAt: at(MINUTE), history: [past] }
    await bench.store.deliveries.saveTry(before, after, undefined, at(0))

    expect(await claim(bench)).toBe(1)
  })

  it('that is written by a statement which was under way for long is in the queue at once', async () => {
    const bench = storeBench()
    await putViews()
    await bench.exec(
      `INSERT INTO deliveries (id, type, subject, state, created_at) VALUES ('d', 'order.closed', 's', 'no_target', ${at(MINUTE)})`,
    )
    await bench.store.deliveries.takeUp(at(MINUTE), 10)
    await bench.exec(
      `INSERT INTO deliveries (id, type, subject, state, created_at, due_at)
       VALUES ('late', 'order.paid', 's', 'pending', ${at(MINUTE)}, ${at(MINUTE)})`,
    )

    expect(await bench.read(QUEUED)).toEqual([{ id: 'late' }])
  })

  it('that becomes pending again long after it was taken up is in the queue at once, whoever sends it', async () => {
    const bench = await paid()
    await bench.exec(DELIVERED)
    await bench.store.deliveries.takeUp(at(0), 10)
    expect(await queued(bench)).toBe(0)

    await bench.exec(PENDING_AGAIN)

    expect(await queued(bench)).toBe(1)
  })

  it('is listed as pending, in the queue and before', async () => {
    const bench = await paid()
    const pending = () =>
      bench.store.deliveries.list('pending', { limit: 10, before: { at: at(DAY), key: '' } })
    expect((await pending()).rows).toHaveLength(1)

    await bench.store.deliveries.takeUp(at(0), 10)

    expect((await pending()).rows).toHaveLength(1)
  })

  it('is taken up in steps when there are many', async () => {
    const bench = storeBench()
    const rows = Array.from(
      { length: 25 },
      (_, n) => `('w${n}', 'order.paid', 's', 'pending', ${at(n)}, ${at(n)})`,
    )
    await bench.exec(
      `INSERT INTO deliveries (id, type, subject, state, created_at, due_at) VALUES ${rows.join()}`,
    )
    const counts: number[] = []
    for (let step = 0; step < 4; step++) {
      await bench.store.deliveries.takeUp(at(DAY), 9)
      counts.push(await queued(bench))
    }
    expect(counts).toEqual([10, 20, 25, 25])
  })
})

describe('a payment', () => {
  it('is in the sums of its day on the overview at once, and stored when its webhook is taken up', async () => {
    const bench = await paid()
    const shown = async () => {
      const { days } = await bench.store.lists.overview(FIRST_DAY, FIRST_DAY)
      return days.map(({ payments, paidFee }) => ({ payments, fee: paidFee }))
    }
    expect([await shown(), await sums(bench)]).toEqual([ONE, []])

    await bench.store.deliveries.takeUp(at(0), 10)

    expect([await shown(), await sums(bench)]).toEqual([ONE, ONE])
  })

  it('is added once, by two runs, and when D1 executes the statement twice', async () => {
    const watched = watchDatabase(env.DB)
    const bench = await paid(storeBench({ db: watched.db }))
    const rival = storeBench()
    watched.before(/UPDATE walks/, () => rival.store.deliveries.takeUp(at(0), 10))
    watched.fail('reply_lost', { matching: /UPDATE walks/ })

    await bench.store.deliveries.takeUp(at(0), 10)
    await bench.store.deliveries.takeUp(at(DAY), 10)

    expect(await sums(bench)).toEqual(ONE)
  })

  it('is added at once when the cron has passed its time already', async () => {
    const bench = storeBench()
    await bench.exec(`UPDATE walks SET position = ${at(0)} WHERE name = 'deliveries.taken_up'`)
    await paid(bench)
    expect([await sums(bench), await queued(bench)]).toEqual([ONE, 1])

    await bench.store.deliveries.takeUp(at(DAY), 10)

    expect(await sums(bench)).toEqual(ONE)
  })

  it.each(['before', 'after'])(
    'that goes back %s it is added does not count, and no other one less',
    async (when) => {
      const bench = await paid()
      await bench.exec(
        `INSERT INTO days (day, payments, paid_fee) VALUES (date(${PAYMENT.paidAt} + 28800, 'unixepoch'), 1, 7)`,
      )
      const goBack = () => bench.exec('UPDATE payments SET returned = 1')
      const takeUp = () => bench.store.deliveries.takeUp(at(0), 10)
      for (const step of when === 'before' ? [goBack, takeUp] : [takeUp, goBack]) await step()

      expect(await sums(bench)).toEqual([{ payments: 1, fee: 7 }])
    },
  )

  it('that no webhook tells as order.paid is added at once, and not again', async () => {
    const bench = storeBench()
    const order = anOrder({
      state: 'paid',
      transactionId: PAYMENT.transactionId,
      paidAt: PAYMENT.paidAt,
    })
    await putViews({
      order,
      attempts: [anAttempt({ state: 'paid' })],
      payments: [aBookedPayment({ totalFee: toFen(100) })],
      refunds: [],
    })
    const before = await sums(bench)
    await bench.store.deliveries.takeUp(at(DAY), 10)

    expect([before, await sums(bench)]).toEqual([ONE, ONE])
  })

  it('is not taken for one of an earlier version', async () => {
    const bench = storeBench()
    await bench.exec("UPDATE walks SET position = '' WHERE name = 'days.payments'")
    await paid(bench)
    for (let step = 0; step < 3; step++) await bench.store.sweeps.payments(10)
    await bench.store.deliveries.takeUp(at(0), 10)

    expect(await sums(bench)).toEqual(ONE)
  })
})

describe('the sweep', () => {
  it('keeps old webhooks until their payments are added', async () => {
    const bench = await paid()
    await bench.exec(DELIVERED)
    await bench.store.sweeps.deliveries(at(DAY), 10)
    expect(await bench.read('SELECT 1 FROM deliveries')).toHaveLength(1)

    await bench.store.deliveries.takeUp(at(0), 10)
    await bench.store.sweeps.deliveries(at(DAY), 10)

    expect(await bench.read('SELECT 1 FROM deliveries')).toEqual([])
    expect(await sums(bench)).toEqual(ONE)
  })
})
