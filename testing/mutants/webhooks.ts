/** Bugs in the cron, in webhooks, in access to the merchant API, in lists and in configuration. */
import type { Mutant } from './mutant.ts'

const STORE = ['test/store/order/orders.test.ts']
const DELIVERING = ['test/stories/webhook/delivering.test.ts']
const FINDING = ['test/stories/order/finding.test.ts']
const LISTING = ['test/stories/listing.test.ts']
const HTTP = ['test/stories/http.test.ts']
const DUE = ['test/store/order/due.test.ts']

/** See the head of this file. */
export const WEBHOOK_MUTANTS: readonly Mutant[] = [
  {
    name: 'Two overlapping runs of the cron work on the same orders',
    file: 'store/order/due-orders.ts',
    find: 'const leaseUntil = later(now, LEASE_S)',
    replace: 'const leaseUntil = later(now, 0 * LEASE_S)',
    tests: STORE,
  },
  {
    name: 'A slow run of the cron reschedules an order that was rescheduled meanwhile',
    file: 'store/order/due-orders.ts',
    find: `json_extract(value, '$.ordercode') AND due_at = ?2`,
    replace: `json_extract(value, '$.ordercode') AND ?2 > 0`,
    tests: [...DUE, ...STORE],
  },
  {
    name: 'A slow run of the cron reschedules an attempt that was rescheduled meanwhile',
    file: 'store/order/due-orders.ts',
    find: `json_extract(value, '$.number') AND due_at = ?2`,
    replace: `json_extract(value, '$.number') AND ?2 > 0`,
    tests: [...DUE, ...STORE],
  },
  {
    name: 'The cron makes more calls than the free plan allows, and the platform aborts it',
    file: 'cron/due-orders.ts',
    find: 'budget.allows(COSTS.order, running + 1, RESCHEDULE)',
    replace: 'deps.used().calls + running <= 10 * calls',
    tests: ['test/cron/due-webhooks.test.ts'],
  },
  {
    name: 'Work that did not fit into a run waits for the end of its lease',
    file: 'cron/due-orders.ts',
    find: 'next.push(...left)',
    replace: '',
    tests: [...DUE, ...FINDING],
  },
  {
    name: 'One failing item aborts the whole run of the cron',
    file: 'cron/work-pool.ts',
    find: `return 'failed'`,
    replace: 'throw error',
    tests: ['test/cron/work-pool.test.ts'],
  },
  {
    name: 'Two overlapping runs of the cron send the same webhook',
    file: 'store/deliveries.ts',
    find: 'later(now, LEASE_S)',
    replace: 'now',
    tests: [...DUE, ...DELIVERING],
  },
  {
    name: 'A slow failed try makes a delivered webhook pending again',
    file: 'store/deliveries.ts',
    find: `AND tries = ?2 AND state <> 'delivered'`,
    replace: 'AND ?2 >= 0',
    tests: [...DUE, ...DELIVERING],
  },
  {
    name: 'Each try of a webhook has its own id, so that the shop ships twice',
    file: 'webhooks/sender.ts',
    find: `'webhook-id': id,`,
    replace: `'webhook-id': \`\${id}.\${at}\`,`,
    tests: DELIVERING,
  },
  {
    name: 'Webhooks about two facts have the same id',
    file: 'core/webhook.ts',
    find: '`${type}.${subject}`',
    replace: '`${type}`',
    tests: ['test/core/order/reviews.test.ts', ...DELIVERING],
  },
  {
    name: 'An error answer of the shop counts as delivered',
    file: 'webhooks/sender.ts',
    find: 'status >= 200 && status < 300',
    replace: 'status >= 200 && status < 600',
    tests: DELIVERING,
  },
  {
    name: 'Webhooks follow redirects to any address',
    file: 'webhooks/sender.ts',
    find: `redirect: 'manual'`,
    replace: `redirect: 'follow'`,
    tests: ['test/cron/due-webhooks.test.ts'],
  },
  {
    name: 'A shop that never answers blocks the cron',
    file: 'webhooks/sender.ts',
    find: 'withDeadline(timers, DEADLINE_MS, async',
    replace: 'withDeadline(timers, 100_000 * DEADLINE_MS, async',
    tests: DELIVERING,
  },
  {
    name: 'The retry schedule of webhooks is off by one',
    file: 'core/webhook.ts',
    find: 'PAUSES_S[step - 1]',
    replace: 'PAUSES_S[step]',
    tests: ['test/core/webhook.test.ts'],
  },
  {
    name: 'Repeated tries of a webhook have different bodies under the same id',
    file: 'service/webhook/deliver-webhook.ts',
    find: 'delivery.body ?? (await renderBody(deps, delivery))',
    replace: 'await renderBody(deps, delivery)',
    tests: ['test/cron/due-webhooks.test.ts'],
  },
  {
    name: 'A late order.closed webhook contains the state paid',
    file: 'service/webhook/deliver-webhook.ts',
    find: `delivery.type === 'order.closed' ? asOfClosing(view) : view`,
    replace: 'view',
    tests: ['test/cron/due-webhooks.test.ts'],
  },
  {
    name: 'A webhook that was given up gets no review',
    file: 'service/webhook/deliver-webhook.ts',
    find: `if (state === 'given_up') {`,
    replace: `if (state === 'delivered' && tried.error !== undefined) {`,
    tests: DELIVERING,
  },
  {
    name: 'A webhook that was given up is announced by another webhook, which fails, too',
    file: 'service/open-review.ts',
    find: `kind === 'webhook_given_up'`,
    replace: `kind === undefined`,
    tests: DELIVERING,
  },
  {
    name: 'The beginning of the merchant token is accepted as the token',
    file: 'routes/http/auth.ts',
    find: 'if (token === undefined) return false',
    replace: `if (token === undefined) return false
  if (deps.merchantTokens.some((each) => each.reveal().startsWith(token))) return true`,
    tests: ['test/fuzz.test.ts', ...HTTP],
  },
  {
    name: 'Orders can be closed without the merchant token',
    file: 'routes/router.ts',
    find: 'add(SHOP_ROUTES, withToken)',
    replace: `add(SHOP_ROUTES, (handler) => (handler.name === 'postOrderClose' ? handler : withToken(handler)))`,
    tests: ['test/fuzz.test.ts', ...HTTP],
  },
  {
    name: 'The text of an exception is sent to the caller',
    file: 'routes/router.ts',
    find: `return problem('internal')`,
    replace: `return problem('internal', { detail: String(error) })`,
    tests: HTTP,
  },
  {
    name: 'A request body of a gigabyte is read',
    file: 'routes/http/input.ts',
    find: 'BODY_BYTES_MAX = 64 * 1024',
    replace: 'BODY_BYTES_MAX = 64 * 1024 ** 3',
    tests: HTTP,
  },
  {
    name: '/health reports ok although the cron has stopped',
    file: 'routes/operator/health.ts',
    find: 'deps.now() <= later(lastCronAt, CRON_SILENCE_MAX_S)',
    replace: 'deps.now() >= lastCronAt',
    tests: ['test/routes/health.test.ts', ...LISTING],
  },
  {
    name: '/health reports ok although the cron crashes every minute',
    file: 'store/runs.ts',
    find: 'WHERE finished_at IS NOT NULL ',
    replace: '',
    tests: ['test/routes/health.test.ts', ...LISTING],
  },
  {
    name: 'The last order of a page is repeated on the next page',
    file: 'store/order/order-list.ts',
    find: '(created_at, ordercode) < (?2, ?3)',
    replace: '(created_at, ordercode) <= (?2, ?3)',
    tests: LISTING,
  },
  {
    name: 'The last page of a list has a next_cursor',
    file: 'routes/http/pagination.ts',
    find: 'rows.length > page.limit',
    replace: 'rows.length >= page.limit',
    tests: ['test/routes/http/pagination.test.ts'],
  },
  {
    name: 'A key appears in the JSON of every object that contains it',
    file: 'lib/secret.ts',
    find: `toJSON(): string {\n    return '[secret]'`,
    replace: 'toJSON(): string {\n    return this.#value',
    tests: ['test/lib/secret.test.ts'],
  },
  {
    name: 'An API key of the wrong length is accepted',
    file: 'config.ts',
    find: 'WX_API_KEY: secret(/^[\\x21-\\x7e]{32}$/)',
    replace: 'WX_API_KEY: secret(/^[\\x21-\\x7e]+$/)',
    tests: ['test/config.test.ts'],
  },
  {
    name: 'Webhooks are sent over unencrypted http',
    file: 'config.ts',
    find: `if (WEBHOOK_URL !== undefined && !isHttps(WEBHOOK_URL)) wrong.push('WEBHOOK_URL')`,
    replace: '',
    tests: ['test/config.test.ts'],
  },
]
