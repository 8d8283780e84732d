import type { Route } from '../http/routes.ts'
import { getDoctor, postDoctor } from './doctor.ts'
import { getHealth } from './health.ts'
import { getMetrics } from './metrics.ts'
import { postRecover } from './recover.ts'
import { getRuns } from './runs.ts'

/** The operator's routes, which need the merchant token. */
export const OPERATOR_ROUTES: readonly Route[] = [
  ['GET', '/runs', getRuns],
  ['POST', '/recover', postRecover],
  // It calls WeChat, and a client that sends HEAD never sees the answer.
  ['GET', '/doctor', getDoctor, 'no_head'],
  ['POST', '/doctor', postDoctor],
]

/** Routes for an external monitor. `/health` needs no token, and `/metrics` one of its own. */
export const PUBLIC_ROUTES: readonly Route[] = [
  ['GET', '/health', getHealth],
  ['GET', '/metrics', getMetrics],
]
