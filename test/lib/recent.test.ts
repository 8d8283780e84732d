import { describe, expect, it } from 'vitest'
import { Recent } from '../../src/lib/recent.ts'

/** A result that is kept for ten seconds, and how often its work was done. */
function counted() {
  const recent = new Recent<number>(10)
  let done = 0
  return {
    done: () => done,
    get: (now: number) => recent.get(now, async () => ++done),
    recent,
  }
}

describe('a recent result', () => {
  it('is shared by all requests for ten seconds', async () => {
    const { get, done } = counted()

    expect(await Promise.all([get(100), get(100), get(109)])).toEqual([1, 1, 1])
    expect(await get(110)).toBe(2)
    expect(done()).toBe(2)
  })

  it('is not used when the clock went back, which would keep it for too long', async () => {
    const { get } = counted()
    await get(100)

    expect(await get(50)).toBe(2)
  })

  it('is not kept when the work failed', async () => {
    const { recent, get } = counted()
    await expect(recent.get(100, () => Promise.reject(new Error('away')))).rejects.toThrow('away')

    expect(await get(100)).toBe(1)
  })
})
