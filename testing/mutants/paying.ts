/** Bugs in paying: login, attempts at WeChat, closing them, tickets and /result. */
import type { Mutant } from './mutant.ts'

const ATTEMPT = ['test/core/order/attempt.test.ts']
const DECISION = ['test/core/order/pay-decision.test.ts']
const PAYING = ['test/stories/pay/paying.test.ts']
const CLOSING = ['test/stories/order/closing.test.ts']
const SIMULATION = ['test/simulation.test.ts']

/** The mutants with bugs in paying. */
export const PAYING_MUTANTS: readonly Mutant[] = [
  {
    name: 'A caller without a valid login can find out which orders exist',
    file: 'service/pay/pay-order.ts',
    find: '  // Nothing about the order is revealed before',
    replace: `  if (view === undefined) return err({ reason: 'order_not_found' })\n  // Nothing about the order is revealed`,
    tests: PAYING,
  },
  {
    name: 'An order that is bound to one payer can be paid by another',
    file: 'core/order/pay-decision.ts',
    find: 'order.terms.openid !== undefined && order.terms.openid !== payer.openid',
    replace: 'false',
    tests: DECISION,
  },
  {
    name: 'A payer gets the prepay_id of another payer',
    file: 'core/order/pay-decision.ts',
    find: 'frozen.openid === payer.openid &&',
    replace: '',
    tests: DECISION,
  },
  {
    name: 'An attempt with the old price stays in use after the price has changed',
    file: 'core/order/pay-decision.ts',
    find: 'frozen.totalFee === terms.totalFee &&',
    replace: '',
    tests: DECISION,
  },
  {
    name: 'An expired order can be paid',
    file: 'core/order/pay-decision.ts',
    find: 'now >= order.expiresAt',
    replace: 'false',
    tests: DECISION,
  },
  {
    name: 'In the last minutes of an order WeChat refuses attempts because their time_expire is too near',
    file: 'core/order/pay-decision.ts',
    find: '5 * MINUTE_S + 20',
    replace: '4 * MINUTE_S',
    tests: DECISION,
  },
  {
    name: 'An order never expires as long as payers keep opening it',
    file: 'core/order/pay-decision.ts',
    find: '(timeExpire > order.expiresAt && order.extended)',
    replace: 'false',
    tests: DECISION,
  },
  {
    name: 'An attempt that is being closed is handed out to the payer',
    file: 'core/order/pay-decision.ts',
    find: `attempt.state !== 'open' || `,
    replace: '',
    tests: DECISION,
  },
  {
    name: 'No unifiedorder ever counts as in flight',
    file: 'core/order/attempt.ts',
    find: 'IN_FLIGHT_S = MINUTE_S',
    replace: 'IN_FLIGHT_S = 0 * MINUTE_S',
    tests: ATTEMPT,
  },
  {
    name: 'A prepay_id is handed out that expires while the payer enters the password',
    file: 'core/order/attempt.ts',
    find: 'PREPAY_USABLE_S = 5 * MINUTE_S',
    replace: 'PREPAY_USABLE_S = 0 * MINUTE_S',
    tests: ATTEMPT,
  },
  {
    name: 'An expired prepay_id is handed out',
    file: 'core/order/attempt.ts',
    find: 'twoHours < attempt.terms.timeExpire ? twoHours : attempt.terms.timeExpire',
    replace: 'attempt.terms.timeExpire',
    tests: ATTEMPT,
  },
  {
    name: 'Any login code is treated as a repetition of the last one',
    file: 'core/order/attempt.ts',
    find: 'attempt.codeHash === codeHash &&',
    replace: '',
    tests: ATTEMPT,
  },
  {
    name: 'A repeated login code is accepted for a week',
    file: 'core/order/attempt.ts',
    find: 'CODE_LIFE_S = 5 * MINUTE_S',
    replace: 'CODE_LIFE_S = 10_000 * MINUTE_S',
    tests: ATTEMPT,
  },
  {
    name: 'A repeated login code without a time is accepted forever',
    file: 'core/order/attempt.ts',
    find: '  now < later(attempt.codeAt, CODE_LIFE_S)',
    replace: '  true',
    tests: ATTEMPT,
  },
  {
    name: 'A payer takes over an order while another payer’s unifiedorder is in flight',
    file: 'service/order/close-attempt.ts',
    find: `if (isInFlight(attempt, deps.now())) return { kind: 'busy' }`,
    replace: '',
    tests: ['test/routes/payer/pay-race.test.ts'],
  },
  {
    name: 'After a crash during closing the payer can never pay the order',
    file: 'service/order/close-attempt.ts',
    find: `await applyEvent(deps, view, { type: 'attempt_closing', outTradeNo })`,
    replace: '{ ok: true as const, value: view }',
    tests: CLOSING,
  },
  {
    name: 'A successful closeorder is believed without a confirming query',
    file: 'service/order/close-attempt.ts',
    find: 'const after = await queryAttempt(deps, closing.value, attempt)',
    replace: `const after = reply.kind === 'closed' ? ({ kind: 'absent' } as const) : await queryAttempt(deps, closing.value, attempt)`,
    tests: CLOSING,
  },
  {
    name: 'An attempt is closed while the payer enters the password',
    file: 'service/order/close-attempt.ts',
    find: `before.kind !== 'unpaid'`,
    replace: `before.kind !== 'unpaid' && before.kind !== 'user_paying'`,
    tests: CLOSING,
  },
  {
    name: 'A prepay_id is handed out although it could not be stored',
    file: 'service/pay/pay-order.ts',
    find: 'if (await deps.orders.savePrepay(attempt, reply.prepayId, deps.now())) {',
    replace: 'if ((await deps.orders.savePrepay(attempt, reply.prepayId, deps.now())) || true) {',
    tests: ['test/routes/payer/pay-race.test.ts'],
  },
  {
    name: 'A prepay_id is handed out before it is stored',
    file: 'service/pay/pay-order.ts',
    find: 'if (await deps.orders.savePrepay(attempt, reply.prepayId, deps.now())) {',
    replace:
      'void deps.orders.savePrepay(attempt, reply.prepayId, deps.now()).catch(() => {})\n      if (reply.prepayId) {',
    tests: [...PAYING, ...SIMULATION],
  },
  {
    name: 'An attempt that lost a race stays open at WeChat',
    file: 'service/pay/pay-order.ts',
    find: '      await deps.wechat.closeOrder(attempt.outTradeNo)\n',
    replace: '',
    tests: ['test/routes/payer/pay-race.test.ts'],
  },
  {
    name: 'A prepay_id is stored for an attempt that is being closed',
    file: 'store/order/attempts.ts',
    find: `prepay_expires_at = ?5\n     WHERE ordercode = ?1 AND number = ?2 AND state = 'open'`,
    replace: `prepay_expires_at = ?5\n     WHERE ordercode = ?1 AND number = ?2`,
    tests: ['test/store/order/attempts.test.ts', ...SIMULATION],
  },
  {
    name: 'A prepay_id is stored for an order that is already paid',
    file: 'store/order/attempts.ts',
    find: `AND state = 'paying')\`,\n    ordercode,\n    number,\n    now,\n    prepay.id`,
    replace: `)\`,\n    ordercode,\n    number,\n    now,\n    prepay.id`,
    tests: ['test/store/order/attempts.test.ts', ...SIMULATION],
  },
  {
    name: 'A refusal of an older call ends a newer call that is still in flight',
    file: 'store/order/attempts.ts',
    find: 'AND sent_at = ?4 AND answered_at IS NULL',
    replace: 'AND ?4 > 0 AND answered_at IS NULL',
    tests: ['test/store/order/attempts.test.ts', ...SIMULATION],
  },
  {
    name: 'A ticket with any signature is accepted',
    file: 'service/pay/ticket.ts',
    find: 'equalInConstantTime(claimed, expected) && ',
    replace: 'expected.length > 0 && ',
    tests: ['test/fuzz.test.ts', 'test/stories/pay/result.test.ts'],
  },
  {
    name: 'A ticket never expires',
    file: 'service/pay/ticket.ts',
    find: '&& now < Number(expiry)',
    replace: '&& expiry.length > 0',
    tests: ['test/stories/pay/result.test.ts'],
  },
  {
    name: 'Every poll of /result queries WeChat',
    file: 'store/order/attempts.ts',
    find: '(asked_at IS NULL OR asked_at <= ?4)',
    replace: '(?4 > 0)',
    tests: ['test/stories/pay/result.test.ts'],
  },
  {
    name: '/result never queries WeChat, so that a payer whose notice was lost keeps waiting',
    file: 'service/pay/pay-result.ts',
    find: 'if (!(await deps.orders.claimQuerySlot(',
    replace: 'if ((await deps.orders.claimQuerySlot(',
    tests: ['test/stories/pay/result.test.ts'],
  },
]
