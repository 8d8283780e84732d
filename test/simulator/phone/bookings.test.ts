import { describe, expect, it } from 'vitest'
import { Bookings } from '../../../simulator/phone/bookings.ts'

describe('the payments of an order', () => {
  it('are booked once, whether the log or the webhook is first', () => {
    const bookings = new Bookings()
    expect(bookings.hear('a', '1', 'log')?.what).toBe('booked')
    expect(bookings.hear('a', '1', 'webhook')).toBe(undefined)
    expect(bookings.hear('b', '2', 'webhook')?.what).toBe('booked')
    expect(bookings.hear('b', '2', 'log')).toBe(undefined)
  })

  it('are known when they come again, and second when they are other ones', () => {
    const bookings = new Bookings()
    bookings.hear('a', '1', 'log')
    expect(bookings.hear('a', '1', 'log')?.what).toBe('known')
    expect(bookings.hear('a', '9', 'log')?.what).toBe('second')
  })
})
