/** Bugs in the classes of due work, in what a run may use, and in what `/health` sees. */
import type { Mutant } from './mutant.ts'

const TICK = ['test/cron/tick.test.ts']
const HEALTH = ['test/core/health.test.ts']
const EXPIRE = ['test/store/due/expire-untouched.test.ts']

/** The mutants with bugs in the queue of due work. */
export const QUEUE_MUTANTS: readonly Mutant[] = [
  {
    name: 'One class of work may use up the whole run',
    file: 'cron/tick.ts',
    find: 'open.length === 1 ? budget : budget.part(SLICE_SHARE, SLICE_MIN)',
    replace: 'budget',
    tests: TICK,
  },
  {
    name: 'The same class comes first in every run, and leaves nothing of a small budget',
    file: 'cron/turns.ts',
    find: 'queue.class === first ? -2 : queue.class === second ? -1 : ORDER.indexOf(queue.class)',
    replace: 'first === second ? 0 : ORDER.indexOf(queue.class)',
    tests: TICK,
  },
  {
    name: 'Where nothing is due of the class that comes first, payments always come before money',
    file: 'cron/turns.ts',
    find: "['payments', 'money']\n",
    replace: "['payments', 'payments']\n",
    tests: ['test/stories/refund/cron.test.ts'],
  },
  {
    name: 'On the free plan every class keeps a reserve that it never needs',
    file: 'cron/tick.ts',
    find: 'exact: budgetWithin(limit)',
    replace: 'exact: budgetWithin(withoutRare(limit))',
    tests: ['test/stories/refund/refunding.test.ts'],
  },
  {
    name: 'On the free plan no reserve is kept for late and second payments',
    file: 'service/costs.ts',
    find: 'statements - RARE_RESERVE',
    replace: 'statements',
    tests: ['test/stories/costs.test.ts'],
  },
  {
    name: 'The least urgent class comes first',
    file: 'cron/turns.ts',
    find: 'rank(a) - rank(b)',
    replace: 'rank(b) - rank(a)',
    tests: TICK,
  },
  {
    name: 'A run leases more than it can work off',
    file: 'cron/due-orders.ts',
    find: 'Math.min(ATTEMPTS, roomFor(budget, QUERY))',
    replace: 'ATTEMPTS',
    tests: TICK,
  },
  {
    name: 'A backlog of closed orders stands before webhooks about money',
    file: 'store/deliveries.ts',
    find: 'WHERE ${IS_NEWS} = ?5 AND is_queued = 1 AND due_at <= ?2',
    replace: 'WHERE ?5 = ?5 AND is_queued = 1 AND due_at <= ?2',
    tests: ['test/store/deliveries.test.ts'],
  },
  {
    name: 'What a run of the cron writes is told a minute later',
    file: 'store/d1/outbox.ts',
    find: '({ hasTarget, firstTryS: 0 })',
    replace: '({ hasTarget, firstTryS: MINUTE_S })',
    tests: ['test/stories/refund/cron.test.ts'],
  },
  {
    name: 'A set closes orders with an attempt, which may be paid',
    file: 'store/due/expire-untouched.ts',
    find: `state = 'created' AND expires_at <= ?
      AND NOT EXISTS (SELECT 1 FROM attempts WHERE attempts.ordercode = due.ordercode)`,
    replace: `expires_at <= ?`,
    tests: EXPIRE,
  },
  {
    name: 'A set closes orders that have not expired',
    file: 'store/due/expire-untouched.ts',
    find: 'AND expires_at <= ?',
    replace: 'AND ? > 0',
    tests: EXPIRE,
  },
  {
    name: 'After a restore, an order expires before WeChat has answered about its attempts',
    file: 'store/due/due-orders.ts',
    find: 'AND NOT ${MAY_BE_PAID}',
    replace: '',
    tests: ['test/stories/recovery.test.ts'],
  },
  {
    name: 'Orders that expire as a set get no event',
    file: 'store/due/expire-untouched.ts',
    find: 'history = ${event.history.sql}',
    replace: 'history = iif(true, history, ${event.history.sql})',
    tests: EXPIRE,
  },
  {
    name: 'A shop that is away is tried for the whole run',
    file: 'cron/queue.ts',
    find: 'answered === 0 && unanswered >= UNANSWERED_MIN',
    replace: 'answered < 0 && unanswered >= UNANSWERED_MIN',
    tests: TICK,
  },
  {
    name: 'A plan that allows less is never noticed, and every run dies',
    file: 'store/runs.ts',
    find: 'count(*) = 2 AND count(finished_at) = 0',
    replace: 'count(*) = 3 AND count(finished_at) = 0',
    tests: TICK,
  },
  {
    name: 'The reduced budget is never left',
    file: 'store/runs.ts',
    find: 'WHERE reduced_until > ?1)',
    replace: 'WHERE reduced_until > 0 AND ?1 > 0)',
    tests: TICK,
  },
  {
    name: 'A refusal by the platform is forgotten by the next run',
    file: 'cron/tick.ts',
    find: 'started.crashed || deps.isRefused() ? reducedUntil(startedAt) : undefined',
    replace: 'started.crashed ? reducedUntil(startedAt) : undefined',
    tests: TICK,
  },
  {
    name: 'An exception in one kind of work aborts the run',
    file: 'cron/tick.ts',
    find: 'const done = await catchAndLog(deps, work)',
    replace: "const done = await work() as Slice | 'failed'",
    tests: ['test/stories/order/queries.test.ts'],
  },
  {
    name: '/health says ok while WeChat refuses the key',
    file: 'core/health.ts',
    find: "facts.key === 'refused'",
    replace: 'facts.key === undefined && facts.bytes < 0',
    tests: HEALTH,
  },
  {
    name: '/health says ok while payments wait',
    file: 'core/health.ts',
    find: 'now > later(since, WAIT_MAX_S[name])',
    replace: 'now < since',
    tests: HEALTH,
  },
  {
    name: '/health asks the database at every request',
    file: 'lib/recent.ts',
    find: 'now < this.#at + this.#keepS',
    replace: 'now < this.#at',
    tests: ['test/lib/recent.test.ts'],
  },
]
