import { describe, expect, it } from 'vitest'
import { type Review, reviewId } from '../../src/core/review.ts'
import { storeBench } from '../../testing/d1/store-bench.ts'
import { at } from '../../testing/samples/order-samples.ts'

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
    await wechat.open(review, undefined, at(0))
    expect((await operator.find(id))?.actor).toBe('wechat')

    await operator.resolve(id, { note: 'refunded by hand', action: undefined }, at(1))

    expect((await wechat.find(id))?.actor).toBe('li.wei')
    expect((await wechat.list(undefined, everything)).map(({ actor }) => actor)).toEqual(['li.wei'])
  })

  it('is derived from its note where it was written by a version without actors', async () => {
    const { store, exec } = storeBench()
    await store.reviews.open(review, undefined, at(0))
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

describe('a review that two operators resolve concurrently', () => {
  it('keeps the first resolution', async () => {
    const { store } = storeBench()
    const review: Review = {
      kind: 'foreign_payment',
      subject: '42',
      ordercode: undefined,
      evidence: {},
    }
    const id = reviewId(review)
    await store.reviews.open(review, undefined, at(0))

    expect(await store.reviews.resolve(id, { note: 'first', action: undefined }, at(1))).toBe(true)
    expect(await store.reviews.resolve(id, { note: 'second', action: 'accept' }, at(2))).toBe(false)

    expect(await store.reviews.find(id)).toMatchObject({ note: 'first', action: undefined })
  })
})
