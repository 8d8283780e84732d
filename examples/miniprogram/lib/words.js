/** What the pages say, in the language of the WeChat client: Chinese, or English for every other language. */

const zh = {
  title: '山雀咖啡',
  order: '订单号',
  due: '应付',
  pay: '立即支付',
  busy: '请稍候…',
  noShop: '没有连上商城，请检查网络。',
  tryAgain: '再试一次',
  payAgain: '重新支付',
  askAgain: '再查一次',
  newOrder: '重新下单',
  confirming: '正在确认付款',
  confirmingText: '微信正在把结果告诉商城，一般只要几秒。',
  paid: '支付成功',
  paidText: '商城已收到付款，会尽快发货。',
  closed: '订单已关闭',
  closedText: '这个订单不能再付款。如果已经付过，钱会原路退回，或由商城联系你。',
  slow: '还没有确认',
  slowText: '如果已经付了款，请不要再付：钱不会丢，确认后订单会自动变成已支付。',
  cancelled: '没有付款',
  cancelledText: '付款没有完成，钱没有动。订单还在，可以再付。',
  failed: '没有打开收银台',
  failedText: '钱没有动，可以再试一次。',
  offline: '网络不通',
  offlineText: '没有连上支付服务。检查网络后再试，重复点也只会付一次。',
  ticketOver: '查询已过期',
  ticketOverText: '请回到订单页查看。如果已经付过款，不会再收一次。',
  /** @param {number} seconds */
  waitText: (seconds) => `请 ${seconds} 秒后再试。`,
  /** @param {string} code */
  reportText: (code) => `请把这个代码告诉商城：${code}`,
  /** What each `code` of `/pay` means to the payer. */
  refusals: {
    login_invalid: ['登录失效', '没有登录成功，请再试一次。'],
    login_blocked: ['暂时不能支付', '微信暂时限制了这个账号。'],
    not_your_order: ['不是你的订单', '这个订单只能由下单的人付款。'],
    order_not_found: ['没有这个订单', '商城没有这个订单，请重新下单。'],
    order_paid: ['已经付过了', '这个订单已经付款，不用再付。'],
    order_closed: ['订单已关闭', '这个订单不能再付款，请重新下单。'],
    order_busy: ['另一笔支付还没结束', '这个订单正在别处支付，请稍等再试。'],
    too_many_requests: ['人太多了', '请稍等再试，钱没有动。'],
    wechat_refused: ['微信没有受理', '钱没有动。'],
    wechat_unavailable: ['微信暂时没有回答', '钱没有动，再试是安全的。'],
    store_unavailable: ['支付服务暂时没有回答', '钱没有动，再试是安全的。'],
    misconfigured: ['商城的支付没有配置好', '钱没有动。'],
    unexpected: ['支付服务出错了', '钱没有动，可以再试一次。'],
  },
}

/** @type {typeof zh} */
const en = {
  title: '山雀咖啡',
  order: 'Order',
  due: 'To pay',
  pay: 'Pay now',
  busy: 'One moment…',
  noShop: 'The shop cannot be reached. Check the network.',
  tryAgain: 'Try again',
  payAgain: 'Pay again',
  askAgain: 'Ask again',
  newOrder: 'New order',
  confirming: 'Confirming',
  confirmingText: 'WeChat is reporting the payment to the shop. It takes a few seconds.',
  paid: 'Paid',
  paidText: 'The shop has the payment and will ship soon.',
  closed: 'The order is closed',
  closedText:
    'It can no longer be paid. If you have paid, the money comes back, or the shop contacts you.',
  slow: 'Not confirmed yet',
  slowText:
    'If you have paid, do not pay again: the money is not lost, and the order becomes paid by itself.',
  cancelled: 'Not paid',
  cancelledText: 'The payment was not made, and no money moved. You can still pay the order.',
  failed: 'The cashier did not open',
  failedText: 'No money moved. You can try again.',
  offline: 'No connection',
  offlineText:
    'The payment service cannot be reached. Check the network and try again: you pay only once.',
  ticketOver: 'This page is too old',
  ticketOverText: 'Go back to the order. If you have paid, you are not charged again.',
  waitText: (seconds) => `Try again in ${seconds} seconds.`,
  reportText: (code) => `Tell the shop this code: ${code}`,
  refusals: {
    login_invalid: ['Not logged in', 'The login did not work. Try again.'],
    login_blocked: ['Not possible now', 'WeChat restricts this account at the moment.'],
    not_your_order: ['Not your order', 'Only the person who placed this order can pay it.'],
    order_not_found: ['No such order', 'The shop does not know this order. Place a new one.'],
    order_paid: ['Already paid', 'This order is paid. There is nothing left to pay.'],
    order_closed: ['The order is closed', 'It can no longer be paid. Place a new one.'],
    order_busy: ['Another payment is open', 'The order is being paid elsewhere. Wait a moment.'],
    too_many_requests: ['Too busy', 'Wait a moment and try again. No money moved.'],
    wechat_refused: ['WeChat refused', 'No money moved.'],
    wechat_unavailable: ['WeChat does not answer', 'No money moved. Trying again is safe.'],
    store_unavailable: ['No answer', 'No money moved. Trying again is safe.'],
    misconfigured: ['The shop cannot take payments yet', 'No money moved.'],
    unexpected: ['Something went wrong', 'No money moved. You can try again.'],
  },
}

/** The words in the language of the client. */
function words() {
  const { language } = wx.getAppBaseInfo()
  return language.startsWith('zh') ? zh : en
}

module.exports = { words, zh, en }
