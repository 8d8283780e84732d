/**
 * What the result page shows for each outcome: a title, what it means for the payer's money, and one thing to do.
 */
const { words } = require('./words.js')

/**
 * `look` picks symbol and colour. `action` is what the button does: pay the same order again, ask for the result again, place
 * a new order; without it, there is no button.
 * @typedef {{
 *   look: 'waiting' | 'good' | 'bad',
 *   title: string,
 *   text: string,
 *   action?: 'pay' | 'ask' | 'order',
 *   button?: string,
 * }} View
 */

/** The refusals after which paying again can succeed, and those that need a new order. Others are for the shop. */
const PAY_AGAIN = [
  'login_invalid',
  'order_busy',
  'too_many_requests',
  'wechat_refused',
  'wechat_unavailable',
  'store_unavailable',
  'unexpected',
]
const NEW_ORDER = ['order_not_found', 'order_closed']
/** A developer or operator must mend these, so the payer is asked to report the code. */
const FOR_THE_SHOP = ['misconfigured', 'wechat_refused', 'unexpected']

/** @returns {View} */
function confirming() {
  const { confirming: title, confirmingText: text } = words()
  return { look: 'waiting', title, text }
}

/**
 * @param {import('./payment.js').Outcome} outcome any but `confirming`
 * @returns {View}
 */
function viewOfOutcome(outcome) {
  const said = words()
  const again = /** @type {const} */ ({ action: 'pay', button: said.payAgain })
  switch (outcome.kind) {
    case 'cancelled':
      return { look: 'bad', title: said.cancelled, text: said.cancelledText, ...again }
    case 'failed':
      return {
        look: 'bad',
        title: said.failed,
        text: join(said.failedText, outcome.message),
        ...again,
      }
    case 'offline':
      return { look: 'bad', title: said.offline, text: said.offlineText, ...again }
    case 'refused':
      return viewOfRefusal(outcome)
    default:
      return confirming()
  }
}

/**
 * @param {Extract<import('./payment.js').Outcome, { kind: 'refused' }>} refused
 * @returns {View}
 */
function viewOfRefusal({ code, words: wechatWords, retryAfterS }) {
  const said = words()
  /** @type {Record<string, string[] | undefined>} */
  const refusals = said.refusals
  const [title = '', meaning = ''] = refusals[code] ?? said.refusals.unexpected
  const text = join(
    meaning,
    wechatWords,
    retryAfterS === undefined ? undefined : said.waitText(retryAfterS),
    FOR_THE_SHOP.includes(code) || refusals[code] === undefined ? said.reportText(code) : undefined,
  )
  if (code === 'order_paid') return { look: 'good', title, text }
  if (NEW_ORDER.includes(code)) {
    return { look: 'bad', title, text, action: 'order', button: said.newOrder }
  }
  if (PAY_AGAIN.includes(code) || refusals[code] === undefined) {
    return { look: 'bad', title, text, action: 'pay', button: said.payAgain }
  }
  return { look: 'bad', title, text }
}

/**
 * @param {import('./payment.js').Answer} answer the last one of `/result`
 * @returns {View}
 */
function viewOfAnswer(answer) {
  const said = words()
  const again = /** @type {const} */ ({ action: 'ask', button: said.askAgain })
  if (answer.kind === 'offline') {
    return { look: 'bad', title: said.offline, text: said.slowText, ...again }
  }
  if (answer.kind === 'refused') {
    return answer.code === 'ticket_invalid'
      ? {
          look: 'bad',
          title: said.ticketOver,
          text: said.ticketOverText,
          action: 'pay',
          button: said.payAgain,
        }
      : { look: 'bad', title: said.slow, text: said.slowText, ...again }
  }
  if (answer.result.state === 'paid') return { look: 'good', title: said.paid, text: said.paidText }
  if (answer.result.state === 'closed') {
    return {
      look: 'bad',
      title: said.closed,
      text: said.closedText,
      action: 'order',
      button: said.newOrder,
    }
  }
  return { look: 'waiting', title: said.slow, text: said.slowText, ...again }
}

/** @param {(string | undefined)[]} sentences */
const join = (...sentences) =>
  sentences.filter((each) => each !== undefined && each !== '').join('\n')

module.exports = { confirming, viewOfOutcome, viewOfAnswer }
