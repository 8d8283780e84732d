/**
 * `/pay`: who is it (login), what next (decidePay), and then unifiedorder with an attempt that is
 * stored before it is sent. Every branch leads to signed parameters or to one of PayError.
 */
import { type Attempt, isLive } from '../../core/order/attempt.ts'
import { findAttempt, type OrderView } from '../../core/order/order.ts'
import { decidePay, mayReplace, type Payer } from '../../core/order/pay-decision.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import { sha256Hex } from '../../lib/text.ts'
import type { Deps, SignClientPay } from '../../ports/deps.ts'
import { applyToExactly } from '../apply-event.ts'
import { closeAttempt } from '../order/close-attempt.ts'
import { closeOrder } from '../order/close-order.ts'
import { queryAttempt } from '../order/query-attempt.ts'
import { identifyPayer } from './identify-payer.ts'
import type { PayError } from './pay-error.ts'
import { issueTicket } from './ticket.ts'

type PayOrderDeps = Pick<
  Deps,
  | 'admit'
  | 'config'
  | 'deliverSoon'
  | 'log'
  | 'now'
  | 'orders'
  | 'reviews'
  | 'signClientPay'
  | 'wechat'
>

export type PayRequest = Readonly<{ code: string; ordercode: string; ip: string }>
export type PayParameters = Awaited<ReturnType<SignClientPay>> & Readonly<{ ticket: string }>

/** A dead attempt costs a round, and a lost race another; more than this is somebody else's fight. */
const ROUNDS_MAX = 4

export async function payOrder(
  deps: PayOrderDeps,
  request: PayRequest,
): Promise<Result<PayParameters, PayError>> {
  const { ordercode } = request
  const codeHash = await sha256Hex(request.code)
  const view = await deps.orders.load(ordercode)

  // Nothing is told about the order before the login succeeded, or nobody could be kept from counting.
  const openid = await identifyPayer(deps, request.code, codeHash, ordercode, view)
  if (!openid.ok) return openid
  if (!(await deps.admit(`pay ${openid.value}`))) return err({ reason: 'too_many_requests' })
  if (view === undefined) return err({ reason: 'order_not_found' })

  const payer: Payer = { openid: openid.value, ip: request.ip, codeHash }
  let current: OrderView | undefined = view
  for (let round = 0; round < ROUNDS_MAX && current !== undefined; round++) {
    const outcome: Outcome = await payOnce(deps, current, payer)
    if (outcome !== 'again') return outcome
    current = await deps.orders.load(ordercode)
  }
  return err({ reason: 'order_busy' })
}

/** `again`: the order is not what it was; read it and decide anew. */
type Outcome = Result<PayParameters, PayError> | 'again'

async function payOnce(deps: PayOrderDeps, view: OrderView, payer: Payer): Promise<Outcome> {
  const decision = decidePay(view, payer, deps.config, deps.now())
  switch (decision.kind) {
    case 'refuse':
      return err({ reason: decision.reason })

    case 'sign':
      if (
        decision.attempt.codeHash !== payer.codeHash &&
        !(await deps.orders.rememberCode(decision.attempt.outTradeNo, payer.codeHash, deps.now()))
      ) {
        return 'again'
      }
      return signParameters(deps, view, decision.attempt, decision.prepayId)

    case 'open': {
      const { attempt } = decision
      const opened = await applyToExactly(deps, view, { type: 'attempt_opened', attempt })
      return opened.ok ? send(deps, opened.value, attempt, 'first') : 'again'
    }

    case 'resend': {
      const { outTradeNo } = decision.attempt
      const { codeHash } = payer
      const resent = await applyToExactly(deps, view, {
        type: 'attempt_resent',
        outTradeNo,
        codeHash,
      })
      if (!resent.ok) return 'again'
      const attempt = findAttempt(resent.value, outTradeNo)
      return attempt === undefined ? 'again' : send(deps, resent.value, attempt, 'again')
    }

    case 'close_attempt':
      return replace(deps, view, decision.attempt)

    case 'close': {
      const closed = await closeOrder(deps, view, 'expired')
      switch (closed.kind) {
        case 'closed':
          return err({ reason: 'order_closed' })
        case 'paid':
          return err({ reason: 'order_paid' })
        case 'busy':
          return err({ reason: 'order_busy' })
        case 'unknown':
          return err({ reason: 'wechat_unavailable' })
      }
    }
  }
}

/** Takes an attempt down so that another can be opened. */
async function replace(deps: PayOrderDeps, view: OrderView, attempt: Attempt): Promise<Outcome> {
  const taken = await closeAttempt(deps, view, attempt)
  switch (taken.kind) {
    case 'closed':
      return 'again'
    case 'paid':
      return err({ reason: 'order_paid' })
    case 'busy':
      return err({ reason: 'order_busy' })
    case 'unknown':
      return err({ reason: 'wechat_unavailable' })
  }
}

async function send(
  deps: PayOrderDeps,
  view: OrderView,
  attempt: Attempt,
  time: 'first' | 'again',
): Promise<Outcome> {
  const { ordercode } = view.order
  const reply = await deps.wechat.unifiedOrder(attempt)
  const logged = { ordercode, out_trade_no: attempt.outTradeNo, reason: reply.kind }
  if (reply.kind !== 'prepared') deps.log({ event: 'unifiedorder_not_prepared', ...logged })

  switch (reply.kind) {
    case 'prepared': {
      // Stored before the signature leaves: only what is stored can be closed later.
      if (await deps.orders.savePrepay(attempt, reply.prepayId, deps.now())) {
        return signParameters(deps, view, attempt, reply.prepayId)
      }
      // It was closed or paid meanwhile. This one, if it exists at WeChat, must not stay open.
      await deps.wechat.closeOrder(attempt.outTradeNo)
      return 'again'
    }

    case 'order_paid': {
      const status = await queryAttempt(deps, view, attempt)
      if (status.kind === 'paid') return err({ reason: 'order_paid' })
      return err({ reason: status.kind === 'rejected' ? 'order_busy' : 'wechat_unavailable' })
    }

    case 'order_closed':
    case 'number_used':
      return replaceAnswered(deps, view, attempt)

    case 'refused': {
      // Refused a second time with the same words: dead, unless the query knows better.
      if (time === 'again' && mayReplace(view, attempt, deps.now())) {
        return replaceAnswered(deps, view, attempt)
      }
      await deps.orders.saveRefusal(attempt, deps.now())
      const { errCode, errCodeDes } = reply
      return err({ reason: 'wechat_refused', errCode, errCodeDes })
    }

    case 'misconfigured':
      // Not the order's fault: once the operator has mended it, the same number goes on.
      await deps.orders.saveRefusal(attempt, deps.now())
      deps.log({ event: 'wechat_misconfigured', ordercode, reason: reply.errCodeDes })
      return err({ reason: 'misconfigured' })

    case 'too_many_requests':
      return err({ reason: 'too_many_requests' })
    case 'busy':
    case 'unknown':
      return err({ reason: 'wechat_unavailable' })
  }
}

/** The same, once WeChat has answered: the call is in flight no longer, and that must be stored. */
async function replaceAnswered(
  deps: PayOrderDeps,
  view: OrderView,
  attempt: Attempt,
): Promise<Outcome> {
  await deps.orders.saveRefusal(attempt, deps.now())
  const fresh = await deps.orders.load(view.order.ordercode)
  const current = fresh === undefined ? undefined : findAttempt(fresh, attempt.outTradeNo)
  if (fresh === undefined || current === undefined || !isLive(current)) return 'again'
  return replace(deps, fresh, current)
}

async function signParameters(
  deps: Pick<Deps, 'config' | 'now' | 'signClientPay'>,
  view: OrderView,
  attempt: Attempt,
  prepayId: string,
): Promise<Result<PayParameters, PayError>> {
  const { signType, openid } = attempt.terms
  const params = await deps.signClientPay(prepayId, signType)
  const key = await deps.config.ticketKey()
  const ticket = await issueTicket(key, view.order.ordercode, openid, deps.now())
  return ok({ ...params, ticket })
}
