/**
 * The world as the use cases see it. `assemble.ts` decides what stands behind each of these. A use case
 * takes only the members it needs: `Pick<Deps, …>`.
 */
import type { UnixSeconds } from '../core/time.ts'
import type { BillArchive } from './bill-archive.ts'
import type { ReadBill } from './bill-reader.ts'
import type { BillStore } from './bill-store.ts'
import type { Cost } from './budget.ts'
import type { DeliveryStore } from './delivery-store.ts'
import type { OrderStore } from './order-store.ts'
import type { RefundStore } from './refund-store.ts'
import type { ReviewStore } from './review-store.ts'
import type { RunStore } from './run-store.ts'
import type { WebhookSender } from './webhooks.ts'
import type { WeChat } from './wechat.ts'

/** What is stored, by subject. */
export type Stores = Readonly<{
  orders: OrderStore
  refunds: RefundStore
  reviews: ReviewStore
  deliveries: DeliveryStore
  bills: BillStore
  runs: RunStore
}>

export type Deps = Stores &
  Readonly<{
    config: Config
    wechat: WeChat
    now: () => UnixSeconds
    /** Signs what `wx.requestPayment` takes. */
    signClientPay: SignClientPay
    webhooks: WebhookSender
    readBill: ReadBill
    /** Undefined where no KV is bound. */
    archive: BillArchive | undefined
    /**
     * Tries webhooks whose rows were just written, in the background: the cron repeats what fails, so no
     * request waits for it. Takes the ids of the deliveries.
     */
    deliverSoon: (deliveryIds: readonly string[]) => void
    log: (entry: LogEntry) => void
    /** Rate limit of a payer, or of the bearer of a ticket. @returns false when there were too many. */
    admit: (who: string) => Promise<boolean>
    /** Outbound calls and SQL statements sent so far in this invocation. */
    used: () => Cost
  }>

/** What the use cases need of the configuration. */
export type Config = Readonly<{
  appid: string
  mchId: string
  signType: 'MD5' | 'HMAC-SHA256'
  /** Where WeChat sends payment notices. */
  notifyUrl: string
  /** Signs and checks the tickets of `/result`. */
  ticketKey: () => Promise<CryptoKey>
  /** What one run of the cron may use; the defaults fit the free plan. */
  tick: Cost
  latePayment: 'accept' | 'refund'
  /** Where WeChat sends refund notices; undefined without the merchant's certificate. */
  refundNotifyUrl: string | undefined
  /** Without a `WEBHOOK_URL` webhooks are stored and never sent. */
  hasWebhookTarget: boolean
}>

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

/** One thing that happened. Fields only: never a message, a key, a signature or a whole openid. */
export type LogEntry = Readonly<
  { event: string; ordercode?: string; reason?: string } & Record<
    string,
    string | number | boolean | undefined
  >
>
