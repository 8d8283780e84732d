/** The arithmetic of the bench, and its messages, which it writes without code of `src`. */
import { describe, expect, it } from 'vitest'
import { captureWay } from '../bench/http/capture.ts'
import { noticeFields, signed, xmlOf } from '../bench/lib/messages.ts'
import { alternate, median, quantile, ratioOf } from '../bench/lib/rounds.ts'
import { PARTS } from '../bench/parts.ts'
import { parseXml } from '../simulator/lib/xml.ts'

describe('the rounds of the bench', () => {
  it('alternate between the contenders', async () => {
    const order: string[] = []
    const contender = (name: string) => async (round: number) => {
      order.push(`${name}${round}`)
      return round
    }
    const context = { interrupted: new AbortController().signal, progress: () => {} }
    const samples = await alternate({ a: contender('a'), b: contender('b') }, 2, context, '')
    expect(order).toEqual(['a0', 'b0', 'a1', 'b1'])
    expect(samples).toEqual({ a: [0, 1], b: [0, 1] })
  })

  it('compare within a round, so that a slow round counts for both', () => {
    // Twice as slow in every round, while the machine becomes ten times as slow.
    expect(ratioOf([2, 20, 2], [1, 10, 1])).toBe(2)
    expect(median([3, 1, 2])).toBe(2)
    expect(median([4, 1, 2, 3])).toBe(2.5)
    expect(quantile([1, 2, 3, 4], 0.5)).toBe(3)
    expect(quantile([1, 2, 3, 4], 0.99)).toBe(4)
  })
})

describe('the bench', () => {
  it('has parts with names of their own', () => {
    const names = PARTS.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    expect(names).toContain('protocol')
  })

  it('writes notices that another reader of the protocol reads', () => {
    const fields = signed(noticeFields('20261128-000001-K7X2', '4200001234202611280123456789'))
    const read = parseXml(xmlOf(fields))
    expect(read.ok && Object.fromEntries(read.fields)).toEqual(fields)
  })

  it('lets the bare Worker make the round trips of the real one: a notice one, a first /pay three and two calls', async () => {
    const way = await captureWay()
    const trips = (phase: keyof typeof way) =>
      way[phase].map((step) => ('call' in step ? step.call : 'batch'))
    expect(trips('notify')).toEqual(['batch'])
    expect(trips('notifyAgain')).toEqual(['batch'])
    expect(trips('pay')).toEqual(['batch', 'login', 'batch', 'unifiedorder', 'batch'])
    expect(trips('payAgain')).toEqual(['batch'])
    // Nothing of the recorded order is left in what is repeated for others.
    expect(JSON.stringify(way)).not.toMatch(/ORDER-OF-THE-CAPTURE|4200009999/)
  })
})
