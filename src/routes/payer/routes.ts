import type { Route } from '../http/routes.ts'
import { getResult, ResultQuery } from './pay-result.ts'
import { getPay, PayInput, postPay } from './pay.ts'

/** The routes that the mini program calls. */
export const PAYER_ROUTES = [
  // A login code works once, and a client that sends HEAD never sees the answer.
  { method: 'GET', path: '/pay', access: 'payer', handler: getPay, head: false, query: PayInput },
  { method: 'POST', path: '/pay', access: 'payer', handler: postPay, body: PayInput },
  { method: 'GET', path: '/result', access: 'payer', handler: getResult, query: ResultQuery },
] as const satisfies readonly Route[]
