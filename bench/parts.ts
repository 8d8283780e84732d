/** The parts of the bench, in the order in which they run. */
import type { Part } from './lib/part.ts'
import { http } from './parts/http.ts'
import { protocol } from './parts/protocol.ts'

export const PARTS = [protocol, http] as readonly Part<unknown>[]
