import type { Operation } from './operation.ts'
import { OPERATOR_OPERATIONS } from './operator.ts'
import { PAYER_OPERATIONS } from './payer.ts'
import { SHOP_OPERATIONS } from './shop.ts'
import { WECHAT_OPERATIONS } from './wechat.ts'

/** The operations of one caller. */
export type Group = Readonly<{ tag: string; operations: Readonly<Record<string, Operation>> }>

export const OPERATIONS: Group = { tag: 'Operations', operations: OPERATOR_OPERATIONS }

/** All operations, by caller. */
export const GROUPS: readonly Group[] = [
  { tag: 'Shop', operations: SHOP_OPERATIONS },
  { tag: 'Mini program', operations: PAYER_OPERATIONS },
  OPERATIONS,
  { tag: 'WeChat', operations: WECHAT_OPERATIONS },
]
