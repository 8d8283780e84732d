import type { PAYER_ROUTES } from '../../src/routes/payer/routes.ts'
import { PayParameters, PayResult } from '../schemas/pay.ts'
import type { Operation, Operations } from './operation.ts'

const pay = {
  answers: { 200: { schema: PayParameters, description: 'For wx.requestPayment, as they are' } },
  codes: [
    'invalid_request',
    'login_invalid',
    'login_blocked',
    'not_your_order',
    'order_not_found',
    'order_paid',
    'order_closed',
    'order_busy',
    'too_many_requests',
    'wechat_refused',
    'wechat_unavailable',
  ],
} as const satisfies Partial<Operation>

/** The operations of the mini program. */
export const PAYER_OPERATIONS = {
  'GET /pay': {
    id: 'pay',
    summary: 'Trades a login code for the parameters of wx.requestPayment',
    more: '`code` is from `wx.login` and works once. Show the payer what the code of an error means: [what the mini program should do](../README.md#http-interface). Nothing about an order is told before the login succeeded.',
    ...pay,
  },
  'POST /pay': { id: 'payByPost', summary: 'The same, with a JSON body', ...pay },
  'GET /result': {
    id: 'getResult',
    summary: 'Whether the order of a ticket is paid',
    more: 'For the page on which the payer waits. While the order is unpaid, the Worker queries WeChat, at most every 3 seconds. `HEAD` queries nothing.',
    answers: { 200: { schema: PayResult, description: 'The order as its payer may see it' } },
    codes: ['ticket_invalid', 'too_many_requests'],
  },
} satisfies Operations<typeof PAYER_ROUTES>
