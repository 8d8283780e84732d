/**
 * Pays an order of the shop with WeChat Pay, through wxpay-edge. Copy this file into your mini program: it needs `wx`
 * and the address of the Worker, and knows no page.
 *
 *     const { pay, waitForResult } = require('../../lib/payment.js')
 *     const outcome = await pay(ordercode)
 *     if (outcome.kind === 'confirming') result = await waitForResult(outcome.ticket)
 *
 * What wx.requestPayment says is no proof: show "paid" only when `/result` says so.
 */
const { WORKER } = require('../config.js')

/**
 * What came of a call of `pay`. Each kind has its own next step:
 * - `confirming`: the cashier reported a payment. Ask with `waitForResult`.
 * - `cancelled`: the payer left the cashier. Ask once with `askResult`: the payer may have paid and then closed it.
 * - `failed`: the WeChat client did not open the cashier, or broke off; `message` is its reason.
 * - `refused`: the Worker did not start a payment; `code` says why, `words` are WeChat's own, `retryAfterS` is when to try again.
 * - `offline`: no server answered. Trying again is safe.
 *
 * @typedef {{ kind: 'confirming', ticket: string }
 *   | { kind: 'cancelled', ticket: string }
 *   | { kind: 'failed', ticket: string, message: string }
 *   | { kind: 'refused', code: string, words?: string, retryAfterS?: number }
 *   | { kind: 'offline' }} Outcome
 */

/**
 * The answer of `/result`. `total_fee` is in fen.
 * @typedef {{ ordercode: string, state: 'created' | 'paying' | 'paid' | 'closed', total_fee: number, paid_at: string | null }} Result
 */

/**
 * What `/result` said: the order, or why there is no answer.
 * @typedef {{ kind: 'answer', result: Result } | { kind: 'refused', code: string } | { kind: 'offline' }} Answer
 */

/**
 * An answer over HTTP. `body` is the parsed JSON of our own servers, or undefined when it is not an object.
 * @typedef {{ status: number, body: any, retryAfterS?: number }} Reply
 */

/** A request that takes longer has failed. The Worker's own calls to WeChat end after 8 seconds. */
const TIMEOUT_MS = 20_000
/** The Worker names a time to wait. Up to this many seconds the payer waits before the locked button; longer is an outcome. */
const PATIENCE_S = 5
const TRIES_MAX = 4
/** Seconds between the questions to `/result`. The Worker asks WeChat at most every 3 seconds, so faster is of no use. */
const PAUSES_S = [1, 2, 3, 3, 3, 3, 5, 5, 5, 10, 10, 10]

/**
 * Pays an order: logs in, has the Worker sign the payment, opens the cashier. Never rejects.
 *
 * @param {string} ordercode the order, as the shop's server registered it
 * @returns {Promise<Outcome>}
 */
async function pay(ordercode) {
  const started = await start(ordercode)
  if (started.kind !== 'started') return started
  const { ticket, ...params } = started.payment
  try {
    await wx.requestPayment(params)
    return { kind: 'confirming', ticket }
  } catch (error) {
    const { errMsg = '' } = /** @type {{ errMsg?: string }} */ (error ?? {})
    if (/:fail cancel/.test(errMsg)) return { kind: 'cancelled', ticket }
    return { kind: 'failed', ticket, message: errMsg.replace(/^requestPayment:fail ?/, '') }
  }
}

/**
 * @typedef {Pick<WechatMiniprogram.RequestPaymentOption, 'timeStamp' | 'nonceStr' | 'package' | 'signType' | 'paySign'> & { ticket: string }} Payment
 *
 * @param {string} ordercode
 * @returns {Promise<Outcome | { kind: 'started', payment: Payment }>}
 */
async function start(ordercode) {
  let hasNewLogin = false
  for (let tries = 1; ; tries += 1) {
    const code = await login()
    if (code === undefined) return { kind: 'offline' }
    const reply = await request('POST', `${WORKER}/pay`, { code, ordercode })
    if (reply === undefined) return { kind: 'offline' }
    if (reply.status === 200) return { kind: 'started', payment: reply.body }

    const refused = describeRefusal(reply)
    // A login code works once and for five minutes: get a new one, once.
    const needsLogin = refused.code === 'login_invalid' && !hasNewLogin
    const mayWait = refused.retryAfterS !== undefined && refused.retryAfterS <= PATIENCE_S
    if (tries === TRIES_MAX || (!needsLogin && !mayWait)) return refused
    if (needsLogin) hasNewLogin = true
    else await sleep(refused.retryAfterS ?? 0)
  }
}

/** @returns {Promise<string | undefined>} a login code, or undefined when WeChat could not be reached */
async function login() {
  try {
    const { code } = await wx.login()
    return code
  } catch {
    return undefined
  }
}

/**
 * @param {Reply} reply
 * @returns {Extract<Outcome, { kind: 'refused' }>}
 */
function describeRefusal({ body, retryAfterS }) {
  // A proxy in between answers with a page of its own, which has no code.
  const { code = 'unexpected', wechat } = body ?? {}
  return {
    kind: 'refused',
    code,
    ...(wechat?.err_code_des ? { words: wechat.err_code_des } : {}),
    ...(retryAfterS === undefined ? {} : { retryAfterS }),
  }
}

/**
 * Asks the Worker once whether the order is paid. Never rejects.
 *
 * @param {string} ticket from the outcome of `pay`; it is valid for a day
 * @returns {Promise<Answer>}
 */
async function askResult(ticket) {
  const reply = await request('GET', `${WORKER}/result`, { ticket })
  if (reply === undefined) return { kind: 'offline' }
  if (reply.status === 200) return { kind: 'answer', result: reply.body }
  return { kind: 'refused', code: describeRefusal(reply).code }
}

/**
 * Asks until the order is paid or closed, about a minute. Never rejects. Without an end after that minute, the last answer
 * is returned: the Worker goes on asking WeChat by itself, so the payer may ask again later and must not pay again.
 *
 * @param {string} ticket from the outcome of `pay`
 * @param {{ isCalledOff?: () => boolean }} [options] `isCalledOff` ends the questions, for a page that was closed
 * @returns {Promise<Answer>}
 */
async function waitForResult(ticket, { isCalledOff = () => false } = {}) {
  let answer = await askResult(ticket)
  for (const pauseS of PAUSES_S) {
    if (isOver(answer) || isCalledOff()) return answer
    await sleep(pauseS)
    if (isCalledOff()) return answer
    answer = await askResult(ticket)
  }
  return answer
}

/** @param {Answer} answer */
function isOver(answer) {
  if (answer.kind === 'refused') return answer.code === 'ticket_invalid'
  return answer.kind === 'answer' && ['paid', 'closed'].includes(answer.result.state)
}

/**
 * wx.request as a promise, which it does not offer itself. Never rejects.
 *
 * @param {'GET' | 'POST'} method
 * @param {string} url
 * @param {Record<string, string>} data the query of a GET, the JSON body of a POST
 * @returns {Promise<Reply | undefined>} undefined when nothing answered
 */
function request(method, url, data) {
  return new Promise((resolve) => {
    wx.request({
      method,
      url,
      data,
      timeout: TIMEOUT_MS,
      success: ({ statusCode, data: body, header }) => {
        const retryAfterS = Number(find(header, 'retry-after'))
        resolve({
          status: statusCode,
          body: typeof body === 'object' ? body : undefined,
          ...(retryAfterS > 0 ? { retryAfterS } : {}),
        })
      },
      fail: () => resolve(undefined),
    })
  })
}

/**
 * A header by its name in small letters: clients spell names differently.
 * @param {Record<string, unknown>} header
 * @param {string} name
 */
function find(header, name) {
  return Object.entries(header ?? {}).find(([key]) => key.toLowerCase() === name)?.[1]
}

/** @param {number} seconds */
const sleep = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1_000))

module.exports = { pay, askResult, waitForResult }
