/** Addresses of the console, made of checked or encoded parts. */
import type { BeijingDay } from '../../core/day.ts'

export const orderPath = (ordercode: string, more = ''): string =>
  `/console/orders/${encodeURIComponent(ordercode)}${more}`

export const billPath = (day: BeijingDay): string => `/console/bills/${day}`

/** The card of a review on its page. */
export const reviewPath = (id: string): string => `/console/reviews/${encodeURIComponent(id)}`

/** An address that tells, after a form, what came of it. */
export const withDone = (path: string, done: string): string => `${path}?done=${done}`
