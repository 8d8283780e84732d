import { describe, expect, it } from 'vitest'
import { Allowance } from '../../src/lib/allowance.ts'

describe('an allowance', () => {
  it('admits so many acts in each interval, and no more', () => {
    const allowance = new Allowance(2, 10)
    const taken = [100, 105, 109, 109, 110, 119, 119].map((at) => allowance.take(at) !== undefined)
    expect(taken).toEqual([true, true, false, false, true, true, false])
  })

  it('admits another act for each one that is given back', () => {
    const allowance = new Allowance(1, 10)
    for (let count = 0; count < 5; count++) allowance.take(100)?.()
    expect(allowance.take(100)).toBeDefined()
    expect(allowance.take(100)).toBeUndefined()
  })

  it('gives an act back to its own interval only', () => {
    const allowance = new Allowance(1, 10)
    const giveBack = allowance.take(100)
    expect(allowance.take(110)).toBeDefined()
    giveBack?.()
    expect(allowance.take(110)).toBeUndefined()
  })
})
