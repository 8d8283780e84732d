import { readBill } from './bill-reader.ts'
import { type Changes, read, type shop } from './simulated-shop.ts'

type Shop = ReturnType<typeof shop>

/** The Beijing day on which every simulated shop begins, as downloadbill expects it. */
export const DAY = '20240102'

/** Moves the clock to `to`, by default 10:00 on the morning after DAY, when the bill of DAY becomes available. */
export function waitForBill({ clock }: Shop, to = '2024-01-03T10:00:00+08:00'): void {
  clock.advance(Date.parse(to) - clock.now())
}

/**
 * Downloads and reads the bill. `Response.text()` removes the BOM, so the BOM is added again; another test checks that WeChat
 * sends one.
 */
export async function billOf(shop: Shop, fields: Changes = {}) {
  const response = await shop.downloadBill({ bill_date: DAY, ...fields })
  return readBill(`\uFEFF${await response.text()}`)
}

/** The error that downloadbill answers, with HTTP 200, instead of a bill. */
export async function billErrorOf(shop: Shop, fields: Changes = {}) {
  const response = await shop.downloadBill({ bill_date: DAY, ...fields })
  if (response.status !== 200) throw new Error(`HTTP ${response.status}`)
  return read(await response.text())
}
