/** The parts of the bench, in the order in which they run. */
import type { Part } from './lib/part.ts'
import { protocol } from './parts/protocol.ts'

export const PARTS = [protocol] as readonly Part<unknown>[]
