import { describe, expect, it } from 'vitest'
import {
  ControllableClock,
  formatBeijingTime,
  parseBeijingTime,
} from '../../../simulator/lib/clock.ts'
import { T0 } from '../../../testing/simulator/simulated-shop.ts'

describe('Beijing time', () => {
  it('is eight hours ahead of UTC, in every time zone of this machine', () => {
    expect(formatBeijingTime(T0)).toBe('20240102030405')
    expect(parseBeijingTime('20240102030405')).toBe(T0)
    expect(formatBeijingTime(Date.parse('2023-12-31T16:00:00Z'))).toBe('20240101000000')
  })

  it.each(['', '2024010203040', '202401020304056', '20240230000000', '20240101240000', '2024-1-1'])(
    'does not parse %j',
    (text) => {
      expect(parseBeijingTime(text)).toBeUndefined()
    },
  )
})

describe('a controllable clock', () => {
  it('stands still until it is advanced', () => {
    const clock = new ControllableClock(() => T0)

    clock.advance(1_500)

    expect(clock.now()).toBe(T0 + 1_500)
    expect(() => clock.advance(-1)).toThrow('cannot advance')
  })

  it('can run faster than the clock it follows', () => {
    let now = T0
    const clock = new ControllableClock(() => now, 60)

    now += 1_000

    expect(clock.now()).toBe(T0 + 60_000)
  })
})
