/** The world as the use cases see it. What runs behind these is decided in `env.ts` alone. */
import type { Attempt } from '../core/attempt.ts'
import type { Timers } from '../core/deadline.ts'
import type { OutTradeNo } from '../core/ids.ts'
import type { OrderEvent, OrderView, Terms } from '../core/order.ts'
import type { Payment, Source } from '../core/payment.ts'
import type { UnixSeconds } from '../core/time.ts'
import type { WeChat } from './wechat-port.ts'

export type Deps = Readonly<{
  config: Config
  store: Store
  wechat: WeChat
  timers: Timers
  now: () => UnixSeconds
  randomBytes: (count: number) => Uint8Array
  /** Signs what `wx.requestPayment` takes. */
  signClientPay: SignClientPay
  log: (entry: LogEntry) => void
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

/** The database did not answer, or could not. What was written may or may not be there. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable'
}

/**
 * Orders as stored. Every write is guarded and may be repeated: what was applied already does nothing
 * the second time. Any method throws {@link StoreUnavailable}.
 */
export interface Store {
  load(ordercode: string): Promise<OrderView | undefined>
  loadMany(ordercodes: readonly string[]): Promise<readonly OrderView[]>
  events(ordercode: string): Promise<readonly StoredEvent[]>
  /** Inserts the order unless there is one. @returns what is there then. */
  register(
    ordercode: string,
    terms: Terms,
    now: UnixSeconds,
  ): Promise<Readonly<{ created: boolean; view: OrderView }>>
  /**
   * Writes the outcome of a transition and its event, if nobody changed the order since `before` was
   * read. `stale` means read again and decide again.
   */
  commit(
    before: OrderView,
    event: OrderEvent,
    after: OrderView,
    now: UnixSeconds,
  ): Promise<'stored' | 'stale'>
  /**
   * Books a payment in one round trip, when it fits its attempt and the order is being paid, and reads
   * the order back. `booked` is false in every other case, and the view explains it.
   */
  book(
    payment: Payment,
    source: Source,
    now: UnixSeconds,
  ): Promise<Readonly<{ booked: boolean; view: OrderView | undefined }>>
  /** Stores WeChat's answer to unifiedorder. @returns false when the attempt is not open any more. */
  savePrepay(attempt: Attempt, prepayId: string, now: UnixSeconds): Promise<boolean>
  /** Notes that WeChat answered unifiedorder, with a refusal. */
  saveRefusal(attempt: Attempt, now: UnixSeconds): Promise<void>
  /** Remembers the login code of a payer who came again. */
  rememberCode(outTradeNo: OutTradeNo, codeHash: string, now: UnixSeconds): Promise<void>

  /** Takes due rows for this run: nobody else gets them until the lease ends. */
  claim(now: UnixSeconds, limits: ClaimLimits): Promise<Claimed>
  /** Says when claimed rows are due again; rows that somebody else moved since are left alone. */
  reschedule(claimed: Claimed, next: readonly NextDue[]): Promise<void>

  startRun(now: UnixSeconds): Promise<number>
  finishRun(id: number, now: UnixSeconds, report: string): Promise<void>
  lastRunAt(): Promise<UnixSeconds | undefined>
  /** SQL statements sent so far, for the budget of a tick. */
  statementsUsed(): number
}

export type StoredEvent = Readonly<{
  revision: number
  type: string
  at: UnixSeconds
  data: Readonly<Record<string, unknown>>
}>

export type ClaimLimits = Readonly<{ orders: number; attempts: number }>
export type DueAttempt = Readonly<{ ordercode: string; number: number }>
export type Claimed = Readonly<{
  leaseUntil: UnixSeconds
  orders: readonly string[]
  attempts: readonly DueAttempt[]
}>
/** `undefined`: not again. */
export type NextDue = Readonly<{
  ordercode: string
  /** Of the attempt; undefined for the order itself. */
  number: number | undefined
  dueAt: UnixSeconds | undefined
}>
