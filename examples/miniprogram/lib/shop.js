/** The shop's own server. Your mini program has its own calls here; payment.js needs only the ordercode. */
const { SHOP } = require('../config.js')

/**
 * An order as the shop's server registered it. `total_fee` is in fen, to be shown: the price that counts is the server's.
 * @typedef {{ ordercode: string, body: string, total_fee: number }} Order
 */

/**
 * Places an order. The server learns the payer's openid from the login code, and binds the order to it.
 *
 * @param {string} goods
 * @returns {Promise<Order | undefined>} undefined when the shop's server did not answer, or refused
 */
async function placeOrder(goods) {
  try {
    const { code } = await wx.login()
    return await new Promise((resolve) => {
      wx.request({
        method: 'POST',
        url: `${SHOP}/orders`,
        data: { code, goods },
        success: ({ statusCode, data }) =>
          resolve(statusCode === 201 ? /** @type {Order} */ (data) : undefined),
        fail: () => resolve(undefined),
      })
    })
  } catch {
    return undefined
  }
}

module.exports = { placeOrder }
