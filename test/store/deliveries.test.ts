/** Each try of a webhook is stored once, whatever D1, another run and the shop do meanwhile. */
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { Review } from '../../src/core/review.ts'
import { later } from '../../src/core/time.ts'
import type { StoredDelivery } from '../../src/ports/delivery-store.ts'
import { storeBench, type StoreBench } from '../../testing/d1/store-bench.ts'
import { watchDatabase } from '../../testing/d1/watched-database.ts'
import { at, DAY, MINUTE } from '../../testing/samples/order-samples.ts'

/** Stores webhooks that are due one after the other, `w1` first. */
async function withDue({ exec }: StoreBench, count: number): Promise<void> {
  const rows = Array.from(
    { length: count },
    (_, n) => `('w${n + 1}', 'order.closed', 's', 'pending', ${at(0)}, ${at(n)}, 1)`,
  )
  await exec(
    `INSERT INTO deliveries (id, type, subject, state, created_at, due_at, is_queued) VALUES ${rows.join()}`,
  )
}

const idsOf = (deliveries: readonly StoredDelivery[]): string[] =>
  deliveries.map(({ id }) => id).toSorted()

const find = async ({ store }: StoreBench, id = 'w1'): Promise<StoredDelivery> =>
  (await store.deliveries.find(id)) ?? expect.fail(`no webhook ${id}`)

const aTry = { at: at(MINUTE), ms: 30, status: 500, error: 'status', answer: '没有库存' }
const failed = (before: StoredDelivery): StoredDelivery => ({
  ...before,
  tries: before.tries + 1,
  step: before.step + 1,
  dueAt: later(at(0), DAY),
  triedAt: at(MINUTE),
  lastStatus: 500,
  history: [...before.history, aTry],
})
const delivered = (before: StoredDelivery): StoredDelivery => ({
  ...failed(before),
  state: 'delivered',
  dueAt: undefined,
  deliveredAt: at(MINUTE),
})
/** Tries a webhook again and again, each try a minute after the last one. */
async function failTimes(bench: StoreBench, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const before = await find(bench)
    const history = [...before.history, { ...aTry, at: at(n * MINUTE) }]
    await save(bench, before, { ...failed(before), history })
  }
}
const givenUp = (before: StoredDelivery): StoredDelivery => ({
  ...failed(before),
  state: 'given_up',
  dueAt: undefined,
})
const review: Review = {
  kind: 'webhook_given_up',
  subject: 'w1',
  ordercode: undefined,
  evidence: {},
}

const save = (
  { store }: StoreBench,
  before: StoredDelivery,
  after: StoredDelivery,
): Promise<string | undefined> =>
  store.deliveries.saveTry(
    before,
    after,
    after.state === 'given_up' ? review : undefined,
    at(MINUTE),
  )

describe('a claim of due webhooks', () => {
  it('leases the longest due ones, and each to one run', async () => {
    const bench = storeBench()
    await withDue(bench, 5)
    const { deliveries } = bench.store

    expect(idsOf(await deliveries.claimDue('news', at(DAY), 2))).toEqual(['w1', 'w2'])
    const [one, two] = await Promise.all([1, 2].map(() => deliveries.claimDue('news', at(DAY), 2)))
    expect(idsOf([...(one ?? []), ...(two ?? [])])).toEqual(['w3', 'w4', 'w5'])
    expect(await deliveries.claimDue('news', at(DAY), 2)).toEqual([])
  })

  it('leases those of its class alone, however old the others are', async () => {
    const bench = storeBench()
    await withDue(bench, 4)
    await bench.exec("UPDATE deliveries SET type = 'order.paid' WHERE id = 'w4'")
    const { deliveries } = bench.store

    expect(idsOf(await deliveries.claimDue('money', at(DAY), 9))).toEqual(['w4'])
    expect(idsOf(await deliveries.claimDue('news', at(DAY), 9))).toEqual(['w1', 'w2', 'w3'])
  })

  it('gets the same ones, and leases no others, when D1 executes it twice', async () => {
    const watched = watchDatabase(env.DB)
    const bench = storeBench({ db: watched.db })
    await withDue(bench, 5)
    watched.fail('reply_lost', { matching: /claimed_by/ })

    expect(idsOf(await bench.store.deliveries.claimDue('news', at(DAY), 2))).toEqual(['w1', 'w2'])

    expect(watched.roundTrips()).toBe(2)
    expect(idsOf(await bench.store.deliveries.claimDue('news', at(DAY), 9))).toEqual([
      'w3',
      'w4',
      'w5',
    ])
  })

  it('does not get the ones that another run claimed in the same second', async () => {
    const watched = watchDatabase(env.DB)
    const bench = storeBench({ db: watched.db })
    await withDue(bench, 4)
    const rival = storeBench()
    const claimed: StoredDelivery[] = []
    watched.before(/claimed_by/, async () => {
      claimed.push(...(await rival.store.deliveries.claimDue('news', at(DAY), 2)))
    })
    watched.fail('reply_lost', { matching: /claimed_by/ })

    const own = await bench.store.deliveries.claimDue('news', at(DAY), 2)

    expect([idsOf(claimed), idsOf(own)]).toEqual([
      ['w1', 'w2'],
      ['w3', 'w4'],
    ])
  })
})

describe('a try of a webhook', () => {
  it('counts once when D1 stores it twice', async () => {
    const watched = watchDatabase(env.DB)
    const bench = storeBench({ db: watched.db })
    await withDue(bench, 1)
    for (const outcome of [failed, delivered]) {
      const before = await find(bench)
      watched.fail('reply_lost', { matching: /UPDATE deliveries/ })
      await save(bench, before, outcome(before))
      expect((await find(bench)).tries).toBe(before.tries + 1)
    }
    expect(watched.roundTrips()).toBe(2 + 4 + 2)
  })

  it('that gives it up opens one review in the same batch, also when D1 stores it twice', async () => {
    const watched = watchDatabase(env.DB)
    const bench = storeBench({ db: watched.db })
    await withDue(bench, 1)
    const before = await find(bench)
    watched.fail('before_commit', { matching: /UPDATE deliveries/, times: 3 })
    await expect(save(bench, before, givenUp(before))).rejects.toThrow('D1 failed')
    expect(await bench.read('SELECT id FROM reviews')).toEqual([])

    watched.fail('reply_lost', { matching: /UPDATE deliveries/ })
    await save(bench, before, givenUp(before))

    expect(await bench.read('SELECT id FROM reviews')).toEqual([{ id: 'webhook_given_up.w1' }])
    expect(await find(bench)).toMatchObject({ state: 'given_up', tries: 1 })
  })

  it('changes nothing when another failed try was stored first', async () => {
    const bench = storeBench()
    await withDue(bench, 1)
    const before = await find(bench)
    await save(bench, before, failed(before))
    const stored = await find(bench)

    expect(await save(bench, before, givenUp(before))).toBeUndefined()

    expect(await find(bench)).toEqual(stored)
    expect(await bench.read('SELECT id FROM reviews')).toEqual([])
  })

  it('does not give up a webhook that was resent meanwhile', async () => {
    const bench = storeBench()
    await withDue(bench, 1)
    await bench.exec('UPDATE deliveries SET tries = 9, step = 9')
    const last = await find(bench)
    await bench.store.deliveries.reopen('w1', at(MINUTE))

    expect(await save(bench, last, givenUp(last))).toBeUndefined()

    expect(await find(bench)).toMatchObject({ state: 'pending', step: 0 })
  })

  it('that the shop accepted is stored, although a slower one failed first; then nothing undoes it', async () => {
    const bench = storeBench()
    await withDue(bench, 1)
    const before = await find(bench)
    await save(bench, before, givenUp(before))

    await save(bench, before, delivered(before))
    expect(await find(bench)).toMatchObject({ state: 'delivered', tries: 2 })

    const done = await find(bench)
    for (const late of [before, done]) await save(bench, late, failed(late))
    expect(await find(bench)).toEqual(done)
  })
})

describe('the history of a webhook', () => {
  it('has the last twelve tries, with what the shop answered', async () => {
    const bench = storeBench()
    await withDue(bench, 1)
    await failTimes(bench, 15)

    const { history } = await find(bench)
    expect(history).toHaveLength(12)
    expect(history[0]).toEqual({ ...aTry, at: at(3 * MINUTE) })
    expect(history.at(-1)).toEqual({ ...aTry, at: at(14 * MINUTE) })
  })

  it('has no answers once it is delivered', async () => {
    const bench = storeBench()
    await withDue(bench, 1)
    await failTimes(bench, 2)
    const before = await find(bench)
    await save(bench, before, delivered(before))

    const { history } = await find(bench)
    expect(history).toHaveLength(3)
    expect(history.map(({ answer }) => answer)).toEqual([undefined, undefined, undefined])
  })

  it('takes no space when the first try delivers it', async () => {
    const bench = storeBench()
    await withDue(bench, 1)
    const before = await find(bench)
    await save(bench, before, delivered(before))

    expect(await bench.read('SELECT history FROM deliveries')).toEqual([{ history: null }])
    expect((await find(bench)).history).toMatchObject([{ at: at(MINUTE), status: 500 }])
  })

  it('begins with the last try of before when nothing else is known of it', async () => {
    const bench = storeBench()
    await withDue(bench, 1)
    await bench.exec(`UPDATE deliveries SET tries = 4, tried_at = ${at(1)}, last_error = 'timeout'`)
    await failTimes(bench, 1)

    expect((await find(bench)).history).toMatchObject([
      { at: at(1), ms: undefined, error: 'timeout' },
      { at: at(0), ms: 30, status: 500 },
    ])
  })

  it('is the same when a run stores many tries together', async () => {
    const bench = storeBench()
    await withDue(bench, 2)
    const [one, two] = [await find(bench, 'w1'), await find(bench, 'w2')]
    await bench.store.deliveries.saveTries(
      [
        { before: one, after: failed(one) },
        { before: two, after: delivered(two) },
      ],
      [],
    )
    const again = await find(bench, 'w1')
    await bench.store.deliveries.saveTries([{ before: again, after: delivered(again) }], [])

    const { history } = await find(bench, 'w1')
    expect(history).toEqual([aTry, aTry].map((each) => ({ ...each, answer: undefined })))
    expect(await bench.read("SELECT history, body FROM deliveries WHERE id = 'w2'")).toEqual([
      { history: null, body: null },
    ])
  })
})
