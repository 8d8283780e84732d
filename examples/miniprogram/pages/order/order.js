/** The order, and the button that pays it. */
const { pay } = require('../../lib/payment.js')
const { placeOrder } = require('../../lib/shop.js')
const { words } = require('../../lib/words.js')
const { yuan } = require('../../lib/yuan.js')

/** What this shop sells. The shop's server has the price. */
const GOODS = 'dark-roast-500'

Page({
  data: {
    words: words(),
    /** @type {import('../../lib/shop.js').Order | null} */
    order: null,
    yuan: '',
    isBusy: false,
    note: '',
  },

  onLoad() {
    return this.placeOrder()
  },

  async placeOrder() {
    if (this.data.isBusy) return
    this.setData({ isBusy: true, note: '' })
    const order = await placeOrder(GOODS)
    if (order === undefined) this.setData({ isBusy: false, note: words().noShop })
    else this.setData({ isBusy: false, order, yuan: yuan(order.total_fee) })
  },

  /** The button is locked until the payer is back from the cashier: two taps are one payment. */
  async onPay() {
    const { order, isBusy } = this.data
    if (order === null || isBusy) return
    this.setData({ isBusy: true })
    const outcome = await pay(order.ordercode)
    this.setData({ isBusy: false })
    const what = encodeURIComponent(JSON.stringify({ order, outcome }))
    wx.navigateTo({ url: `/pages/result/result?what=${what}` })
  },
})
