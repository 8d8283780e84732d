/**
 * Everything that the use cases need from outside. `assemble.ts` chooses the adapter behind each member. A
 * use case takes only the members that it needs: `Pick<Deps, …>`.
 */
import type { UnixSeconds } from '../core/time.ts'
import type { AlertStore, SendAlert } from './alert-store.ts'
import type { BillArchive } from './bill/bill-archive.ts'
import type { ReadBill } from './bill/bill-reader.ts'
import type { BillStore } from './bill/bill-store.ts'
import type { Cost } from './budget.ts'
import type { DeliveryStore, WebhookSender } from './delivery-store.ts'
import type { DoctorTools, RecentCheckups } from './doctor.ts'
import type { ListStore } from './list-store.ts'
import type { MetricsStore } from './metrics-store.ts'
import type { OrderStore } from './order-store.ts'
import type { RecoveryStore } from './recovery-store.ts'
import type { RefundLimits, RefundStore } from './refund-store.ts'
import type { ReviewStore } from './review-store.ts'
import type { RunStore, SweepStore } from './run-store.ts'
import type { WeChat } from './wechat.ts'

/** The stores, one for each subject. */
export type Stores = Readonly<{
  orders: OrderStore
  refunds: RefundStore
  reviews: ReviewStore
  deliveries: DeliveryStore
  bills: BillStore
  runs: RunStore
  recoveries: RecoveryStore
  sweeps: SweepStore
  lists: ListStore
  alerts: AlertStore
  metrics: MetricsStore
}>

/** What the use cases need from outside, such as the stores, WeChat and the clock. */
export type Deps = Stores &
  Readonly<{
    config: Config
    wechat: WeChat
    /**
     * The current time. In a run of the cron, the later of
     * the clock and the time for which the run was scheduled.
     */
    now: () => UnixSeconds
    signClientPay: SignClientPay
    webhooks: WebhookSender
    /** Tells the operators' group; undefined when there is none. */
    sendAlert: SendAlert | undefined
    doctor: DoctorTools
    /** The last runs of the doctor, shared by all requests of this isolate. */
    checkups: RecentCheckups
    /** The features that are off because of wrong values. */
    featuresOff: readonly FeatureOff[]
    readBill: ReadBill
    /** Undefined when no KV namespace is bound. */
    archive: BillArchive | undefined
    /**
     * Tries webhooks that were just written, in the background. No request waits for the tries, because the
     * cron repeats a try that fails.
     */
    deliverSoon: (deliveryIds: readonly string[]) => void
    /** Writes one line of the log. */
    log: Log
    /**
     * Whether WeChat may be queried about an order now, for a caller who is not trusted: at most every three seconds per
     * order, in each instance of the Worker. The answer yes counts as a query.
     */
    mayQuery: (ordercode: string) => boolean
    /**
     * Counts a request against the rate limit of a payer, or of the bearer of a ticket.
     *
     * @returns false when the limit is exceeded.
     */
    admit: (who: string) => Promise<boolean>
    /** How many calls and statements this invocation has used so far. */
    used: () => Cost
    /** Whether WeChat has accepted our key in this invocation, or refused it; undefined when it answered nothing. */
    keyHealth: () => 'accepted' | 'refused' | undefined
    /** Whether the platform has refused this invocation a call or a statement, because it made too many. */
    isRefused: () => boolean
  }>

/** The part of the Worker's configuration that the use cases need. */
export type Config = Readonly<{
  appid: string
  mchId: string
  signType: 'MD5' | 'HMAC-SHA256'
  /** The URL of this Worker to which WeChat sends payment notices. */
  notifyUrl: string
  /** The keys of the tickets of `/result`: the first one signs, and all of them are valid. */
  ticketKeys: () => Promise<readonly [CryptoKey, ...CryptoKey[]]>
  /** Whether the shop must name the payer of every order. */
  requireOpenid: boolean
  /** The plan of the account at Cloudflare. */
  plan: Plan
  /** The budget of one run of the cron, by the plan of the account or as the operator overrides it. */
  tick: Cost
  /** What the Worker does with a payment that arrives for a closed order. */
  latePayment: 'accept' | 'refund'
  /**
   * The amount in fen from which a payment notice is confirmed by a query before it is recorded; 0 for never.
   */
  noticeConfirmFrom: number
  /** Whether other systems of the merchant take payments under our appid. */
  isAppidShared: boolean
  /** Where WeChat sends refund notices; undefined when the merchant's certificate is not bound. */
  refundNotifyUrl: string | undefined
  refundLimits: RefundLimits
  /**
   * Whether webhooks can be sent. `unset`: there is no `WEBHOOK_URL`, so they are stored as `no_target`.
   * `malformed`: a variable is wrong, so they stay pending until it is corrected.
   */
  webhookTarget: 'set' | 'unset' | 'malformed'
  /** When the merchant's certificate ends; undefined when the operator has not said it. */
  certificateExpiresAt: UnixSeconds | undefined
}>

/** Cloudflare's plans: they differ in what one invocation may use. */
export type Plan = 'paid' | 'free'

/** A feature that is switched off, because the named variables are missing or malformed. */
export type FeatureOff = Readonly<{ feature: string; variables: readonly string[] }>

/** Signs a prepay_id. @returns what the mini program passes to `wx.requestPayment`, unchanged. */
export type SignClientPay = (
  prepayId: string,
  signType: 'MD5' | 'HMAC-SHA256',
) => Promise<
  Readonly<{
    timeStamp: string
    nonceStr: string
    package: string
    signType: 'MD5' | 'HMAC-SHA256'
    paySign: string
  }>
>

/** Writes one line of the log. */
export type Log = (entry: LogEntry) => void

/**
 * One line of the log: an event and its fields. `reason` is the Worker's word for what went wrong, `error`, `err_code` and
 * `err_code_des` are the other side's own words. A line never has a whole message, a key, a signature or a whole openid.
 */
export type LogEntry = Readonly<
  { event: string; ordercode?: string; reason?: string } & Record<
    string,
    string | number | boolean | undefined
  >
>
