import { describe, expect, it } from 'vitest'
import { type Review, reviewId } from '../../src/core/review.ts'
import { storeBench } from '../../testing/d1/store-bench.ts'
import { at } from '../../testing/samples/order-samples.ts'

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
