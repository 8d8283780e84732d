/** What an alert says, in Chinese for the bots of Chinese groups and in English for others. */
import type { Alert, AlertReview } from '../core/alert.ts'
import type { ReviewKind } from '../core/review.ts'
import { utf8Length } from '../lib/text.ts'

/** WeCom takes 2 048 bytes. The other bots take more. */
const BYTES_MAX = 2_048
const REVIEWS_NAMED = 5

export type Language = 'en' | 'zh'

type Words = Readonly<{
  reviews: (count: number) => string
  more: (count: number) => string
  order: (code: string) => string
  began: string
  ended: string
  allResolved: string
  test: string
  kinds: Readonly<Record<ReviewKind, string>>
  troubles: Readonly<Record<string, string>>
}>

const EN: Words = {
  reviews: (count) =>
    count === 1 ? 'A review needs a person:' : `${count} reviews need a person:`,
  more: (count) => `and ${count} more`,
  order: (code) => `order ${code}`,
  began: 'Something is wrong:',
  ended: 'Over:',
  allResolved: 'All reviews are resolved.',
  test: 'This is a test of the doctor. Alerts arrive here, and nothing is wrong.',
  kinds: {
    amount_mismatch: 'a payment of another amount, not booked',
    currency_mismatch: 'a payment in another currency, not booked',
    unknown_order: 'a payment for an order that is not here',
    foreign_payment: 'a payment of another payer, kind or time, not booked',
    transaction_conflict: 'a transaction that another order has',
    late_payment: 'a payment after the order was closed',
    second_payment: 'an order was paid twice',
    partly_returned: 'a part of a payment went back before it was known',
    refund_abnormal: 'the payer’s card does not take a refund',
    refund_overdue: 'a refund without a result after thirty days',
    refund_waiting: 'a refund waits',
    refund_failed: 'a refund did not succeed',
    refund_conflict: 'a refund at WeChat does not fit our records',
    bill_difference: 'the bill and our records differ',
    webhook_given_up: 'the shop never took a webhook',
    other_merchant: 'work of another merchant number waits',
  },
  troubles: {
    'cron.cron_silent': 'the cron was silent for more than five minutes',
    'cron.plan_exceeded': 'the platform refuses runs of the cron: set PLAN to "free"',
    'wechat.key_refused': 'WeChat refuses WX_API_KEY: payments cannot be made',
    'payments.backlog': 'queries about payments are late',
    'money.backlog': 'webhooks or refunds are late',
    'closing.backlog': 'expired orders are closed late',
    'news.backlog': 'webhooks about closed orders are late',
    'bills.backlog': 'a bill is late',
    'database.nearly_full': 'the database is nearly full',
    'database.full': 'the database is full: payments will stop',
    'certificate.expires_soon': 'the merchant certificate ends within thirty days',
    'certificate.expired': 'the merchant certificate has ended: refunds cannot be sent',
    'merchant.other_merchant': 'work of another merchant number waits',
  },
}

const ZH: Words = {
  reviews: (count) => `有 ${count} 件事需要人工复核：`,
  more: (count) => `还有 ${count} 件`,
  order: (code) => `订单 ${code}`,
  began: '出现问题：',
  ended: '已恢复：',
  allResolved: '所有复核都已处理完。',
  test: '这是体检发来的测试消息：告警能发到这里，现在没有问题。',
  kinds: {
    amount_mismatch: '支付金额不符，未入账',
    currency_mismatch: '支付币种不符，未入账',
    unknown_order: '收到一笔支付，但没有对应的订单',
    foreign_payment: '付款人、支付方式或时间不符，未入账',
    transaction_conflict: '支付单号已属于另一个订单',
    late_payment: '订单关闭后才付款',
    second_payment: '同一订单付了两次',
    partly_returned: '一笔支付在入账前已退了一部分',
    refund_abnormal: '付款人的卡收不了退款',
    refund_overdue: '退款三十天没有结果',
    refund_waiting: '退款在等待',
    refund_failed: '退款没有成功',
    refund_conflict: '微信的退款和我们的记录不符',
    bill_difference: '账单和我们的记录有差异',
    webhook_given_up: '商家一直没有收下 webhook',
    other_merchant: '另一个商户号的工作在等待',
  },
  troubles: {
    'cron.cron_silent': '定时任务曾停止超过五分钟',
    'cron.plan_exceeded': '平台拒绝了定时任务：请设置 PLAN = "free"',
    'wechat.key_refused': '微信不接受 WX_API_KEY，无法支付',
    'payments.backlog': '查询支付结果有延迟',
    'money.backlog': 'webhook 或退款有延迟',
    'closing.backlog': '过期订单关闭有延迟',
    'news.backlog': '订单关闭的 webhook 有延迟',
    'bills.backlog': '账单核对有延迟',
    'database.nearly_full': '数据库快满了',
    'database.full': '数据库已满，支付即将中断',
    'certificate.expires_soon': '商户证书三十天内到期',
    'certificate.expired': '商户证书已到期，无法退款',
    'merchant.other_merchant': '另一个商户号的工作在等待',
  },
}

const WORDS: Readonly<Record<Language, Words>> = { en: EN, zh: ZH }

/**
 * The text of an alert: a line for each thing, and links to the console.
 *
 * @param consoleUrl The address of the console. It names the installation.
 */
export function alertText(alert: Alert, consoleUrl: string, language: Language): string {
  const words = WORDS[language]
  const { reviews, began, ended } = alert
  const named = reviews.slice(0, REVIEWS_NAMED)
  const rest = reviews.length - named.length
  const trouble = (name: string): string => `- ${words.troubles[name] ?? name}`
  const lines = [
    `wxpay-edge ${new URL(consoleUrl).host}`,
    ...(reviews.length > 0 ? [words.reviews(reviews.length)] : []),
    ...named.map((each) => reviewLine(each, words)),
    ...(rest > 0 ? [`- ${words.more(rest)}`] : []),
    ...(reviews.length > 0 ? [`${consoleUrl}/reviews`] : []),
    ...(began.length > 0 ? [words.began, ...began.map(trouble)] : []),
    ...(ended.length > 0 ? [words.ended, ...ended.map(trouble)] : []),
    ...(began.length > 0 ? [`${consoleUrl}/checks`] : []),
    ...(alert.allResolved ? [words.allResolved] : []),
  ]
  if (lines.length === 1) lines.push(words.test)
  return cut(lines.join('\n'))
}

const reviewLine = ({ kind, ordercode }: AlertReview, words: Words): string =>
  ordercode === undefined
    ? `- ${words.kinds[kind]}`
    : `- ${words.kinds[kind]} (${words.order(ordercode)})`

/** Cuts a text at a character, so that no bot refuses it. */
function cut(text: string): string {
  if (utf8Length(text) <= BYTES_MAX) return text
  let short = ''
  let bytes = utf8Length('…')
  for (const char of text) {
    bytes += utf8Length(char)
    if (bytes > BYTES_MAX) break
    short += char
  }
  return `${short}…`
}
