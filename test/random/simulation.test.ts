/** Under random faults of the network, the database and the clock, our records agree with WeChat in the end. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { installInstant } from '../../testing/simulation/d1/instant.ts'
import { type Outcome, runSeed } from '../../testing/simulation/run/run-seed.ts'

/** The first seeds are part of `npm test`. */
const FROM = 11
const TO = 190
const SEEDS_AT_ONCE = 30
const TIMEOUT_MS = 240_000

let restore = (): void => {}
beforeAll(() => {
  restore = installInstant()
})
afterAll(() => restore())

const failureMessage = ({ seed, violations }: Outcome): string =>
  `seed ${seed}: ${violations.join(' · ')}\nAgain: npm run simulate -- --seed ${seed} --shrink`

/** Faults and situations that occurred in any seed. */
const seen = new Set<string>()

describe('every payment and refund is found, recorded once and sent to the shop, and nothing else is,', () => {
  for (let from = FROM; from <= TO; from += SEEDS_AT_ONCE) {
    it(
      `in seeds ${from} to ${from + SEEDS_AT_ONCE - 1}`,
      async () => {
        for (let seed = from; seed < from + SEEDS_AT_ONCE; seed++) {
          const outcome = await runSeed({ seed })
          for (const kind of outcome.counts.keys()) seen.add(kind)
          expect(outcome.violations, failureMessage(outcome)).toEqual([])
        }
      },
      TIMEOUT_MS,
    )
  }

  it('in seeds that together reach every fault and situation', () => {
    expect(INTERESTING.filter((kind) => !seen.has(kind))).toEqual([])
  })
})

/** The faults and situations that the seeds must reach. Seeds that miss one prove nothing about it. */
const INTERESTING = [
  'd1_error_before',
  'd1_error_after',
  'd1_stall_before',
  'd1_stall_after',
  'd1_late',
  'crash_before',
  'crash_after',
  'client_request_lost',
  'client_reply_lost',
  'client_gone',
  'request_lost',
  'reply_lost',
  'stall_before',
  'stall_after',
  'http_502_after',
  'wechat_late',
  'wechat_unreachable',
  'wrong_sign',
  'other_order',
  'shop_500',
  'shop_timeout',
  'shop_reply_lost',
  'situation:next_attempt',
  'situation:paid_despite_close',
  'situation:closed_by_wechat',
  'situation:platform_refund',
  'situation:price_changed',
  'situation:double_tap',
  'situation:login_code_reused',
  'situation:two_crons',
  'situation:deployment',
  'situation:outage',
  'situation:notice_lost',
  'situation:notice_duplicated',
  'situation:notice_late',
  'situation:USERPAYING',
  'situation:webhook_repeated',
  'situation:resent',
  'situation:extra_rounds',
  'worker_frozen',
  'event:attempt_resent',
  'event:attempt_closing',
  'event:second_payment_recorded',
  'webhook:order.paid',
  'webhook:payment.returned',
  'forger:replay',
  'forger:refund_status',
  'situation:refund_notice_forged',
  'kv_error_before',
  'kv_error_after',
  'kv_missing',
  'truncated_xml',
  'repetition_refused',
  'situation:concurrent_refunds',
  'situation:refund_from_many_clients',
  'situation:refund_number_twice',
  'situation:full_refund',
  'situation:refund_too_much',
  'situation:refund_answer_lost',
  'situation:refunds_hang',
  'situation:refund_CHANGE',
  'situation:abnormal_refund_succeeded',
  'situation:abnormal_refund_stays',
  'situation:refund_REFUNDCLOSE',
  'situation:refund_notice_lost',
  'situation:refund_notice_duplicated',
  'situation:refund_notice_late',
  'situation:platform_refund_refused',
  'situation:many_platform_refunds',
  'situation:balance_topped_up',
  'situation:review_refunded',
  'situation:bill_day',
  'situation:killed_on_bill_day',
  'situation:reconcile_now',
  'situation:reconciled_again',
  'situation:raw_bill_read',
  'situation:restored',
  'situation:restored_twice',
  'situation:attempts_lost',
  'situation:order_registered_again',
  'situation:lost_payment_accepted',
  'situation:recovery_reported',
  'situation:recovered',
  'situation:api_key_rotated',
  'situation:signed_with_old_key',
  'situation:appid_changed',
  'situation:appid_changed_back',
  'situation:mch_id_mistaken',
  'situation:mistaken_number_given_up',
  'situation:malformed_OPERATORS',
  'situation:malformed_WEBHOOK_SECRET',
  'situation:malformed_REFUND_LIMIT_DAY',
  'situation:token_rotated',
  'situation:late_payment_switched',
  'situation:refund_cancelled_unsent',
  'situation:refund_cancelled_after_a_try',
  'cancel:refund_under_way',
  'situation:refund_called_off_by_the_shop',
  'situation:refunds_paused',
  'situation:refunds_resumed',
  'situation:paused_until_the_end',
  'refund:refunds_paused',
  'leak:of_another_order',
  'leak:not_heard_of',
  'leak:invented',
  'leak:above_the_threshold',
  'leak:below_the_threshold',
  'leak:for_a_paid_order',
  'leak:for_a_paying_order',
  'leak:for_a_closed_order',
  'situation:late_race_before_the_last_query',
  'situation:late_race_after_the_last_query',
  'situation:late_race_only_in_the_bill',
  'event:payment_booked_by_bill',
  'event:refund_cancelled',
  'refund:refund_exceeds_payment',
  'refund:refund_conflict',
  'refund:refund_not_configured',
  'bill:cut_off',
  'bill:drop_row',
  'bill:extra_row',
  'bill:escapes',
  'bill:late_row',
  'bill:layout',
  'bill:other_amount',
  'bill:other_fee_rate',
  'bill:other_file',
  'bill:repeat_row',
  'bill:revoked_row',
  'bill:unavailable',
  'event:refund_abnormal',
  'event:refund_closed',
  'event:refund_discovered',
  'event:refund_refused',
  'event:refund_started',
  'webhook:refund.succeeded',
  'webhook:refund.failed',
  'webhook:bill.reconciled',
]
