import { knowsCode } from '../../core/order/attempt.ts'
import type { OrderView } from '../../core/order/order.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Deps } from '../../ports/deps.ts'
import type { PayError } from './pay-error.ts'

type IdentifyPayerDeps = Pick<Deps, 'log' | 'now' | 'orders' | 'wechat'>

/**
 * Trades the login code for the payer's openid. A code works once, so a retried request is recognised by
 * the code's hash.
 */
export async function identifyPayer(
  deps: IdentifyPayerDeps,
  code: string,
  codeHash: string,
  ordercode: string,
  view: OrderView | undefined,
): Promise<Result<string, PayError>> {
  // The client may retry after a lost reply with the code it has; WeChat would refuse it as used.
  const known = payerOf(view, codeHash, deps)
  if (known !== undefined) return ok(known)

  const reply = await deps.wechat.login(code)
  switch (reply.kind) {
    case 'session':
      return ok(reply.openid)
    case 'code_used': {
      // Perhaps by the same request, sent twice, a moment ago.
      const twin = payerOf(await deps.orders.load(ordercode), codeHash, deps)
      return twin === undefined ? err({ reason: 'login_invalid' }) : ok(twin)
    }
    case 'code_invalid':
      return err({ reason: 'login_invalid' })
    case 'blocked':
      return err({ reason: 'login_blocked' })
    case 'too_many_requests':
      return err({ reason: 'too_many_requests' })
    case 'busy':
    case 'unknown':
      return err({ reason: 'wechat_unavailable' })
    case 'misconfigured':
      deps.log({ event: 'login_misconfigured', reason: reply.errCode })
      return err({ reason: 'misconfigured' })
    case 'refused':
      return err({
        reason: 'wechat_refused',
        errCode: reply.errCode,
        errCodeDes: reply.errCodeDes,
      })
  }
}

const payerOf = (
  view: OrderView | undefined,
  codeHash: string,
  deps: Pick<Deps, 'now'>,
): string | undefined =>
  view?.attempts.find((attempt) => knowsCode(attempt, codeHash, deps.now()))?.terms.openid
