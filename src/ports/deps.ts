/** The world as the use cases see it. What runs behind these is decided in `env.ts` alone. */
import type { UnixSeconds } from '../core/time.ts'
import type { BillArchive } from './bill-archive.ts'
import type { ReadBill } from './bill-reader.ts'
import type { Store } from './store.ts'
import type { WebhookSender } from './webhooks.ts'
import type { WeChat } from './wechat.ts'

export type Deps = Readonly<{
  config: Config
  store: Store
  wechat: WeChat
  now: () => UnixSeconds
  /** Signs what `wx.requestPayment` takes. */
  signClientPay: SignClientPay
  webhooks: WebhookSender
  readBill: ReadBill
  /** Undefined where no KV is bound. */
  archive: BillArchive | undefined
  /** Sends what was just written; a stored row will repeat it, so nobody waits for it. */
  announce: (deliveryIds: readonly string[]) => void
  log: (entry: LogEntry) => void
  /** Whether a payer, or the bearer of a ticket, may come again so soon. */
  admit: (who: string) => Promise<boolean>
  /** Outbound calls sent so far, for the budget of a tick. */
  callsUsed: () => number
}>

/** What the use cases need of the configuration. */
export type Config = Readonly<{
  appid: string
  mchId: string
  signType: 'MD5' | 'HMAC-SHA256'
  /** Where WeChat sends payment notices. */
  notifyUrl: string
  /** Makes and checks the tickets of `/result`. */
  ticketKey: () => Promise<CryptoKey>
  tick: TickBudget
  latePayment: 'accept' | 'refund'
  /** Where WeChat is to tell of refunds; undefined without the merchant's certificate. */
  refundNotifyUrl: string | undefined
  /** Without a `WEBHOOK_URL` nobody is told, and nobody tries. */
  hasWebhookTarget: boolean
}>

/** What one tick of the cron may use; the defaults fit the free plan. */
export type TickBudget = Readonly<{ calls: number; statements: number }>

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
