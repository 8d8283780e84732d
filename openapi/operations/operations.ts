import type { Operation } from './operation.ts'
import { DOCUMENT_OPERATION, OPERATOR_OPERATIONS } from './operator.ts'
import { PAYER_OPERATIONS } from './payer.ts'
import { SHOP_OPERATIONS } from './shop.ts'
import { WECHAT_OPERATIONS } from './wechat.ts'

/** The operations of one caller. */
export type Group = Readonly<{
  tag: 'Shop' | 'Mini program' | 'Operations' | 'WeChat'
  operations: Readonly<Record<string, Operation>>
}>

export const OPERATIONS: Group = { tag: 'Operations', operations: OPERATOR_OPERATIONS }

/** All operations, by caller. */
export const GROUPS: readonly Group[] = [
  { tag: 'Shop', operations: SHOP_OPERATIONS },
  { tag: 'Mini program', operations: PAYER_OPERATIONS },
  OPERATIONS,
  { tag: 'WeChat', operations: WECHAT_OPERATIONS },
]

/** All operations, by the name of their route. */
export const OPERATION_OF = {
  ...SHOP_OPERATIONS,
  ...PAYER_OPERATIONS,
  ...OPERATOR_OPERATIONS,
  ...WECHAT_OPERATIONS,
  'GET /openapi.json': DOCUMENT_OPERATION,
}

/** A route as the document names it: `GET /orders/:ordercode`. */
export type OperationName = keyof typeof OPERATION_OF
