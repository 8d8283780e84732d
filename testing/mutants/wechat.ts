/** What is made of WeChat's answers, and of their absence. */
import type { Mutant } from './mutant.ts'

const QUERY = ['test/wechat/v2/replies/order-query.test.ts']
const REPLIES = ['test/wechat/v2/refusal.test.ts']
const GATEWAY = ['test/wechat/v2/gateway.test.ts']
const TRANSPORT = ['test/wechat/transport.test.ts', 'test/wechat/failover.test.ts']

export const WECHAT_MUTANTS: readonly Mutant[] = [
  {
    name: 'a word of unifiedorder that we do not know is a no',
    file: 'wechat/v2/replies/unified-order.ts',
    find: "return { kind: 'unknown', cause: `err_code ${errCode}` }",
    replace: `return { kind: 'refused', errCode, errCodeDes }`,
    tests: REPLIES,
  },
  {
    name: 'a prepay_id of another kind of payment is signed',
    file: 'wechat/v2/replies/unified-order.ts',
    find: `fields.get('trade_type') !== 'JSAPI' || `,
    replace: '',
    tests: REPLIES,
  },
  {
    name: 'an answer about another order is believed',
    file: 'wechat/v2/replies/order-query.ts',
    find: `if (fields.get('out_trade_no') !== asked)`,
    replace: `if (fields.get('out_trade_no') === 'x')`,
    tests: QUERY,
  },
  {
    name: 'a state that we do not know is unpaid',
    file: 'wechat/v2/replies/order-query.ts',
    find: "return { kind: 'unknown', cause: `trade_state ${tradeState}` }",
    replace: `return { kind: 'unpaid' }`,
    tests: QUERY,
  },
  {
    name: 'a word of orderquery that we do not know means that there is no order',
    file: 'wechat/v2/replies/order-query.ts',
    find: "return { kind: 'unknown', cause: `err_code ${errCode}` }",
    replace: `return { kind: 'absent' }`,
    tests: QUERY,
  },
  {
    name: 'a payer in the middle of it is taken for an unpaid order',
    file: 'wechat/v2/replies/order-query.ts',
    find: `return { kind: 'user_paying' }`,
    replace: `return { kind: 'unpaid' }`,
    tests: QUERY,
  },
  {
    name: 'a failed try of the payer closes the attempt',
    file: 'wechat/v2/replies/order-query.ts',
    find: `return { kind: 'unpaid' }`,
    replace: `return { kind: 'closed' }`,
    tests: QUERY,
  },
  {
    name: 'goods are shipped for money that went back',
    file: 'wechat/v2/replies/order-query.ts',
    find: `refunded: tradeState === 'REFUND'`,
    replace: 'refunded: false',
    tests: QUERY,
  },
  {
    name: 'a word of closeorder that we do not know means closed',
    file: 'wechat/v2/replies/close-order.ts',
    find: "return { kind: 'unknown', cause: `err_code ${errCode}` }",
    replace: `return { kind: 'closed' }`,
    tests: REPLIES,
  },
  {
    name: 'an unsigned FAIL means that there is no order',
    file: 'wechat/v2/gateway.ts',
    find: 'if (!reply.ok) return unknown(reply.error)',
    replace: `if (!reply.ok) return { kind: 'absent' }`,
    tests: GATEWAY,
  },
  {
    name: 'an answer with a bad signature is a refusal',
    file: 'wechat/v2/refusal.ts',
    find: `return { kind: 'unknown', cause: error.reason }`,
    replace: `return { kind: 'refused', errCode: '', errCodeDes: '' }`,
    tests: REPLIES,
  },
  {
    name: 'an answer may be signed with the other algorithm',
    file: 'wechat/v2/gateway.ts',
    find: `openEnvelope(parseXmlBytes(reply.value), merchant, type)`,
    replace: `openEnvelope(parseXmlBytes(reply.value), merchant, 'MD5')`,
    tests: GATEWAY,
  },
  {
    name: 'WeChat may let us wait for ever',
    file: 'wechat/transport.ts',
    find: 'withDeadline(timers, way.deadlineMs, async',
    replace: 'withDeadline(timers, 1_000 * way.deadlineMs, async',
    tests: TRANSPORT,
  },
  {
    name: 'a login code is sent twice, and the second time it is used',
    file: 'wechat/transport.ts',
    find: `return send(new Request(url, { redirect: 'manual' }), usual)`,
    replace: `return send(new Request(url), usual).then((reply) => (reply.ok ? reply : send(new Request(url), usual)))`,
    tests: TRANSPORT,
  },
  {
    name: 'an error page is read as an answer',
    file: 'wechat/transport.ts',
    find: 'if (response.status !== 200) return unexpected(response)\n  const bytes',
    replace: 'if (response.status >= 600) return unexpected(response)\n  const bytes',
    tests: TRANSPORT,
  },
  {
    name: 'nobody asks the backup',
    file: 'wechat/transport.ts',
    find: `if (first.ok || first.error.reason !== 'no_answer' || other === origin) return first`,
    replace: 'if (first.ok || first !== undefined) return first',
    tests: TRANSPORT,
  },
  {
    name: 'a message that was answered goes to the backup, too',
    file: 'wechat/transport.ts',
    find: `first.error.reason !== 'no_answer' || `,
    replace: '',
    tests: TRANSPORT,
  },
  {
    name: 'the signature for the client leaves out the sign type',
    file: 'wechat/v2/client-pay.ts',
    find: `    ['signType', signType],\n`,
    replace: '',
    tests: ['test/wechat/v2/client-pay.test.ts'],
  },
  {
    name: 'the query ladder asks again at once',
    file: 'core/order/schedule.ts',
    find: 'QUERY_STEPS_S.find((seconds) => later(from, seconds) > now)',
    replace: 'QUERY_STEPS_S.find((seconds) => later(from, seconds) >= now)',
    tests: ['test/core/order/query-schedule.test.ts'],
  },
  {
    name: 'nobody looks at a closed number again',
    file: 'core/order/schedule.ts',
    find: 'return step === undefined ? undefined : later(closedAt, step)',
    replace: 'return undefined',
    tests: ['test/core/order/query-schedule.test.ts'],
  },
]
