import type { PayerResult } from '../core/order/pay-decision.ts'
import { timeOrNull } from '../core/time.ts'

/** The JSON of `/result`, as the payer may see the order. Contract: fields are added, never renamed. */
export const payResultJson = ({
  ordercode,
  state,
  totalFee,
  paidAt,
}: PayerResult & Readonly<{ ordercode: string }>) => ({
  ordercode,
  state,
  total_fee: totalFee,
  paid_at: timeOrNull(paidAt),
})
