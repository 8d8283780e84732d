/**
 * `/pay`: identifies the payer by the login, decides what to do with the order (`decidePay`), stores the
 * attempt, and then sends the attempt's unifiedorder. The outcome is always signed parameters or a PayError.
 */
import { type Attempt, isLive } from '../../core/order/attempt.ts'
import { findAttempt, type OrderView } from '../../core/order/order.ts'
import { decidePay, mayReplace, type Payer } from '../../core/order/pay-decision.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Deps, SignClientPay } from '../../ports/deps.ts'
import type { UnifiedOrderReply } from '../../ports/wechat.ts'
import { applyToExactly } from '../apply-event.ts'
import { closeAttempt } from '../order/close-attempt.ts'
import { closeOrder } from '../order/close-order.ts'
import { queryAttempt } from '../order/query-attempt.ts'
import { hashOfCode, identifyPayer } from './identify-payer.ts'
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

/** A payer's request: the code of `wx.login`, the order, and the payer's address, which WeChat requires. */
export type PayRequest = Readonly<{ code: string; ordercode: string; ip: string }>
/** The parameters of `wx.requestPayment`, and the ticket with which the page calls `/result`. */
export type PayParameters = Awaited<ReturnType<SignClientPay>> & Readonly<{ ticket: string }>

/**
 * The maximum number of rounds in one request: a round reads the order and decides once. Replacing a dead
 * attempt takes a round, and so does finding a payment, or losing a race against a concurrent request. After the
 * last round the answer is `order_busy`.
 */
const ROUNDS_MAX = 4

/**
 * Trades a login code for signed payment parameters, which
 * belong to the order's live attempt or to a new one.
 */
export async function payOrder(
  deps: PayOrderDeps,
  request: PayRequest,
): Promise<Result<PayParameters, PayError>> {
  const { ordercode } = request
  const codeHash = await hashOfCode(request.code)
  const view = await deps.orders.load(ordercode)

  // Nothing about the order is revealed before the login succeeds, so that ordercodes cannot be enumerated.
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

/**
 * The outcome of one round. `again`: the order has changed, so the next round must read it and decide again. So
 * only `decidePay` says to whom a paid order is `order_paid`: to its payer.
 */
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
      return attempt === undefined ? 'again' : send(deps, resent.value, attempt, 'repeated')
    }

    case 'close_attempt':
      return replace(deps, view, decision.attempt)

    case 'close': {
      const closed = await closeOrder(deps, view, 'expired')
      switch (closed.kind) {
        case 'closed':
          return err({ reason: 'order_closed' })
        case 'paid':
          return 'again'
        case 'busy':
        case 'other_merchant':
          return err({ reason: 'order_busy' })
        case 'unknown':
          return err({ reason: 'wechat_unavailable' })
      }
    }
  }
}

/** Closes an attempt, so that the next round can open another one; or finds that it was paid. */
async function replace(deps: PayOrderDeps, view: OrderView, attempt: Attempt): Promise<Outcome> {
  const closed = await closeAttempt(deps, view, attempt)
  switch (closed.kind) {
    case 'closed':
    case 'paid':
      return 'again'
    case 'busy':
    // The payer may have paid at the other merchant number, and must not pay a second time.
    case 'other_merchant':
      return err({ reason: 'order_busy' })
    case 'unknown':
      return err({ reason: 'wechat_unavailable' })
  }
}

async function send(
  deps: PayOrderDeps,
  view: OrderView,
  attempt: Attempt,
  sending: 'first' | 'repeated',
): Promise<Outcome> {
  const { ordercode } = view.order
  const reply = await deps.wechat.unifiedOrder(attempt)
  if (reply.kind !== 'prepared') {
    // The log keeps the value `ask_again`, for which operators may filter.
    const reason = reply.kind === 'busy' ? 'ask_again' : reply.kind
    deps.log({
      event: 'unifiedorder_not_prepared',
      ordercode,
      out_trade_no: attempt.outTradeNo,
      reason,
    })
  }

  switch (reply.kind) {
    case 'prepared': {
      // The prepay_id is signed only after it was stored,
      // because storing fails if the attempt is no longer open.
      if (await deps.orders.savePrepay(attempt, reply.prepayId, deps.now())) {
        return signParameters(deps, view, attempt, reply.prepayId)
      }
      // A concurrent request closed the attempt, or recorded its payment. If this unifiedorder created an
      // order at WeChat, that order must not stay open.
      await deps.wechat.closeOrder(attempt.outTradeNo, attempt.terms)
      return 'again'
    }

    case 'order_paid': {
      const status = await queryAttempt(deps, view, attempt)
      if (status.kind === 'paid' || status.kind === 'returned') return 'again'
      return err({ reason: status.kind === 'rejected' ? 'order_busy' : 'wechat_unavailable' })
    }

    case 'order_closed':
    case 'number_used':
      return replaceAnswered(deps, view, attempt, reply)

    case 'refused': {
      // WeChat refused the same message twice: the attempt is dead, unless a query says that it was paid.
      if (sending === 'repeated' && mayReplace(view, attempt, deps.now())) {
        return replaceAnswered(deps, view, attempt, reply)
      }
      await saveAnswer(deps, attempt, reply)
      const { errCode, errCodeDes } = reply
      return err({ reason: 'wechat_refused', errCode, errCodeDes })
    }

    case 'refused_unlisted': {
      // Nothing is concluded from an answer that WeChat's documents do not explain. The attempt stays as after no answer:
      // the payer's next tap sends it again, and queries find a payment.
      const { errCode, errCodeDes } = reply
      return err({ reason: 'wechat_refused', errCode, errCodeDes })
    }

    case 'misconfigured':
      // WeChat refused unifiedorder because of the configuration, not because of the order. Once the
      // operator has fixed the configuration, the same attempt is sent again.
      await saveAnswer(deps, attempt, reply)
      deps.log({ event: 'wechat_misconfigured', ordercode, reason: reply.errCodeDes })
      return err({ reason: 'misconfigured' })

    case 'too_many_requests':
      return err({ reason: 'too_many_requests' })
    case 'busy':
    case 'unknown':
      return err({ reason: 'wechat_unavailable' })
  }
}

/**
 * Stores that WeChat has answered, so that no unifiedorder of the attempt is in flight. Nothing is stored after a repetition:
 * its refusal does not say what became of the message before, which may have created the order.
 */
async function saveAnswer(
  deps: Pick<Deps, 'now' | 'orders'>,
  attempt: Attempt,
  { isRepetition }: UnifiedOrderReply,
): Promise<void> {
  if (isRepetition !== true) await deps.orders.saveRefusal(attempt, deps.now())
}

/** Stores WeChat's answer, and replaces the attempt. */
async function replaceAnswered(
  deps: PayOrderDeps,
  view: OrderView,
  attempt: Attempt,
  reply: UnifiedOrderReply,
): Promise<Outcome> {
  await saveAnswer(deps, attempt, reply)
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
  const [key] = await deps.config.ticketKeys()
  const ticket = await issueTicket(key, view.order.ordercode, openid, deps.now())
  return ok({ ...params, ticket })
}
