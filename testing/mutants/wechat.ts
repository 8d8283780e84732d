/** Bugs in calls to WeChat: what its answers mean, deadlines, the backup origin, the query schedule. */
import type { Mutant } from './mutant.ts'

const QUERY = ['test/wechat/v2/replies/order-query.test.ts']
const REPLIES = ['test/wechat/v2/refusal.test.ts']
const GATEWAY = ['test/wechat/v2/gateway.test.ts']
const WORDS = ['test/stories/words-of-others.test.ts']
const TRANSPORT = ['test/wechat/transport.test.ts', 'test/wechat/failover.test.ts']

/** The mutants with bugs in calls to WeChat. */
export const WECHAT_MUTANTS: readonly Mutant[] = [
  {
    name: 'An unknown err_code of unifiedorder counts as a refusal',
    file: 'wechat/v2/replies/unified-order.ts',
    find: `return { kind: 'refused_unlisted', errCode, errCodeDes }`,
    replace: `return { kind: 'refused', errCode, errCodeDes }`,
    tests: REPLIES,
  },
  {
    name: 'An unknown err_code of unifiedorder counts as the answer that ends the attempt',
    file: 'service/pay/pay-order.ts',
    find: `    case 'refused_unlisted': {`,
    replace: `    case 'refused_unlisted': {
      await deps.orders.saveRefusal(attempt, deps.now())`,
    tests: WORDS,
  },
  {
    name: 'The log keeps the configured secrets that other systems quote',
    file: 'log.ts',
    find: `rest.replaceAll(each, '[secret]')`,
    replace: `rest`,
    tests: WORDS,
  },
  {
    name: 'The log keeps whole openids',
    file: 'log.ts',
    find: `NUMBERS.has(name) ? text : text.replace(TOKEN, shorten)`,
    replace: `text`,
    tests: WORDS,
  },
  {
    name: 'A prepay_id of another trade_type is handed out',
    file: 'wechat/v2/replies/unified-order.ts',
    find: `fields.get('trade_type') !== 'JSAPI' || `,
    replace: '',
    tests: REPLIES,
  },
  {
    name: 'A query’s answer about another order is believed',
    file: 'wechat/v2/replies/order-query.ts',
    find: `fields.get('out_trade_no') === asked.outTradeNo`,
    replace: `fields.get('out_trade_no') !== 'x'`,
    tests: QUERY,
  },
  {
    name: 'An unknown trade_state counts as unpaid',
    file: 'wechat/v2/replies/order-query.ts',
    find: "return { kind: 'unknown', cause: `trade_state ${tradeState}` }",
    replace: `return { kind: 'unpaid' }`,
    tests: QUERY,
  },
  {
    name: 'An unknown err_code of orderquery counts as "no such order"',
    file: 'wechat/v2/replies/order-query.ts',
    find: "return { kind: 'unknown', cause: `err_code ${errCode}` }",
    replace: `return { kind: 'absent' }`,
    tests: QUERY,
  },
  {
    name: 'An order whose payer is just paying counts as unpaid',
    file: 'wechat/v2/replies/order-query.ts',
    find: `return { kind: 'user_paying' }`,
    replace: `return { kind: 'unpaid' }`,
    tests: QUERY,
  },
  {
    name: 'A payer’s failed try at the cashier closes the attempt',
    file: 'wechat/v2/replies/order-query.ts',
    find: `return { kind: 'unpaid' }`,
    replace: `return { kind: 'closed' }`,
    tests: QUERY,
  },
  {
    name: 'A payment that was already refunded at WeChat is announced to the shop as paid after a query',
    file: 'wechat/v2/replies/order-query.ts',
    find: `refunded: tradeState === 'REFUND'`,
    replace: 'refunded: false',
    tests: QUERY,
  },
  {
    name: 'An unknown err_code of closeorder counts as closed',
    file: 'wechat/v2/replies/close-order.ts',
    find: "return { kind: 'unknown', cause: `err_code ${errCode}` }",
    replace: `return { kind: 'closed' }`,
    tests: REPLIES,
  },
  {
    name: 'An unsigned FAIL counts as "no such order"',
    file: 'wechat/v2/gateway.ts',
    find: 'const known = reply.ok ? reply.value : unknown(reply.error)',
    replace: `const known: OrderQueryReply = reply.ok ? reply.value : { kind: 'absent' }`,
    tests: GATEWAY,
  },
  {
    name: 'A bill that could not be downloaded counts as a day without payments',
    file: 'wechat/v2/gateway.ts',
    find: 'if (!reply.ok) return unknown(reply.error)',
    replace: `if (!reply.ok) return { kind: 'empty' }`,
    tests: ['test/wechat/v2/refund-gateway.test.ts'],
  },
  {
    name: 'An answer with a bad signature counts as a refusal',
    file: 'wechat/v2/refusal.ts',
    find: `return { kind: 'unknown', cause: error.reason }`,
    replace: `return { kind: 'refused', errCode: '', errCodeDes: '' }`,
    tests: REPLIES,
  },
  {
    name: 'WeChat’s answers are verified with MD5 although the merchant uses HMAC-SHA256',
    file: 'wechat/v2/call.ts',
    find: `open(fields, signed.merchant, signed.signType)`,
    replace: `open(fields, signed.merchant, 'MD5')`,
    tests: GATEWAY,
  },
  {
    name: 'A call to WeChat has no deadline',
    file: 'wechat/transport.ts',
    find: `Math.min(way.deadlineMs, timeLeft())`,
    replace: `Math.min(1_000 * way.deadlineMs, timeLeft())`,
    tests: TRANSPORT,
  },
  {
    name: 'A login code is sent to WeChat twice, and the second time it is already used',
    file: 'wechat/transport.ts',
    find: `return send(new Request(url, { redirect: 'manual' }), usual)`,
    replace: `return send(new Request(url), usual).then((reply) => (reply.ok ? reply : send(new Request(url), usual)))`,
    tests: TRANSPORT,
  },
  {
    name: 'An HTTP error page is parsed as WeChat’s answer',
    file: 'wechat/transport.ts',
    find: 'if (response.status !== 200) return unexpected(response)\n  const bytes',
    replace: 'if (response.status >= 600) return unexpected(response)\n  const bytes',
    tests: TRANSPORT,
  },
  {
    name: 'The backup origin is never used',
    file: 'wechat/transport.ts',
    find: `if (first.ok || first.error.reason !== 'no_answer' || other === origin) return first`,
    replace: 'if (first.ok || first !== undefined) return first',
    tests: TRANSPORT,
  },
  {
    name: 'A call that WeChat answered is sent to the backup origin, too',
    file: 'wechat/transport.ts',
    find: `first.error.reason !== 'no_answer' || `,
    replace: '',
    tests: TRANSPORT,
  },
  {
    name: 'paySign leaves out signType, so that every phone refuses to pay',
    file: 'wechat/v2/client-pay.ts',
    find: `    ['signType', signType],\n`,
    replace: '',
    tests: ['test/wechat/v2/client-pay.test.ts'],
  },
  {
    name: 'The query schedule repeats a query immediately',
    file: 'core/order/schedule.ts',
    find: 'QUERY_STEPS_S.find((seconds) => later(from, seconds) > now)',
    replace: 'QUERY_STEPS_S.find((seconds) => later(from, seconds) >= now)',
    tests: ['test/core/order/query-schedule.test.ts'],
  },
  {
    name: 'A closed attempt is never queried again, so that a late payment is not found',
    file: 'core/order/schedule.ts',
    find: 'return step === undefined ? undefined : later(closedAt, step)',
    replace: 'return undefined',
    tests: ['test/core/order/query-schedule.test.ts'],
  },
]
