import { liveAttempt, type OrderView } from '../core/order.ts'
import { err, ok, type Result } from '../core/result.ts'
import type { Deps } from './ports.ts'
import { queryAttempt } from './query-attempt.ts'

export type QueryError = Readonly<{ reason: 'order_not_found' | 'wechat_unavailable' }>

/** Asks WeChat now about the attempt that can be paid, or else about the last one there was. */
export async function queryOrder(
  deps: Deps,
  ordercode: string,
): Promise<Result<OrderView, QueryError>> {
  const view = await deps.store.load(ordercode)
  if (view === undefined) return err({ reason: 'order_not_found' })
  const attempt = liveAttempt(view) ?? view.attempts.at(-1)
  if (attempt === undefined || attempt.state === 'paid') return ok(view)

  const standing = await queryAttempt(deps, view, attempt)
  switch (standing.standing) {
    case 'paid':
    case 'closed':
      return ok(standing.view)
    case 'unknown':
      return err({ reason: 'wechat_unavailable' })
    case 'rejected':
    case 'unpaid':
    case 'user_paying':
    case 'absent':
      return ok(view)
  }
}
