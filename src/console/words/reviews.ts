/** Words of reviews: one sentence for each kind, and what to do about it. */
const en = {
  title: 'Reviews',
  about: 'Each is money or a message, and is over when a person has looked at it.',
  tabsLabel: 'By state',
  tabs: { open: 'Open', done: 'Resolved' },
  none: 'Nothing needs you.',
  noneDone: 'Nothing was resolved yet.',
  since: (at: string) => `since ${at}`,
  resolvedAt: (at: string, who: string) => `resolved ${at}, ${who}`,
  whatToDo: 'What to do: ',
  order: 'Order',
  evidence: 'What was found',
  field: 'Field',
  value: 'Value',
  note: 'What came of it (required, kept)',
  noteWrong: 'Write what came of it: 1 to 500 characters.',
  resolve: 'Resolve',
  choose: 'What to do with the money',
  chooseOne: 'Choose what to do.',
  accept: 'Book the payment',
  refund: (amount: string) => `Return ${amount}`,
  noteOnly: 'Only write the result',
  anyway: 'Resolve it now all the same',
  action: { accept: 'Booked.', refund: 'Returned.' },
  resolved: 'Resolved.',
  otherwise: 'Another person has resolved it differently meanwhile.',
  notAllowed: 'The order no longer allows that. Nothing was done; resolve it with a note only.',
  notRegistered: 'The shop must register the order again first. Nothing was done.',
  notConfirmed: (words: string) =>
    `WeChat does not confirm the payment as it stands here, so nothing was done. It says: ${words}`,
  refundRefused:
    'WeChat refused the refund. Return the money in another way, then resolve with a note only.',
  refundCancelled: 'The refund of this payment was called off. Refund from the page of the order.',
  notFound: 'There is no such review.',
  line: {
    late_payment: (a: string) => `${a} came after the order was closed`,
    second_payment: (a: string) => `The order was paid twice; the second payment is ${a}`,
    amount_mismatch: (a: string, b: string) => `WeChat took ${a}, expected was ${b}; not booked`,
    currency_mismatch: (a: string) => `The currency is not CNY (${a}); not booked`,
    foreign_payment: (a: string) => `Another payer, kind or time than expected, ${a}; not booked`,
    transaction_conflict: (a: string) =>
      `A transaction of another order was named, ${a}; not booked`,
    unknown_order: (a: string) => `A payment of ${a} for an order that is not here`,
    partly_returned: (a: string) =>
      `Of a payment of ${a}, a part went back before it was known here`,
    refund_abnormal: (a: string) => `The card of the payer does not take ${a}`,
    refund_overdue: (a: string) => `A refund of ${a} has no result after thirty days`,
    refund_waiting: (a: string) => `WeChat has not accepted a refund of ${a}`,
    refunds_held: (n: string, a: string) => `${n} refunds are held back, ${a}`,
    refund_failed: (a: string) => `A refund of ${a} did not succeed`,
    refund_conflict: (a: string) => `WeChat returned ${a}, which does not fit our books`,
    bill_difference: (day: string, what: string) => `Bill of ${day}: ${what}`,
    webhook_given_up: (type: string) => `The shop never took the webhook ${type}`,
    other_merchant: (id: string) => `Work of merchant ${id} waits; WX_MCH_ID is another number`,
  },
  todo: {
    late_payment:
      'If the order is paid by it, deliver, or return the money. If it goes back by itself, there is nothing to do but to look.',
    second_payment:
      'With a merchant certificate it goes back by itself: see on the page of the order that it did. Otherwise return it.',
    amount_mismatch:
      'Ask WeChat, return the money on the merchant platform, then write what came of it.',
    currency_mismatch:
      'Ask WeChat, return the money on the merchant platform, then write what came of it.',
    foreign_payment:
      'Another person may have paid for the buyer. Book it, return it, or write what you did elsewhere.',
    transaction_conflict:
      'Think of a leaked WX_API_KEY and change it. Compare both orders on the merchant platform, and return there what is wrong.',
    unknown_order:
      'After a restore of the database: let the shop register the order again, then book it. If another system shares the merchant number: write a note.',
    partly_returned: 'Deliver and write a note, or return the rest.',
    refund_abnormal:
      'Send it to another card on the merchant platform. It then becomes “Refunded” by itself.',
    refund_overdue:
      'Ask WeChat. To give it up, resolve with a note: its amount is released once WeChat says that it does not know the refund.',
    refund_waiting:
      'Top up the balance, or mend what the words of WeChat name. It goes on by itself, and this resolves itself.',
    refund_failed:
      'Refund it again from the page of the order, return it in another way, or book the payment.',
    refund_conflict: 'Compare with the merchant platform, then write what came of it.',
    bill_difference:
      'Look up both sides on the merchant platform; ask WeChat. It resolves itself when bill and books agree.',
    webhook_given_up: 'Mend the receiver, then resend the webhook.',
    other_merchant:
      'Set WX_MCH_ID back, and this resolves itself. If the number is gone for good, look on its merchant platform what was paid, then resolve with a note.',
  },
}

const zh: typeof en = {
  title: '待处理',
  about: '每一件都是钱或通知，要人看过才算完。',
  tabsLabel: '按状态',
  tabs: { open: '未处理', done: '已处理' },
  none: '没有要处理的事。',
  noneDone: '还没有处理过的事。',
  since: (at) => `${at} 起`,
  resolvedAt: (at, who) => `${at} 结案，${who}`,
  whatToDo: '怎么办：',
  order: '订单',
  evidence: '看到了什么',
  field: '字段',
  value: '内容',
  note: '处理结果（必填，会留在记录里）',
  noteWrong: '请写处理结果，1 到 500 个字。',
  resolve: '结案',
  choose: '这笔钱怎么处理',
  chooseOne: '请选一种处理方式。',
  accept: '入账',
  refund: (amount) => `退回 ${amount}`,
  noteOnly: '只写结果',
  anyway: '还是想现在结案',
  action: { accept: '处理方式：入账。', refund: '处理方式：退回。' },
  resolved: '已结案。',
  otherwise: '这时有人用别的方式结了案。',
  notAllowed: '订单现在不允许这样处理，什么也没有做。请只写结果结案。',
  notRegistered: '要先由商城重新登记订单，什么也没有做。',
  notConfirmed: (words) => `微信没有确认这笔收款，所以什么也没有做。微信说：${words}`,
  refundRefused: '微信拒绝了退款。请用别的办法退，再只写结果结案。',
  refundCancelled: '这笔收款的退款撤销过。请在订单页里退。',
  notFound: '没有这件事。',
  line: {
    late_payment: (a) => `订单关闭后到账 ${a}`,
    second_payment: (a) => `同一单付了两次，第二笔 ${a}`,
    amount_mismatch: (a, b) => `微信收了 ${a}，应收 ${b}，没有入账`,
    currency_mismatch: (a) => `币种不是人民币（${a}），没有入账`,
    foreign_payment: (a) => `付款人、方式或时间与下单时不同，${a}，没有入账`,
    transaction_conflict: (a) => `微信支付单号属于别的订单，${a}，没有入账`,
    unknown_order: (a) => `收到不认识的订单号，${a}`,
    partly_returned: (a) => `一笔 ${a} 的收款，一到就退了一部分`,
    refund_abnormal: (a) => `${a} 退不进付款人的卡`,
    refund_overdue: (a) => `一笔 ${a} 的退款 30 天没有结果`,
    refund_waiting: (a) => `一笔 ${a} 的退款，微信还没有受理`,
    refunds_held: (n, a) => `${n} 笔退款被压住了，共 ${a}`,
    refund_failed: (a) => `一笔 ${a} 的退款没有成功`,
    refund_conflict: (a) => `微信退的 ${a} 和账本对不上`,
    bill_difference: (day, what) => `${day} 的账单：${what}`,
    webhook_given_up: (type) => `商城一直没有收下通知 ${type}`,
    other_merchant: (id) => `商户号 ${id} 的事在等，WX_MCH_ID 是别的号`,
  },
  todo: {
    late_payment: '订单因它变成已支付的，就发货，或者退回。会自动退回的，看一眼就行。',
    second_payment: '有商户证书时会自动退回：到订单页看它退了没有。没有证书就退回。',
    amount_mismatch: '问微信支付客服，在商户平台退款，再写下结果。',
    currency_mismatch: '问微信支付客服，在商户平台退款，再写下结果。',
    foreign_payment: '可能是别人代付。可以入账、退回，或者写下你在别处怎么处理的。',
    transaction_conflict:
      '想一想 WX_API_KEY 是不是泄露了，换掉它。在商户平台比对两笔订单，不对的在那里退。',
    unknown_order: '数据库恢复过：请商城重新登记订单，再入账。别的系统共用商户号：写明情况后结案。',
    partly_returned: '发货后写明情况，或者把剩下的退回。',
    refund_abnormal: '到商户平台“退款异常”换一张卡退。成功以后它自己变成“退款成功”，不用再点。',
    refund_overdue:
      '问微信支付客服。要放弃就写下结果结案：微信说不认识这笔退款以后，金额才会放开。',
    refund_waiting: '给余额充值，或者按微信的话去改。之后它自己继续，这件事自己结案。',
    refund_failed: '在订单页里再退一次，用别的办法退，或者把收款入账。',
    refund_conflict: '到商户平台比对，再写下结果。',
    bill_difference: '在商户平台查两边的数，问微信支付客服。两边对平时它会自己结案。',
    webhook_given_up: '修好接收端，再重发通知。',
    other_merchant:
      '把 WX_MCH_ID 改回去，它会自己结案。这个号不再用了，就到它的商户平台看付了哪些，再写明情况结案。',
  },
}

export const REVIEWS = { en, zh }
