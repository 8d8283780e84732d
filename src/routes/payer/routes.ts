import type { Route } from '../http/routes.ts'
import { getResult } from './pay-result.ts'
import { getPay, postPay } from './pay.ts'

/** The routes that the mini program calls. They need no token: a login code or a ticket takes its place. */
export const PAYER_ROUTES: readonly Route[] = [
  // A login code works once, and a client that sends HEAD never sees the answer.
  ['GET', '/pay', getPay, 'no_head'],
  ['POST', '/pay', postPay],
  ['GET', '/result', getResult],
]
