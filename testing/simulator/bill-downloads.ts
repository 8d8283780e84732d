import { readBill } from './bill-reader.ts'
import { type Changes, read, type shop } from './simulated-shop.ts'

type Shop = ReturnType<typeof shop>

/** The day of T0, which is 03:04:05 in Beijing. */
export const DAY = '20240102'

/** Puts the clock forward to the next morning at ten, when the bill of DAY is available, or to another time. */
export function waitForBill({ clock }: Shop, to = '2024-01-03T10:00:00+08:00'): void {
  clock.advance(Date.parse(to) - clock.now())
}

/** The bill that downloadbill sends. `text()` drops the BOM; another test checks that the BOM was there. */
export async function billOf(shop: Shop, fields: Changes = {}) {
  const response = await shop.downloadBill({ bill_date: DAY, ...fields })
  return readBill(`\uFEFF${await response.text()}`)
}

/** The error that downloadbill answers instead of a bill, with HTTP 200. */
export async function billErrorOf(shop: Shop, fields: Changes = {}) {
  const response = await shop.downloadBill({ bill_date: DAY, ...fields })
  if (response.status !== 200) throw new Error(`HTTP ${response.status}`)
  return read(await response.text())
}
