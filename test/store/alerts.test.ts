import { describe, expect, it } from 'vitest'
import { NOTHING_TOLD } from '../../src/core/alert.ts'
import { later } from '../../src/core/time.ts'
import { storeBench } from '../../testing/d1/store-bench.ts'
import { at } from '../../testing/samples/order-samples.ts'

const NOW = at(0)
const review = (subject: string) => ({
  kind: 'unknown_order' as const,
  subject,
  ordercode: undefined,
  evidence: {},
})

/** A store with open reviews about these subjects, the first one the oldest. */
async function withReviews(...subjects: string[]) {
  const { store } = storeBench()
  for (const [minute, subject] of subjects.entries()) {
    await store.reviews.open(review(subject), later(NOW, minute * 60))
  }
  return store
}

describe('what the group was told', () => {
  it('is nothing at first, with the open reviews from the oldest on', async () => {
    const { alerts } = await withReviews('1', '2', '3')

    expect(await alerts.read(2)).toEqual({
      state: NOTHING_TOLD,
      untold: [
        { id: 'unknown_order.1', kind: 'unknown_order', ordercode: undefined },
        { id: 'unknown_order.2', kind: 'unknown_order', ordercode: undefined },
      ],
      hasOpen: true,
    })
  })

  it('is stored with the reviews that were told, and the others remain', async () => {
    const { alerts } = await withReviews('1', '2')
    const after = { ...NOTHING_TOLD, hasToldReviews: true, dueAt: NOW }

    expect(await alerts.save(NOTHING_TOLD, after, ['unknown_order.1'], NOW)).toBe(true)
    expect(await alerts.read(9)).toMatchObject({
      state: { version: 1, hasToldReviews: true, dueAt: NOW },
      untold: [{ id: 'unknown_order.2' }],
    })
  })

  it('is stored by one of two runs that have read the same, and the other one marks no review', async () => {
    const { alerts } = await withReviews('1', '2')

    expect(await alerts.save(NOTHING_TOLD, { ...NOTHING_TOLD, tries: 1 }, [], NOW)).toBe(true)
    expect(
      await alerts.save(NOTHING_TOLD, { ...NOTHING_TOLD, tries: 2 }, ['unknown_order.1'], NOW),
    ).toBe(false)
    const { state, untold } = await alerts.read(9)
    expect(state).toMatchObject({ version: 1, tries: 1 })
    expect(untold).toHaveLength(2)
  })

  it('leaves out reviews that were resolved before they could be told', async () => {
    const store = await withReviews('1')
    const resolution = { note: 'looked at', action: undefined }
    await store.reviews.resolve('unknown_order.1', resolution, NOW)

    expect(await store.alerts.read(9)).toMatchObject({ untold: [], hasOpen: false })
  })
})
