import { knowsCode } from '../../core/order/attempt.ts'
import type { OrderView } from '../../core/order/order.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import { sha256Hex } from '../../lib/text.ts'
import type { Deps } from '../../ports/deps.ts'
import type { PayError } from './pay-error.ts'

type IdentifyPayerDeps = Pick<Deps, 'log' | 'now' | 'orders' | 'wechat'>

/** How many digits of a login code's SHA-256 are kept: enough that no other code of the same order has them. */
const CODE_HASH_DIGITS = 24

/** The hash under which a login code is remembered. */
export const hashOfCode = async (code: string): Promise<string> =>
  (await sha256Hex(code)).slice(0, CODE_HASH_DIGITS)

/**
 * Trades the login code of `wx.login` for the payer's openid. WeChat accepts a code only once, so the Worker
 * recognises a repeated request by the hash of the request's code.
 *
 * @param view The order; undefined when it is not registered.
 * @returns the openid.
 */
export async function identifyPayer(
  deps: IdentifyPayerDeps,
  code: string,
  codeHash: string,
  ordercode: string,
  view: OrderView | undefined,
): Promise<Result<string, PayError>> {
  // If the reply was lost, the mini program may repeat its request with the same code. WeChat would refuse
  // the code as used, but the attempt that the first request opened has the hash of the code.
  const known = payerOf(view, codeHash, deps)
  if (known !== undefined) return ok(known)

  const reply = await deps.wechat.login(code)
  switch (reply.kind) {
    case 'session':
      return ok(reply.openid)
    case 'code_used': {
      // A concurrent copy of this request may have used the code. If that copy has stored its attempt by
      // now, the attempt names the payer.
      const openid = payerOf(await deps.orders.load(ordercode), codeHash, deps)
      return openid === undefined ? err({ reason: 'login_invalid' }) : ok(openid)
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

/** The openid of the attempt that was opened or signed with this login code in the last five minutes. */
const payerOf = (
  view: OrderView | undefined,
  codeHash: string,
  deps: Pick<Deps, 'now'>,
): string | undefined =>
  view?.attempts.find((attempt) => knowsCode(attempt, codeHash, deps.now()))?.terms.openid
