/** What came of a payment: asks the Worker with patience, and says what to do. */
const { confirming, viewOfAnswer, viewOfOutcome } = require('../../lib/outcome-view.js')
const { askResult, waitForResult } = require('../../lib/payment.js')
const { words } = require('../../lib/words.js')
const { yuan } = require('../../lib/yuan.js')

Page({
  data: {
    words: words(),
    view: confirming(),
    ordercode: '',
    yuan: '',
    isPaid: false,
    isBusy: false,
  },
  /** The proof for `/result` that this payer was at the cashier. */
  ticket: '',
  isClosed: false,

  /** @param {{ what?: string }} query `what` is the order and the outcome of `pay`, as JSON */
  async onLoad({ what = '' }) {
    /** @type {{ order: import('../../lib/shop.js').Order, outcome: import('../../lib/payment.js').Outcome }} */
    const { order, outcome } = JSON.parse(decodeURIComponent(what))
    this.setData({ ordercode: order.ordercode, yuan: yuan(order.total_fee) })
    if ('ticket' in outcome) this.ticket = outcome.ticket
    if (outcome.kind === 'confirming') return this.confirm()

    this.setData({ view: viewOfOutcome(outcome) })
    if (outcome.kind === 'cancelled' || outcome.kind === 'failed') await this.lookOnce()
  },

  onUnload() {
    this.isClosed = true
  },

  /** Asks until the order is paid or closed, or a minute has passed. */
  async confirm() {
    if (this.data.isBusy) return
    this.setData({ isBusy: true, view: confirming() })
    const answer = await waitForResult(this.ticket, { isCalledOff: () => this.isClosed })
    if (!this.isClosed) this.setData({ isBusy: false, ...this.shown(answer) })
  },

  /** "Cancelled" is the client's word, not WeChat's: the payer may have paid and then closed the cashier. */
  async lookOnce() {
    const answer = await askResult(this.ticket)
    if (answer.kind !== 'answer' || answer.result.state !== 'paid' || this.isClosed) return
    this.setData(this.shown(answer))
  },

  /** @param {import('../../lib/payment.js').Answer} answer */
  shown(answer) {
    return {
      view: viewOfAnswer(answer),
      isPaid: answer.kind === 'answer' && answer.result.state === 'paid',
    }
  },

  onButton() {
    const { action } = this.data.view
    if (action === 'ask') return this.confirm()
    if (action === 'order') return wx.reLaunch({ url: '/pages/order/order' })
    return wx.navigateBack()
  },
})
