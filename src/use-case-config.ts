/** The part of the configuration that the use cases need, made of the checked variables. */
import type { Vars } from './config.ts'
import { fromMillis } from './core/time.ts'
import type { Config } from './ports/deps.ts'
import type { RefundLimits } from './ports/refund-store.ts'
import { ticketKey } from './service/pay/ticket.ts'
import { PLAN_BUDGETS } from './service/run/plan.ts'

/** @param hasCertificate Whether refunds can be sent. */
export function useCaseConfig(vars: Vars, limits: RefundLimits, hasCertificate: boolean): Config {
  const { WX_CERT_EXPIRES: expires } = vars
  return {
    appid: vars.WX_APPID,
    mchId: vars.WX_MCH_ID,
    signType: vars.WX_SIGN_TYPE,
    notifyUrl: `${vars.PUBLIC_URL}/notify`,
    ticketKeys: () => ticketKeys(vars),
    requireOpenid: vars.REQUIRE_OPENID === 'yes',
    plan: vars.PLAN,
    tick: {
      calls: vars.TICK_CALLS ?? PLAN_BUDGETS[vars.PLAN].calls,
      statements: vars.TICK_STATEMENTS ?? PLAN_BUDGETS[vars.PLAN].statements,
    },
    latePayment: vars.LATE_PAYMENT,
    noticeConfirmFrom: vars.NOTICE_CONFIRM_FROM,
    isAppidShared: vars.SHARED_APPID === 'yes',
    refundNotifyUrl: hasCertificate ? `${vars.PUBLIC_URL}/notify/refund` : undefined,
    refundLimits: limits,
    webhookTarget: webhookTargetOf(vars),
    certificateExpiresAt: expires === undefined ? undefined : fromMillis(Date.parse(expires)),
  }
}

type TicketKeys = readonly [CryptoKey, ...CryptoKey[]]

/**
 * The keys of each configuration that this isolate has read: every `/pay` and `/result` needs them, and each is derived by
 * an HMAC. Keys are kept and not promises, because a request must not wait for the work of another one.
 */
const derived = new WeakMap<Vars, TicketKeys>()

/** The keys of tickets: under the AppSecret, and under the previous one while it is changed. */
async function ticketKeys(vars: Vars): Promise<TicketKeys> {
  const known = derived.get(vars)
  if (known !== undefined) return known
  const { WX_APP_SECRET: current, WX_APP_SECRET_OLD: previous } = vars
  const key = await ticketKey(current.reveal())
  const keys: TicketKeys =
    previous === undefined ? [key] : [key, await ticketKey(previous.reveal())]
  derived.set(vars, keys)
  return keys
}

/** Whether webhooks can be sent. */
export function webhookTargetOf({ off, hasReceiver }: Vars): Config['webhookTarget'] {
  // Without a receiver, a webhook that waited for a correct secret would wait for good.
  if (!hasReceiver) return 'unset'
  return off.some(({ feature }) => feature === 'webhooks') ? 'malformed' : 'set'
}
