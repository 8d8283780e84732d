/** The notes of the schemas in Chinese, by their English: when that changes, this file does not compile until it follows. */
import type { Note } from './words.ts'

const NOTES: Readonly<Record<Note, string>> = {
  // Inputs.
  'from wx.login': '由 wx.login 取得',
  fen: '单位为分',
  'what the payer sees at the cashier': '付款人在收银台看到的商品描述',
  'for the shop; WeChat shows it in the bill': '商城的附加数据，会出现在微信账单中',
  'the only payer who may pay; without it each may': '指定付款人，只有该付款人可以支付；不填则不限',
  'seconds from the registration': '有效期，单位为秒，从登记时起算',
  'WeChat shows it to the payer': '微信会向付款人显示',
  'unsettled is the default': '默认为 unsettled',
  'the payment; by default the one that made the order paid':
    '要退的付款；默认为使订单变为已支付的那一笔',
  'accept records the payment, refund returns it': 'accept 将付款入账，refund 将付款退回',
  'the time to which the database was restored': '数据库恢复到的时间',
  'A day in Beijing': '北京时间的日期',
  'Only if the order still has this revision, in quotes':
    '仅当订单仍是这个 revision 时才执行；值要加双引号',

  // Checks.
  'must be 6 to 28 letters, digits, "_" or "-"': '6 到 28 位字母、数字、_ 或 -',
  'must be the openid of a payer': '付款人的 openid',
  'must be the transaction_id of a payment: 1 to 32 letters and digits':
    '付款的 transaction_id，1 到 32 位字母和数字',
  'must be a time such as 2026-11-23T00:00:00Z': '格式如 2026-11-23T00:00:00Z',
  'must be a date and time that exist': '必须是存在的日期和时间',
  'must not contain control characters or broken surrogate pairs':
    '不能含控制字符或不成对的 UTF-16 代理项',
  'must not begin or end with white space': '首尾不能有空白字符',
  'must not contain control characters other than line feed and tab, or broken surrogate pairs':
    '不能含换行和制表符以外的控制字符，也不能含不成对的 UTF-16 代理项',

  // Orders and what belongs to them.
  'closed: no attempt can be paid any more': 'closed：所有支付尝试都不能再支付',
  'grows with every change': '每次变化都会增大',
  'the only payer who may pay': '指定付款人，只有该付款人可以支付',
  'seconds from created_at': '有效期，单位为秒，从 created_at 起算',
  'the payment that made it paid': '使订单变为已支付的付款',
  'payments whose refunds WeChat did not list': '微信没有列出退款的付款',
  'order_registered, attempt_opened, payment_booked, order_closed, …':
    'order_registered、attempt_opened、payment_booked、order_closed 等',
  'Further fields depend on the type': '其他字段取决于 type',
  'shop, system, wechat, payer, or the name of an operator':
    'shop、system、wechat、payer，或操作员的名字',
  'less than total_fee when coupons paid a part': '用代金券抵扣了一部分时，小于 total_fee',
  'what has gone back': '已退金额',
  'what is on its way back': '退款中的金额',
  'whether it goes back, so that nothing is shipped for it': '是否会退回；为 true 时不要发货',
  'requested: WeChat has not accepted it yet. abnormal: the card of the payer cannot take it':
    'requested：微信尚未受理。abnormal：无法退到付款人的银行卡',
  'of the payment': '原付款的金额',
  'a card or account': '退款入账的银行卡或账户',
  "WeChat's last refusal": '微信最近一次拒绝的错误码',
  'what was found and expected': '实际值和期望值',
  'who opened or resolved it': '生成或处理这条复核的一方',
  'null while it is open': '未处理时为 null',

  // Bills.
  'a day in Beijing': '北京时间的日期',
  'what WeChat pays out: without coupons of the merchant': '应结订单金额：不含商户自己的代金券',
  'thousandths of a fen': '单位为千分之一分',
  'rows of other systems; the next three say of which': '其他系统的行；后面三项说明各属哪一种',
  'payments by rate of the service fee': '各手续费费率的付款笔数',
  'our records of the day; null until it is reconciled': '当天的本地记录；对账完成之前为 null',
  'the first ones': '只列出前面的若干条',
  'a transaction_id, an out_refund_no, a row or a sum': 'transaction_id、out_refund_no、行或合计',
  'what the bill states': '账单中的值',
  'what our records state': '本地记录中的值',
  'booked: a query confirmed the bill. null while it is open':
    'booked：查询确认账单无误，已入账。未解决时为 null',

  // Operations.
  'the webhook-id': '即 webhook-id',
  'no_target: there was no WEBHOOK_URL': 'no_target：当时没有设置 WEBHOOK_URL',
  'status, timeout or no_answer': 'status、timeout 或 no_answer',
  'the last tries': '最近几次投递',
  'null while it runs, and for a run that crashed': '运行中为 null；中途崩溃的运行也为 null',
  'A finished run has its figures, too': '运行结束后，还会有各项统计数字',
  'null while there is work left': '尚未全部完成时为 null',
  'what is not in order': '不正常的部分',
  'with a token: seconds by class of work': '带令牌时返回：各类工作的最长等待时间，单位为秒',
  'with a token': '带令牌时返回',
  'skip: it could not be looked at, and says nothing': 'skip：无法检查，不代表正常或异常',

  // Payment parameters and errors.
  'for /result, valid for 24 hours': '用于 /result，24 小时内有效',
  'urn:wxpay-edge:problem:{code}': 'urn:wxpay-edge:problem:{code}',
  'for programs': '供程序判断',
  'for people': '给人看的说明',
  'continues the sentence that begins with the field': '接在字段名之后，组成一句话',
  'invalid_request: what is wrong with which field': 'invalid_request：哪个字段有什么错误',
  "WeChat's own code and words": '微信的错误码和原话',
  'refund_exceeds_payment, refund_limit_reached: what is left':
    'refund_exceeds_payment、refund_limit_reached：剩余的金额',
  'bill_not_ready: why the last try failed': 'bill_not_ready：上一次失败的原因',
  'refund_under_way: the state of the refund': 'refund_under_way：退款的状态',
}

const BYTES = /^must be (\d+) to (\d+) bytes long in UTF-8 \(a Chinese character has 3\)$/

/** @throws Error for words that have no Chinese: those of a check with figures in them, which the type cannot know. */
export function sayInChinese(english: string): string {
  const [, least, most] = BYTES.exec(english) ?? []
  if (most !== undefined) return `UTF-8 编码后 ${least} 到 ${most} 字节（一个汉字 3 字节）`
  const text = (NOTES as Readonly<Record<string, string>>)[english]
  if (text === undefined) throw new Error(`no Chinese for: ${english}`)
  return text
}
