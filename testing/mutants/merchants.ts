/** Bugs with orders and refunds of a former appid, or of another merchant number. */
import type { Mutant } from './mutant.ts'

const GATEWAY = ['test/wechat/v2/gateway.test.ts', 'test/wechat/v2/refund-gateway.test.ts']
const OTHER_NUMBER = ['test/stories/merchant/mch-id.test.ts']

/** The mutants with bugs that show only after `WX_APPID` or `WX_MCH_ID` was changed. */
export const MERCHANT_MUTANTS: readonly Mutant[] = [
  {
    name: 'A reply about another mini program is believed',
    file: 'wechat/v2/wire/envelope.ts',
    find: `opened.value.get('appid') !== merchant.appid`,
    replace: 'false',
    tests: ['test/wechat/v2/wire/envelope.test.ts'],
  },
  {
    name: 'WeChat is asked under the present appid about an order of a former one',
    file: 'wechat/v2/call.ts',
    find: 'merchant: { appid, mchId, apiKey: merchant.apiKey }',
    replace: 'merchant: { ...merchant, mchId }',
    tests: GATEWAY,
  },
  {
    name: 'WeChat is asked about an order of another merchant number, and says that there is none',
    file: 'wechat/v2/call.ts',
    find: 'if (!isOurs(signed.merchant, merchant))',
    replace: 'if (signed.nonceStr === "")',
    tests: GATEWAY,
  },
  {
    name: 'The fast path records a payment of another mini program',
    file: 'store/order/record-payment.ts',
    find: 'attempts.appid = ? AND attempts.mch_id = ?',
    replace: '? IS NOT NULL AND attempts.mch_id = ?',
    tests: ['test/store/order/two-deciders.test.ts'],
  },
  {
    name: 'A refund of a payment at another merchant number is reserved and never sent',
    file: 'service/refund/request-refund.ts',
    find: 'if (!isOurs(refund, deps.config))',
    replace: 'if (refund.refundFee === 0)',
    tests: OTHER_NUMBER,
  },
  {
    name: 'A refund that another merchant number may have accepted is called off',
    file: 'service/refund/cancel-refund.ts',
    find: 'const mayAsk = isOurs(refund, deps.config)',
    replace: 'const mayAsk = refund.mchId !== ""',
    tests: OTHER_NUMBER,
  },
  {
    name: 'An order that may be paid at another merchant number is closed as soon as it expires',
    file: 'service/order/close-attempt.ts',
    find: 'isGivenUp && deps.now() >= attempt.terms.timeExpire',
    replace: 'deps.now() >= attempt.terms.timeExpire',
    tests: OTHER_NUMBER,
  },
  {
    name: 'An attempt of a number that was given up stays open for good when another attempt paid its order',
    file: 'service/other-merchants.ts',
    find: 'attempt.number === number && isLive(attempt)',
    replace: 'attempt.number === number && !isLive(attempt)',
    tests: OTHER_NUMBER,
  },
  {
    name: 'Work of another merchant number comes back in every run of the cron',
    file: 'service/other-merchants.ts',
    find: 'deps.orders.setAside(mchId, later(now, ASIDE_S), now)',
    replace: 'deps.orders.setAside(mchId, now, now)',
    tests: OTHER_NUMBER,
  },
  {
    name: 'A claimed refund that is set aside cannot be sent when the merchant number is set back',
    file: 'store/order/other-merchants.ts',
    find: ', sending_until = nullif(sending_until, due_at)',
    replace: '',
    tests: OTHER_NUMBER,
  },
  {
    name: 'A bill reports the payments of the former merchant number as missing',
    file: 'store/bill/compare-books.ts',
    find: `  AND \${isPaidAt('?5')}\``,
    replace: '  AND ?5 IS NOT NULL`',
    tests: ['test/stories/merchant/bill.test.ts'],
  },
  {
    name: 'The payments of another merchant number count in the sums of a day',
    file: 'store/bill/books.ts',
    find: `'paid_at', isPaidAt('?4'))`,
    replace: `'paid_at', '?4 IS NOT NULL')`,
    tests: ['test/stories/merchant/bill.test.ts'],
  },
  {
    name: 'The review about another merchant number stays when the number is set back',
    file: 'store/order/other-merchants.ts',
    find: `kind = 'other_merchant' AND subject = ?`,
    replace: `kind = 'other_merchant' AND subject = ? AND false`,
    tests: OTHER_NUMBER,
  },
]
