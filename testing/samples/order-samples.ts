/** An order, an attempt and a payment that fit each other. A test changes the fields that it is about. */
import { parseTransactionId, toOutTradeNo, type TransactionId } from '../../src/core/ids.ts'
import type { MerchantIds } from '../../src/core/merchant.ts'
import { toFen } from '../../src/core/money.ts'
import type { Attempt, FrozenTerms } from '../../src/core/order/attempt.ts'
import type { Order, OrderView, RecordedPayment, Terms } from '../../src/core/order/order.ts'
import type { BookedPayment, Payment } from '../../src/core/order/payment.ts'
import type { RefundPolicy } from '../../src/core/order/refund-policy.ts'
import { toUnixSeconds, type UnixSeconds } from '../../src/core/time.ts'

/** When the order was created and its attempt was sent: 2024-01-02 03:04:05 in Beijing. */
export const T0 = toUnixSeconds(Date.UTC(2024, 0, 1, 19, 4, 5) / 1_000)
/** Returns the time that is `seconds` after {@link T0}, in Unix seconds. */
export const at = (seconds: number): UnixSeconds => toUnixSeconds(T0 + seconds)

// Durations in seconds, to be added to T0 by `at`.
export const MINUTE = 60
export const HOUR = 3_600
export const DAY = 86_400

/** The order's ordercode, which is also the out_trade_no of its first attempt. */
export const ORDERCODE = 'T20240102030405_0001'
/** The mini program and merchant number of the samples. */
export const MERCHANT_IDS: MerchantIds = { appid: 'wxd930ea5d5a258f4f', mchId: '10000100' }
/** The payer. */
export const OPENID = 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o'
/** Another payer. */
export const OTHER_OPENID = 'oOtherPayerOtherPayerOther00'

/** The sample order's terms: 1.00 yuan, any payer, two hours. */
export const TERMS: Terms = {
  totalFee: toFen(100),
  body: '测试商店-图书',
  attach: undefined,
  detail: undefined,
  goodsTag: undefined,
  limitPay: undefined,
  openid: undefined,
  expiresIn: 2 * HOUR,
}

/** An order that was just created, with changes. */
export const anOrder = (changes: Partial<Order> = {}): Order => ({
  ordercode: ORDERCODE,
  state: 'created',
  revision: 1,
  terms: TERMS,
  createdAt: T0,
  expiresAt: at(2 * HOUR),
  extended: false,
  transactionId: undefined,
  paidAt: undefined,
  closedAt: undefined,
  recoveredAt: undefined,
  ...changes,
})

type AttemptChanges = Partial<Omit<Attempt, 'terms'>> & { terms?: Partial<FrozenTerms> }

/** An open attempt, for which WeChat returned a prepay_id five seconds after it was sent; with changes. */
export const anAttempt = ({ terms, ...changes }: AttemptChanges = {}): Attempt => ({
  outTradeNo: toOutTradeNo(ORDERCODE),
  number: 1,
  state: 'open',
  terms: {
    ...MERCHANT_IDS,
    openid: OPENID,
    spbillCreateIp: '203.0.113.7',
    totalFee: toFen(100),
    body: '测试商店-图书',
    attach: undefined,
    detail: undefined,
    goodsTag: undefined,
    limitPay: undefined,
    notifyUrl: 'https://pay.test/notify',
    signType: 'MD5',
    timeStart: T0,
    timeExpire: at(2 * HOUR),
    ...terms,
  },
  sentAt: T0,
  answeredAt: at(5),
  unansweredAt: undefined,
  prepayId: 'wx02030405123456abcdef0123456789ab00',
  prepayExpiresAt: at(2 * HOUR),
  codeHash: 'hash-of-the-login-code',
  codeAt: T0,
  closedAt: undefined,
  ...changes,
})

/** Converts a text to a transaction_id. @throws Error when the text does not have the form of one. */
export function aTransactionId(text: string): TransactionId {
  const id = parseTransactionId(text)
  if (id === undefined) throw new Error(`not a transaction id: ${text}`)
  return id
}

/** A sample payment of the order's only attempt, 54 seconds after T0. */
export const PAYMENT: Payment = {
  ...MERCHANT_IDS,
  transactionId: aTransactionId('4200000540202401020123456789'),
  outTradeNo: toOutTradeNo(ORDERCODE),
  openid: OPENID,
  tradeType: 'JSAPI',
  feeType: 'CNY',
  totalFee: toFen(100),
  cashFee: toFen(100),
  bankType: 'OTHERS',
  paidAt: at(54),
}

/** Makes the sample payment, with changes to its fields. */
export const aPayment = (changes: Partial<Payment> = {}): Payment => ({ ...PAYMENT, ...changes })

/** The payment as it is recorded after a query at T0 + 90 s, with changes. */
export const aBookedPayment = (changes: Partial<BookedPayment> = {}): BookedPayment => ({
  ...PAYMENT,
  returned: false,
  confirmedAt: at(90),
  ...changes,
})

/** `LATE_PAYMENT=accept` without a certificate: no payment goes back by itself. */
export const ACCEPTING: RefundPolicy = {
  kind: 'configured',
  latePayment: 'accept',
  refundNotifyUrl: undefined,
}

/** The sample payment as the store is told of it after a query, with changes. */
export const aRecording = (changes: Partial<RecordedPayment> = {}): RecordedPayment => ({
  payment: PAYMENT,
  source: 'query',
  policy: ACCEPTING,
  refunded: false,
  ...changes,
})

/** Makes the sample order with the given attempts and payments and without refunds. */
export const aView = (
  order: Partial<Order> = {},
  attempts: readonly Attempt[] = [],
  payments: readonly Payment[] = [],
): OrderView => ({
  order: anOrder(order),
  attempts,
  payments: payments.map((payment) => aBookedPayment(payment)),
  refunds: [],
})

/** A view as the database keeps it: an attempt that is paid or closed has nothing left that only a send needs. */
export const asStored = (view: OrderView): OrderView => ({
  ...view,
  attempts: view.attempts.map((attempt) => {
    if (attempt.state === 'open' || attempt.state === 'closing') return attempt
    const { body, attach, detail, goodsTag, limitPay } = view.order.terms
    const texts = { body, attach, detail, goodsTag, limitPay }
    return {
      ...attempt,
      terms: { ...attempt.terms, ...texts, spbillCreateIp: '', notifyUrl: '' },
      prepayId: attempt.prepayId === undefined ? undefined : '',
    }
  }),
})
