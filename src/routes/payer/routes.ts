/** What the mini program calls. */
import type { Route } from '../http/routes.ts'
import { getResult } from './pay-result.ts'
import { getPay, postPay } from './pay.ts'

export const PAYER_ROUTES: readonly Route[] = [
  ['GET', '/pay', getPay],
  ['POST', '/pay', postPay],
  ['GET', '/result', getResult],
]
