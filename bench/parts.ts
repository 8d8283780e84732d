/** The parts of the bench, in the order in which they run. */
import type { Part } from './lib/part.ts'
import { bill } from './parts/bill.ts'
import { growth } from './parts/growth.ts'
import { http } from './parts/http.ts'
import { large } from './parts/large.ts'
import { pages } from './parts/pages.ts'
import { protocol } from './parts/protocol.ts'
import { sizes } from './parts/sizes.ts'
import { tick } from './parts/tick.ts'

export const PARTS = [
  protocol,
  http,
  large,
  pages,
  tick,
  sizes,
  growth,
  bill,
] as readonly Part<unknown>[]
