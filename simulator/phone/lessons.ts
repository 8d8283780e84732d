import type { Language, Words } from './words.ts'

/** What has happened in a lesson, in this order. The caption is that of the latest moment for which the lesson has a sentence. */
export const MOMENTS = [
  'start',
  'pay',
  'unifiedorder_lost',
  'prepared',
  'refused',
  'cashier',
  'closed',
  'paid',
  'notice_lost',
  'notice',
  'query',
  'booked',
  'told',
  'second',
  'refund',
  'result_paid',
] as const
export type Moment = (typeof MOMENTS)[number]

type Text = { title: string; captions: Partial<Record<Moment, string>> }

/** A lesson: the switches that it sets, and what it says. The payer still presses the buttons. */
export type Lesson = Readonly<Record<Language, Text>> & {
  switches: readonly (keyof Words['switches'])[]
  /** The order may be paid by every payer, and the cashier offers to let a second one pay first. */
  hasSecondPayer?: boolean
  /** The cashier takes money for an order that WeChat has closed, as happens when both come at once. */
  paysDespiteClose?: boolean
}

export const LESSON_NAMES = ['works', 'lost', 'forged', 'twice', 'timeout', 'late'] as const
export type LessonName = (typeof LESSON_NAMES)[number]

export const LESSONS: Readonly<Record<LessonName, Lesson>> = {
  works: {
    switches: [],
    zh: {
      title: '正常支付',
      captions: {
        start: '价格和订单在商城那里，手机只拿到一个订单号。请点“立即支付”。',
        pay: '手机只交出订单号。付款之前，Worker 先去找微信。',
        prepared: '微信登记了这一笔，签名对。金额是商城定的，手机改不了。',
        cashier: '手机核对了 paySign，才打开收银台。请点“确认支付”。',
        paid: '手机说付了还不算数，要等微信签了名的话。',
        notice: '微信的通知到了：签名、金额、付款人都对。',
        booked: '入账一次。同样的通知再来多少份，也只记这一次。',
        told: '商城验了签名，发货一次。手机还在问结果。',
        result_paid: '手机从 Worker 得到“已支付”。这就是全部，再试试别的。',
      },
    },
    en: {
      title: 'It just works',
      captions: {
        start:
          'The shop has the price and the order; the phone only has a number. Press “Pay now”.',
        pay: 'The phone hands over the number. The Worker talks to WeChat before the phone may.',
        prepared: 'WeChat has registered the payment, signed. The phone cannot change the amount.',
        cashier: 'The phone has checked paySign, so the cashier opens. Press “Confirm payment”.',
        paid: '“Paid” on the phone proves nothing. What counts is WeChat’s signed word.',
        notice: 'The notice is here: signature, amount and payer fit.',
        booked: 'Booked, once. However often the same notice comes, it stays at once.',
        told: 'The shop has checked the signature and ships once. The phone still asks.',
        result_paid: 'The phone hears “paid” from the Worker. That is all of it. Try another one.',
      },
    },
  },
  lost: {
    switches: ['lose'],
    zh: {
      title: '通知丢了',
      captions: {
        start: '这一次，微信的支付通知会丢。像平常一样付款。',
        cashier: '请点“确认支付”，看没有通知会怎样。',
        notice_lost: '通知丢了。Worker 还不知道有人付了钱。',
        query: '手机在问结果，Worker 就自己去问微信。',
        booked: '通知丢了，钱没丢：查单的回复同样有微信的签名。',
        result_paid: '没有手机问，一两分钟后定时任务也会问到：试试“付完就关掉”。',
      },
    },
    en: {
      title: 'The notice is lost',
      captions: {
        start: 'This time WeChat’s notice gets lost. Pay as always.',
        cashier: 'Press “Confirm payment” and see what happens without a notice.',
        notice_lost: 'The notice is lost. The Worker does not know yet that money moved.',
        query: 'The phone asks for the result, so the Worker asks WeChat.',
        booked: 'The notice is lost, the money is not: the reply to a query is signed as well.',
        result_paid:
          'Without a phone, the cron asks within two minutes. Try “Pay, then quit the app”.',
      },
    },
  },
  forged: {
    switches: ['paysign'],
    zh: {
      title: '签名被改',
      captions: {
        start: '这一次，paySign 在路上被改了一位。请点“立即支付”。',
        refused: '手机算出的签名对不上：收银台没有打开，钱没有动。',
      },
    },
    en: {
      title: 'A forged paySign',
      captions: {
        start: 'This time one character of paySign is changed on the way. Press “Pay now”.',
        refused: 'The signature does not fit: the cashier stays closed, and no money moves.',
      },
    },
  },
  twice: {
    switches: [],
    hasSecondPayer: true,
    paysDespiteClose: true,
    zh: {
      title: '付了两次',
      captions: {
        start: '这个订单谁都能付。请点“立即支付”，停在收银台。',
        cashier: '先让另一个人付，然后你也确认支付。',
        told: '第一笔已入账、发货。现在你也点“确认支付”。',
        second: '第二笔钱记在旁边，不再发货。点“+1 分”，看它退回。',
        refund: '第二笔钱，Worker 自己原路退回。',
      },
    },
    en: {
      title: 'Paid twice',
      captions: {
        start: 'Everybody may pay this order. Press “Pay now” and stop at the cashier.',
        cashier: 'Let another payer pay first. Then confirm your payment, too.',
        told: 'The first payment is booked and shipped. Now confirm yours, too.',
        second:
          'A second payment is kept aside; nothing more is shipped. Press “+1 min”: it goes back.',
        refund: 'The second payment goes back by itself.',
      },
    },
  },
  timeout: {
    switches: ['reply_lost'],
    zh: {
      title: '微信超时',
      captions: {
        start: '这一次，微信会收到下单，但回复丢在路上。请点“立即支付”。',
        unifiedorder_lost: '没有回复，不等于没有受理。Worker 用同一个单号再发一次。',
        cashier: '还是同一笔，不会变成两笔。请点“确认支付”。',
        booked: '入账一次。超时没有变成重复付款。',
        result_paid: '超时只是慢一点：同一个单号，同一笔钱，记一次。',
      },
    },
    en: {
      title: 'WeChat times out',
      captions: {
        start: 'This time WeChat gets the order, but its reply is lost. Press “Pay now”.',
        unifiedorder_lost: 'No reply is not a no. The Worker sends the same attempt again.',
        cashier: 'Still the same attempt, not a second one. Press “Confirm payment”.',
        booked: 'Booked, once. A timeout did not become a second payment.',
        result_paid: 'A timeout costs time, not money: one attempt, one payment, booked once.',
      },
    },
  },
  late: {
    switches: [],
    paysDespiteClose: true,
    zh: {
      title: '关单后才付',
      captions: {
        start: '请点“立即支付”，停在收银台，先不要付。',
        cashier: '现在点右边的“+2 小时”：订单到期，定时任务去关单。',
        closed: '订单关了。现在点“确认支付”：微信偶尔还是会收下。',
        notice: '微信说钱动了。这比我们说过“已关闭”更有分量。',
        booked: '入账，并记一条待处理：请人看看要不要退。',
      },
    },
    en: {
      title: 'Paid after closing',
      captions: {
        start: 'Press “Pay now”, stop at the cashier, and do not pay yet.',
        cashier: 'Now press “+2 h” on the right: the order expires, and the cron closes it.',
        closed: 'The order is closed. Now confirm: now and then WeChat still takes the money.',
        notice: 'WeChat’s word that money moved beats ours that it could not.',
        booked: 'Booked, with a review: a person decides whether it goes back.',
      },
    },
  },
}
