/** Webhooks and their tries, runs of the cron, a recovery, the health of the installation. */
import * as v from 'valibot'
import { Count, Int, TextOrNull, Time, TimeOrNull, told } from './fields.ts'

export const Delivery = v.object({
  id: told(v.string(), 'the webhook-id'),
  type: v.picklist([
    'order.paid',
    'order.closed',
    'payment.returned',
    'refund.succeeded',
    'refund.failed',
    'review.opened',
    'bill.reconciled',
  ]),
  ordercode: TextOrNull,
  state: told(
    v.picklist(['pending', 'delivered', 'given_up', 'no_target']),
    'no_target: there was no WEBHOOK_URL',
  ),
  tries: Count,
  created_at: Time,
  due_at: TimeOrNull,
  tried_at: TimeOrNull,
  last_status: v.nullable(Int),
  last_error: told(TextOrNull, 'status, timeout or no_answer'),
  delivered_at: TimeOrNull,
  history: told(
    v.array(
      v.object({
        at: Time,
        ms: v.nullable(v.number()),
        status: v.nullable(Int),
        error: TextOrNull,
        answer: TextOrNull,
      }),
    ),
    'the last tries',
  ),
})

const Age = v.nullable(Int)
const Ages = v.object({ payments: Age, money: Age, closing: Age, news: Age, bills: Age })

export const Run = told(
  v.looseObject({
    id: Count,
    started_at: Time,
    finished_at: told(TimeOrNull, 'null while it runs, and for a run that crashed'),
    seconds: v.nullable(Int),
  }),
  'A finished run has its figures, too',
)

export const Recovery = v.object({
  since: Time,
  requested_at: Time,
  finished_at: told(TimeOrNull, 'null while there is work left'),
})

export const Health = v.object({
  status: v.picklist(['ok', 'degraded', 'down']),
  version: v.string(),
  last_cron_at: TimeOrNull,
  components: told(
    v.array(
      v.object({
        name: v.string(),
        status: v.picklist(['degraded', 'down']),
        reason: v.string(),
        variables: v.exactOptional(v.array(v.string())),
      }),
    ),
    'what is not in order',
  ),
  oldest_due: v.exactOptional(told(Ages, 'with a token: seconds by class of work')),
  database: v.exactOptional(told(v.object({ bytes: Count, bytes_max: Count }), 'with a token')),
  reduced_until: v.exactOptional(told(TimeOrNull, 'with a token')),
})

export const Doctor = v.object({
  verdict: v.picklist(['ready', 'warnings', 'not_ready']),
  summary: v.string(),
  version: v.string(),
  checked_at: Time,
  thorough: v.boolean(),
  checks: v.array(
    v.object({
      id: v.string(),
      status: told(
        v.picklist(['ok', 'warn', 'fail', 'skip']),
        'skip: it could not be looked at, and says nothing',
      ),
      reason: v.string(),
      seen: TextOrNull,
      name: v.string(),
      message: v.string(),
      remedy: TextOrNull,
    }),
  ),
})
