import type { Route } from '../http/routes.ts'
import { DoctorQuery, getDoctor, postDoctor } from './doctor.ts'
import { getHealth } from './health.ts'
import { getMetrics } from './metrics.ts'
import { postRecover, Recovery } from './recover.ts'
import { getRuns } from './runs.ts'

/** The routes of the operator and of an external monitor. */
export const OPERATOR_ROUTES = [
  { method: 'GET', path: '/runs', access: 'viewer', handler: getRuns },
  { method: 'POST', path: '/recover', access: 'operator', handler: postRecover, body: Recovery },
  // It calls WeChat, and a client that sends HEAD never sees the answer.
  {
    method: 'GET',
    path: '/doctor',
    access: 'viewer',
    handler: getDoctor,
    head: false,
    query: DoctorQuery,
  },
  { method: 'POST', path: '/doctor', access: 'operator', handler: postDoctor, query: DoctorQuery },

  { method: 'GET', path: '/health', access: 'everyone', handler: getHealth },
  { method: 'GET', path: '/metrics', access: 'monitor', handler: getMetrics },
] as const satisfies readonly Route[]
