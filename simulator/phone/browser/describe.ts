/** One message in a few words, for its line in the diagram. */
import type { Message } from '../../conversation/message.ts'
import { language, yuan } from './dom.ts'

/** `what` is the call, `aside` what it is about, `good` and `bad` what was verified. */
export type Line = { what: string; aside?: string; good?: string; bad?: string }

type Texts = Readonly<Record<string, string>>

const ASIDE: Readonly<Record<'zh' | 'en', Texts>> = {
  zh: {
    place_order: '要买什么',
    pay: 'code, ordercode',
    result: '付了吗？',
    jscode2session: '换 openid',
    orderquery: '付了吗？',
    closeorder: '不能再付了',
    refund: '原路退回',
    refundquery: '退到了吗？',
    downloadbill: '昨天的账单',
  },
  en: {
    place_order: 'what to buy',
    pay: 'code, ordercode',
    result: 'paid?',
    jscode2session: 'who is it?',
    orderquery: 'paid?',
    closeorder: 'no more paying',
    refund: 'money back',
    refundquery: 'is it back?',
    downloadbill: 'yesterday’s bill',
  },
}

const NAMES: Readonly<Record<'zh' | 'en', Texts>> = {
  zh: {
    place_order: 'POST /orders',
    register: 'PUT /orders',
    pay: 'POST /pay',
    result: 'GET /result',
    requestPayment: 'wx.requestPayment',
    notice: '支付通知',
    refund_notice: '退款通知',
    lost: '丢了',
    sign: '签名对',
    noSign: '签名不对',
    payer_paid: '付款人确认支付',
    payer_cancelled: '付款人离开了收银台',
    pay_refused: '微信没有收款',
    refund_settled: '退款已到账',
    booked: '都对，入账一次',
    known: '已经记过，不再记',
    second: '第二笔钱，记在旁边',
    five: '五个参数, paySign',
    noAnswer: '没有回复',
    waiting: '等你点“确认支付”',
  },
  en: {
    place_order: 'POST /orders',
    register: 'PUT /orders',
    pay: 'POST /pay',
    result: 'GET /result',
    requestPayment: 'wx.requestPayment',
    notice: 'notice',
    refund_notice: 'refund notice',
    lost: 'lost',
    sign: 'signed',
    noSign: 'wrong sign',
    payer_paid: 'The payer pays',
    payer_cancelled: 'The payer leaves the cashier',
    pay_refused: 'WeChat takes no money',
    refund_settled: 'The refund has arrived',
    booked: 'all fits: booked, once',
    known: 'known already: not booked again',
    second: 'a second payment, kept aside',
    five: 'five parameters, paySign',
    noAnswer: 'no answer',
    waiting: 'Waiting for you',
  },
}

/** A fixed text of the diagram, in the language of the page. */
export const said = (name: string): string => NAMES[language()][name] ?? name

export function describe(message: Message): Line {
  if (message.lost === true) return { what: lostName(message), bad: said('lost') }
  if (message.kind === 'note') return { what: said(message.what) }
  return message.kind === 'reply' ? describeReply(message) : describeRequest(message)
}

const lostName = ({ kind, what }: Message): string =>
  kind === 'reply' ? said('noAnswer') : said(what)

function describeRequest(message: Message): Line {
  const { what, fields, status } = message
  const aside = ASIDE[language()][what]
  const fee = fields['total_fee'] ?? fields['refund_fee']
  const amount = fee !== undefined && what !== 'notice' ? `¥${yuan(Number(fee))}` : undefined
  const about = what === 'notice' && fee !== undefined ? `¥${yuan(Number(fee))}` : aside
  return {
    what: [said(what), what.includes('.') ? undefined : amount].filter(Boolean).join(' '),
    ...(about === undefined ? {} : { aside: about }),
    ...checked(message),
    // At WeChat, the status of HTTP says nothing: it is 200 for refusals, too.
    ...(status === undefined || message.to === 'wechat' ? {} : statusOf(status)),
  }
}

function describeReply(message: Message): Line {
  const { what, fields, status = 0 } = message
  const verdict = checked(message)
  if (what === 'pay') {
    return fields['ticket'] === undefined ? refusal(message) : { what: said('five') }
  }
  if (what === 'result') {
    return fields['state'] === undefined ? refusal(message) : { what: fields['state'] }
  }
  if (what === 'place_order') {
    return status === 201 ? { what: fields['ordercode'] ?? '' } : refusal(message)
  }
  if (what === 'notice' || what === 'refund_notice') {
    const code = fields['return_code'] ?? String(status)
    return code === 'SUCCESS' ? { what: code } : { what: '', bad: code }
  }
  if (fields['err_code'] !== undefined) return { what: '', bad: fields['err_code'] }
  if (fields['return_code'] !== 'SUCCESS')
    return { what: '', bad: fields['return_msg'] ?? String(status) }
  const fee = fields['total_fee']
  const state = fields['trade_state']
  if (state !== undefined) {
    return {
      what: state === 'SUCCESS' && fee ? `${state} ¥${yuan(Number(fee))}` : state,
      ...verdict,
    }
  }
  return { what: fields['prepay_id'] === undefined ? 'SUCCESS' : 'prepay_id', ...verdict }
}

const refusal = ({ fields, status = 0 }: Message): Line => ({
  what: '',
  bad: `${status} ${fields['code'] ?? ''}`.trim(),
})

/** The outcome of the signature check. Other checks are in the details. */
function checked({ checks, what }: Message): Pick<Line, 'good' | 'bad'> {
  const failed = checks.find(({ ok }) => !ok)
  if (failed !== undefined) {
    return {
      bad: failed.what === 'sign' || failed.what === 'paySign' ? said('noSign') : failed.what,
    }
  }
  if (what === 'requestPayment' && checks.length > 0) return { good: 'paySign' }
  return checks.some(({ what: name }) => name === 'sign') ? { good: said('sign') } : {}
}

const statusOf = (status: number): Pick<Line, 'good' | 'bad'> =>
  status < 300 ? { good: String(status) } : { bad: String(status) }
