import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { type Review, reviewId, type ReviewKind } from '../../src/core/review.ts'
import { storeBench, type StoreBench } from '../../testing/d1/store-bench.ts'
import { watchDatabase } from '../../testing/d1/watched-database.ts'
import { at } from '../../testing/samples/order-samples.ts'
import { seeded } from '../../testing/wire/seeded.ts'

const aReview = (kind: ReviewKind, subject = '42', evidence: Review['evidence'] = {}): Review => ({
  kind,
  subject,
  ordercode: undefined,
  evidence,
})

const open = ({ store }: StoreBench, review: Review) => store.reviews.open(review, at(0))

const resolve = ({ store }: StoreBench, id: string) =>
  store.reviews.resolve(id, { note: 'seen', action: undefined }, at(1))

/** Opens a review, which must be possible, and resolves it. @returns its id. */
async function opened(bench: StoreBench, review: Review): Promise<string> {
  const id = (await open(bench, review)) ?? expect.fail(`not opened: ${reviewId(review)}`)
  await resolve(bench, id)
  return id
}

const idsIn = async ({ read }: StoreBench, table: 'reviews' | 'deliveries'): Promise<unknown[]> =>
  (await read(`SELECT id FROM ${table} ORDER BY length(id), id`)).map(({ id }) => id)

describe('a review that two operators resolve concurrently', () => {
  it('keeps the first resolution', async () => {
    const { store } = storeBench()
    const review = aReview('foreign_payment')
    const id = reviewId(review)
    await store.reviews.open(review, at(0))

    expect(await store.reviews.resolve(id, { note: 'first', action: undefined }, at(1))).toBe(true)
    expect(await store.reviews.resolve(id, { note: 'second', action: 'accept' }, at(2))).toBe(false)

    expect(await store.reviews.find(id)).toMatchObject({ note: 'first', action: undefined })
  })
})

const everything = { before: { at: Number.MAX_SAFE_INTEGER, key: '' }, limit: 10 }

describe('the actor of a review', () => {
  const review: Review = {
    kind: 'foreign_payment',
    subject: '42',
    ordercode: undefined,
    evidence: {},
  }
  const id = reviewId(review)

  it('is who opened it while it is open, and who resolved it afterwards', async () => {
    const wechat = storeBench({ actor: 'wechat' }).store.reviews
    const operator = storeBench({ actor: 'li.wei' }).store.reviews
    await wechat.open(review, at(0))
    expect((await operator.find(id))?.actor).toBe('wechat')

    await operator.resolve(id, { note: 'refunded by hand', action: undefined }, at(1))

    expect((await wechat.find(id))?.actor).toBe('li.wei')
    const { rows } = await wechat.list(undefined, everything)
    expect(rows.map(({ actor }) => actor)).toEqual(['li.wei'])
  })

  it('is derived from its note where it was written by a version without actors', async () => {
    const { store, exec } = storeBench()
    await store.reviews.open(review, at(0))
    const actorAfter = async (sql: string): Promise<string | undefined> => {
      await exec(`UPDATE reviews SET actor = NULL${sql}`)
      return (await store.reviews.find(id))?.actor
    }

    expect(await actorAfter('')).toBe('system')
    expect(await actorAfter(`, resolved_at = 1, note = 'refunded by hand'`)).toBe('shop')
    const automatic = 'resolved automatically: bill and records agree'
    expect(await actorAfter(`, note = '${automatic}'`)).toBe('system')
  })
})

describe('a fact whose review is open', () => {
  it.each(['amount_mismatch', 'refund_failed', 'bill_difference'] as const)(
    'opens no other one and sends no other webhook (%s)',
    async (kind) => {
      const bench = storeBench()
      const review = aReview(kind)

      expect(await open(bench, review)).toBe(`${kind}.42`)
      expect(await open(bench, { ...review, evidence: { other: 1 } })).toBeUndefined()

      expect(await idsIn(bench, 'reviews')).toEqual([`${kind}.42`])
      expect(await idsIn(bench, 'deliveries')).toEqual([`review.opened.${kind}.42`])
    },
  )

  it('sends no webhook again after the first was deleted, because it is old', async () => {
    const bench = storeBench()
    const review = aReview('amount_mismatch')
    await open(bench, review)
    await bench.exec('DELETE FROM deliveries')

    await bench.store.reviews.open(review, at(1))

    expect(await idsIn(bench, 'deliveries')).toEqual([])
  })

  it('opens one when eight requests find it concurrently', async () => {
    const bench = storeBench()
    const review = aReview('refund_failed')
    await opened(bench, review)

    const ids = await Promise.all(Array.from({ length: 8 }, () => open(bench, review)))

    expect(ids.filter((id) => id !== undefined)).toEqual(['refund_failed.42.2'])
    expect(await idsIn(bench, 'reviews')).toEqual(['refund_failed.42', 'refund_failed.42.2'])
    expect(await idsIn(bench, 'deliveries')).toEqual([
      'review.opened.refund_failed.42',
      'review.opened.refund_failed.42.2',
    ])
  })

  it('opens one when D1 executes the batch twice, because its first answer was lost', async () => {
    const watched = watchDatabase(env.DB)
    const bench = storeBench({ db: watched.db })
    watched.fail('reply_lost', { matching: /INTO reviews/ })

    await open(bench, aReview('refund_failed'))

    expect(watched.roundTrips()).toBe(2)
    expect(await idsIn(bench, 'reviews')).toEqual(['refund_failed.42'])
    expect(await idsIn(bench, 'deliveries')).toEqual(['review.opened.refund_failed.42'])
  })
})

describe('a fact whose review is resolved', () => {
  it.each([
    'amount_mismatch',
    'currency_mismatch',
    'unknown_order',
    'foreign_payment',
    'partly_returned',
    'refund_overdue',
  ] as const)(
    'is not new, however often and in which words WeChat repeats it (%s)',
    async (kind) => {
      const bench = storeBench()
      await opened(bench, aReview(kind))

      expect(await open(bench, aReview(kind))).toBeUndefined()
      expect(await open(bench, aReview(kind, '42', { source: 'query' }))).toBeUndefined()
      expect(await idsIn(bench, 'deliveries')).toHaveLength(1)
    },
  )

  it.each(['refund_abnormal', 'refund_failed', 'late_payment', 'second_payment'] as const)(
    'is new every time that it happens, with a number and a webhook of its own (%s)',
    async (kind) => {
      const bench = storeBench()
      const ids: string[] = []
      for (let times = 0; times < 11; times++) ids.push(await opened(bench, aReview(kind)))

      const first = `${kind}.42`
      const further = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map((n) => `${first}.${n}`)
      expect(ids).toEqual([first, ...further])
      expect(await idsIn(bench, 'deliveries')).toEqual(ids.map((id) => `review.opened.${id}`))
    },
  )

  it('sends no webhook about a webhook that was given up, the second time either', async () => {
    const bench = storeBench()
    const review = aReview('webhook_given_up', 'order.paid.42')

    expect(await opened(bench, review)).toBe('webhook_given_up.order.paid.42')
    expect(await opened(bench, review)).toBe('webhook_given_up.order.paid.42.2')
    expect(await idsIn(bench, 'deliveries')).toEqual([])
  })

  it('is new in a bill only when it differs from what was found the last time', async () => {
    const bench = storeBench()
    const found = (fen: number) => aReview('bill_difference', '42', { bill_total_fee: fen })

    expect(await opened(bench, found(1))).toBe('bill_difference.42')
    expect(await open(bench, found(1))).toBeUndefined()
    expect(await opened(bench, found(2))).toBe('bill_difference.42.2')
    expect(await open(bench, found(2))).toBeUndefined()
    expect(await opened(bench, found(1))).toBe('bill_difference.42.3')
    expect(await open(bench, found(1))).toBeUndefined()
  })

  it('is not new in a bill when only the state of our refund has changed', async () => {
    const bench = storeBench()
    const found = (state: string) =>
      aReview('bill_difference', '42', { bill_refund_fee: 1, books_state: state })
    await opened(bench, found('processing'))

    expect(await open(bench, found('succeeded'))).toBeUndefined()
  })

  it('is new when WeChat reports another status of a refund that does not fit', async () => {
    const bench = storeBench()
    const conflict = (status: string) => aReview('refund_conflict', 'R1', { status })
    await opened(bench, conflict('processing'))

    expect(await open(bench, conflict('processing'))).toBeUndefined()
    expect(await open(bench, conflict('succeeded'))).toBe('refund_conflict.R1.2')
  })

  it('is new in a bill when it was over in between', async () => {
    const bench = storeBench()
    await opened(bench, aReview('bill_difference'))
    await bench.exec('UPDATE reviews SET ended_at = 1')

    expect(await opened(bench, aReview('bill_difference'))).toBe('bill_difference.42.2')
    expect(await open(bench, aReview('bill_difference'))).toBeUndefined()
  })
})

describe('subjects that end in a number', () => {
  it('never share a review: an id that another fact has is left out', async () => {
    const bench = storeBench()
    const given = (subject: string) => aReview('webhook_given_up', subject)
    const webhook = 'review.opened.refund_failed.R1'

    expect(await opened(bench, given(webhook))).toBe(`webhook_given_up.${webhook}`)
    expect(await opened(bench, given(webhook))).toBe(`webhook_given_up.${webhook}.2`)
    // The webhook about the second review is given up, too.
    expect(await opened(bench, given(`${webhook}.2`))).toBe(`webhook_given_up.${webhook}.2.2`)
    expect(await opened(bench, given(webhook))).toBe(`webhook_given_up.${webhook}.3`)
    // The second row of a bill is unreadable; then so many rows are that one review stands for all of them.
    const unreadable = 'bill_difference.2026-11-23.row_unreadable'
    const row = aReview('bill_difference', '2026-11-23.row_unreadable.2', { row: 2 })
    const all = (count: number) =>
      aReview('bill_difference', '2026-11-23.row_unreadable', { count })
    expect(await opened(bench, row)).toBe(`${unreadable}.2`)
    expect(await opened(bench, all(100))).toBe(unreadable)
    expect(await opened(bench, all(101))).toBe(`${unreadable}.3`)
  })

  it('each have all their reviews, in any order of events (six random stories)', async () => {
    const random = seeded(20_261_129)
    for (let story = 0; story < 6; story++) {
      const bench = storeBench()
      await bench.exec('DELETE FROM reviews; DELETE FROM deliveries')
      const prefix = `s${story}`
      const facts = ['', '.2', '.2.2', '.3', '.2.3', '.02', '.1', '.x'].map((end) =>
        aReview('refund_failed', `${prefix}${end}`),
      )
      const history = new Map<string, string[]>()
      const openIds = new Map<string, string>()
      for (let step = 0; step < 40; step++) {
        const fact = facts[random.below(facts.length)] ?? expect.fail('no fact')
        const isOpen = openIds.get(fact.subject)
        if (isOpen !== undefined && random.below(2) === 0) {
          await resolve(bench, isOpen)
          openIds.delete(fact.subject)
          continue
        }
        const id = await open(bench, fact)
        expect(id === undefined, `${fact.subject} is open`).toBe(isOpen !== undefined)
        if (id === undefined) continue
        openIds.set(fact.subject, id)
        history.set(fact.subject, [...(history.get(fact.subject) ?? []), id])
        expect(await bench.store.reviews.find(id)).toMatchObject({ subject: fact.subject })
      }

      const all = [...history.values()].flat()
      expect(new Set(all).size).toBe(all.length)
      expect((await idsIn(bench, 'reviews')).toSorted()).toEqual(all.toSorted())
      const webhooks = all.map((id) => `review.opened.${id}`)
      expect((await idsIn(bench, 'deliveries')).toSorted()).toEqual(webhooks.toSorted())
      for (const [subject, ids] of history) {
        const numbers = ids.map((id) => {
          const [, number] =
            /^(?:\.([1-9]\d*))?$/.exec(id.slice(`refund_failed.${subject}`.length)) ??
            expect.fail(`${id} does not belong to ${subject}`)
          return number === undefined ? 1 : Number(number)
        })
        expect(numbers, ids.join()).toEqual([...new Set(numbers)].toSorted((a, b) => a - b))
        expect(numbers.filter((number) => number === 1).length).toBeLessThanOrEqual(1)
      }
    }
  })
})

describe('opening a review among 5000', () => {
  it('reads only the reviews of its fact', async () => {
    const watched = watchDatabase(env.DB)
    const bench = storeBench({ db: watched.db })
    await bench.exec(`
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
      INSERT INTO reviews (id, kind, subject, evidence, opened_at, resolved_at, note)
      SELECT 'refund_failed.' || i, 'refund_failed', i, '{}', i, i, 'x' FROM n`)
    watched.reset()

    expect(await open(bench, aReview('refund_failed', '42'))).toBe('refund_failed.42.2')

    // The simulation's D1, in the project shim, does not count rows.
    expect(watched.rowsRead()).toBeLessThan(30)
  })
})
