/** Which class of due work comes first in the run of a minute. */
import { describe, expect, it } from 'vitest'
import type { DueClass } from '../../src/core/due.ts'
import { fromMillis } from '../../src/core/time.ts'
import type { Queue } from '../../src/cron/queue.ts'
import { inTurn } from '../../src/cron/turns.ts'

const CLASSES: readonly DueClass[] = ['payments', 'money', 'closing', 'news', 'bills']
const queues = CLASSES.map((name): Queue => ({
  class: name,
  peer: 'none',
  costs: 'exact',
  slice: () => Promise.reject(new Error('not run')),
}))
const orderOf = (minute: number, due: readonly DueClass[]): readonly DueClass[] =>
  inTurn(queues, fromMillis(minute * 60_000), (of) => due.includes(of)).map((queue) => queue.class)
/** How often each class comes first in an hour. */
const turns = (due: readonly DueClass[]): Partial<Record<DueClass, number>> => {
  const count: Partial<Record<DueClass, number>> = {}
  for (let minute = 0; minute < 60; minute++) {
    const [first] = orderOf(minute, due)
    if (first !== undefined) count[first] = (count[first] ?? 0) + 1
  }
  return count
}

describe('the class that comes first in a run', () => {
  it('is each with due work at least once in ten minutes, and most often what is about money', () => {
    expect(turns(CLASSES)).toEqual({ payments: 18, money: 18, bills: 12, closing: 6, news: 6 })
  })

  it('is another one where nothing of its own is due', () => {
    // Orders that expire and attempts to ask about are all that is due on a quiet day.
    const count = turns(['payments', 'closing'])
    expect(count['closing']).toBeGreaterThanOrEqual(15)
    expect(count['payments']).toBeGreaterThanOrEqual(30)
    expect(count['money']).toBeUndefined()
  })

  it('alternates between payments and money when only they are due', () => {
    expect(turns(['payments', 'money'])).toEqual({ payments: 24, money: 30, bills: 6 })
    // Without the look at the bills, neither waits for more than two runs.
    for (let minute = 0; minute < 60; minute++) {
      const three = [0, 1, 2].map((more) =>
        orderOf(minute + more, ['payments', 'money']).find((name) => name !== 'bills'),
      )
      expect(new Set(three), `from minute ${minute} on`).toEqual(new Set(['payments', 'money']))
    }
  })

  it.each(CLASSES)('is %s when nothing else is due, but for the look at the bills', (name) => {
    const { bills = 0, ...others } = turns([name])
    if (name === 'bills') expect(bills).toBe(60)
    else expect([bills, others]).toEqual([6, { [name]: 54 }])
  })

  it('is the bills once in ten minutes, although none is known to be due', () => {
    expect(turns([])).toMatchObject({ bills: 6 })
  })
})
