import type { WECHAT_ROUTES } from '../../src/routes/wechat/routes.ts'
import type { Operation, Operations } from './operation.ts'

const XML = ['text/xml']

const notice = {
  answers: {
    200: { types: XML, description: 'SUCCESS: stored, or known already' },
    400: { types: XML, description: 'FAIL: the notice was refused; the log says why' },
    500: { types: XML, description: 'FAIL: a bug, or the configuration is wrong' },
    503: { types: XML, description: 'FAIL: not stored. WeChat sends it again' },
  },
  codes: [],
  never: ['internal', 'store_unavailable'],
} as const satisfies Partial<Operation>

/** The operations of WeChat. */
export const WECHAT_OPERATIONS = {
  'POST /notify': {
    id: 'notifyPayment',
    summary: 'A payment notice',
    more: 'WeChat calls it with its own XML. A notice that is not signed with the merchant key is refused.',
    ...notice,
  },
  'POST /notify/refund': {
    id: 'notifyRefund',
    summary: 'A refund notice',
    more: 'WeChat calls it with its own XML. The notice is not signed, so a query confirms it before anything changes.',
    ...notice,
  },
} satisfies Operations<typeof WECHAT_ROUTES>
