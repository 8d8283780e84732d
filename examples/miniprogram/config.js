/** The two servers that the mini program calls. In production, both belong on the mini program's list of request domains. */
module.exports = {
  /** wxpay-edge: the Worker's PUBLIC_URL. */
  WORKER: 'http://127.0.0.1:8787',
  /** The shop's own server, here `examples/shop-backend`. */
  SHOP: 'http://127.0.0.1:8800',
}
