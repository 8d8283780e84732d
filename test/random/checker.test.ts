/** The checkers of the simulation can fail: they notice each of these corruptions of our records. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { INVARIANTS } from '../../testing/simulation/checkers/checker.ts'
import { installInstant } from '../../testing/simulation/d1/instant.ts'
import { runSeed } from '../../testing/simulation/run/run-seed.ts'
import type { World } from '../../testing/simulation/run/world.ts'

const SEARCH_MS = 180_000
const SEEDS_MAX = 2_000

const isClosed = ({ tradeState }: { tradeState: string }): boolean => tradeState === 'CLOSED'

/** What the database, as SQL, or WeChat must contain after a seed, so that there is something to corrupt. */
const CONTENTS = {
  orders: [
    "SELECT 1 FROM orders WHERE state = 'paid'",
    "SELECT 1 FROM orders AS o JOIN attempts AS a USING (ordercode) WHERE o.state = 'closed' AND a.state = 'closed'",
    "SELECT 1 FROM deliveries WHERE type = 'order.closed' AND state = 'delivered'",
  ],
  closedAtWeChat: [({ wechat }) => wechat.books.orders().some(isClosed)],
  odd: ["SELECT 1 FROM reviews WHERE kind IN ('late_payment', 'second_payment')"],
  unrefunded: [
    'SELECT 1 FROM payments AS p WHERE NOT EXISTS (SELECT 1 FROM refunds AS r WHERE r.transaction_id = p.transaction_id)',
  ],
  noticed: [
    "SELECT 1 FROM order_events WHERE type = 'payment_booked' AND data ->> 'source' = 'notice'",
  ],
  refunds: [
    "SELECT 1 FROM refunds WHERE source = 'shop' AND state = 'succeeded'",
    "SELECT 1 FROM deliveries WHERE type = 'refund.succeeded' AND state = 'delivered'",
    "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM reviews WHERE kind = 'bill_difference')",
  ],
  automatic: ["SELECT 1 FROM refunds WHERE source = 'automatic' AND state = 'succeeded'"],
  refused: ["SELECT 1 FROM refunds WHERE state = 'refused'"],
  stuck: ["SELECT 1 FROM reviews WHERE kind = 'refund_abnormal' GROUP BY kind HAVING count(*) = 1"],
  bills: [
    "SELECT 1 FROM bill_differences WHERE outcome = 'review'",
    "SELECT 1 FROM deliveries WHERE type = 'bill.reconciled' AND state = 'delivered'",
  ],
  restored: [
    "SELECT 1 FROM orders WHERE state = 'paid'",
    'SELECT 1 FROM recoveries',
    "SELECT 1 FROM deliveries WHERE type = 'order.paid' AND state = 'delivered'",
  ],
} as const satisfies Record<string, readonly (string | ((world: World) => boolean))[]>

type Content = keyof typeof CONTENTS

const seedOf = new Map<Content, number>()
let restore = (): void => {}
beforeAll(async () => {
  restore = installInstant()
  const names = Object.keys(CONTENTS) as Content[]
  for (let seed = 1; seedOf.size < names.length && seed < SEEDS_MAX; seed++) {
    await runSeed({ seed }, (world) => {
      const { sqlite, settings, restores, bills, leaks } = world
      if (settings.latePayment !== 'accept' || leaks.orders.size > 0) return
      const isRestored = restores.list.length > 0
      for (const name of names.filter((each) => (each === 'restored') === isRestored)) {
        // The bills are falsified only where a check is about that.
        if (name !== 'bills' && bills.changed.size > 0) continue
        const isThere = CONTENTS[name].every((sign) =>
          typeof sign === 'string' ? sqlite.read(sign).length > 0 : sign(world),
        )
        if (isThere && !seedOf.has(name)) seedOf.set(name, seed)
      }
    })
  }
}, SEARCH_MS)
afterAll(() => restore())

const one = (world: World, sql: string): string => {
  const [row] = world.sqlite.read(sql)
  if (row === undefined) throw new Error(`seed ${world.recipe.seed} has nothing for: ${sql}`)
  return String(Object.values(row)[0])
}

const payment = (world: World) =>
  one(world, 'SELECT transaction_id FROM orders WHERE transaction_id IS NOT NULL LIMIT 1')
const paid = (world: World) =>
  one(world, "SELECT ordercode FROM orders WHERE state = 'paid' LIMIT 1")
const closed = (world: World) =>
  one(world, "SELECT ordercode FROM orders WHERE state = 'closed' LIMIT 1")

/** Writes what the schema does not allow. */
/** Moves the events in the rows of the orders to the table of events, where they can be corrupted. */
const ALL_EVENTS = `CREATE TEMP TABLE moved AS SELECT * FROM order_events;
  UPDATE orders SET history = NULL; DELETE FROM events; INSERT INTO events SELECT * FROM moved; DROP TABLE moved`
const corrupt = (world: World, sql: string): void =>
  world.sqlite.exec(
    `PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; ${ALL_EVENTS}; ${sql}`,
  )

/** A refund that succeeded. */
const refunded = (world: World) =>
  one(world, "SELECT out_refund_no FROM refunds WHERE source = 'shop' AND state = 'succeeded'")
/** A day whose bill the simulation did not change. */
const unchangedDay = ({ sqlite, bills }: World): string =>
  sqlite
    .read('SELECT day FROM bills')
    .map(({ day }) => String(day))
    .find((day) => !bills.changed.has(day)) ?? ''

type Corruption = Readonly<{
  invariant: keyof typeof INVARIANTS
  by: (world: World) => void
  /** Default: orders. */
  needs?: Content
}>

const CORRUPTIONS: Readonly<Record<string, Corruption>> = {
  'a payment that is missing': {
    invariant: 'capturedIsRecorded',
    by: (w) => corrupt(w, `DELETE FROM payments WHERE transaction_id = '${payment(w)}'`),
  },
  'a wrong amount': {
    invariant: 'capturedIsRecorded',
    by: (w) =>
      corrupt(
        w,
        `UPDATE payments SET total_fee = total_fee + 1 WHERE transaction_id = '${payment(w)}'`,
      ),
  },
  'another payer': {
    invariant: 'capturedIsRecorded',
    by: (w) =>
      corrupt(w, `UPDATE payments SET openid = 'o' WHERE transaction_id = '${payment(w)}'`),
  },
  'a payment on another order': {
    invariant: 'paidOrderHasItsPayment',
    by: (w) =>
      corrupt(
        w,
        `UPDATE payments SET ordercode = '${closed(w)}', number = 1 WHERE transaction_id = '${payment(w)}'`,
      ),
  },
  'a payment that was never made': {
    invariant: 'recordedWasCaptured',
    by: (w) =>
      corrupt(
        w,
        `INSERT INTO payments (transaction_id, ordercode, number, further, openid, trade_type, fee_type, total_fee, paid_at)
         VALUES ('42', '${paid(w)}', 1, 1, 'o', 'JSAPI', 'CNY', 5, 1)`,
      ),
  },
  'sums that do not agree': {
    invariant: 'sumsAgree',
    by: (w) => corrupt(w, `DELETE FROM payments WHERE transaction_id = '${payment(w)}'`),
  },
  'a paid order that is closed again': {
    invariant: 'paidOrderHasItsPayment',
    by: (w) =>
      corrupt(
        w,
        `UPDATE orders SET state = 'closed', transaction_id = NULL, paid_at = NULL WHERE ordercode = '${paid(w)}'`,
      ),
  },
  'an attempt of a paid order that is not paid': {
    invariant: 'paidOrderHasItsPayment',
    by: (w) =>
      corrupt(
        w,
        `UPDATE attempts SET state = 'closed', closed_at = 1 WHERE ordercode = '${paid(w)}'`,
      ),
  },
  'an event that is missing': {
    invariant: 'everyChangeHasItsEvent',
    by: (w) => corrupt(w, `DELETE FROM events WHERE ordercode = '${paid(w)}' AND revision = 2`),
  },
  'a state that no event explains': {
    invariant: 'everyChangeHasItsEvent',
    by: (w) =>
      corrupt(
        w,
        `UPDATE orders SET state = 'paying', closed_at = NULL WHERE ordercode = '${closed(w)}'`,
      ),
  },
  'a recorded payment without its event': {
    invariant: 'everyChangeHasItsEvent',
    by: (w) =>
      corrupt(w, "UPDATE events SET type = 'attempt_resent' WHERE type = 'payment_booked'"),
  },
  'an order that stays open': {
    invariant: 'nothingIsLeftOpen',
    by: (w) =>
      corrupt(
        w,
        `UPDATE orders SET state = 'created', closed_at = NULL WHERE ordercode = '${closed(w)}'`,
      ),
  },
  'an order that is missing': {
    invariant: 'nothingIsLeftOpen',
    by: (w) => corrupt(w, `DELETE FROM orders WHERE ordercode = '${closed(w)}'`),
  },
  'an attempt that stays open at WeChat': {
    invariant: 'nothingIsLeftOpen',
    needs: 'closedAtWeChat',
    by: (w) => {
      const order = w.wechat.books.orders().find(isClosed)
      w.wechat.platform.setTradeState(order?.outTradeNo ?? '', 'NOTPAY')
    },
  },
  'an attempt that was not stored': {
    invariant: 'attemptsMatchWeChat',
    by: (w) => corrupt(w, `DELETE FROM attempts WHERE ordercode = '${paid(w)}'`),
  },
  'an attempt with another price than WeChat has': {
    invariant: 'attemptsMatchWeChat',
    by: (w) =>
      corrupt(w, `UPDATE attempts SET total_fee = total_fee + 1 WHERE ordercode = '${paid(w)}'`),
  },
  'a row with a dangling reference': {
    invariant: 'foreignKeysHold',
    by: (w) => corrupt(w, `DELETE FROM orders WHERE ordercode = '${paid(w)}'`),
  },
  'a payment that is not in the sums of its day': {
    invariant: 'daysAddUp',
    by: (w) => corrupt(w, 'UPDATE days SET payments = payments - 1'),
  },
  'a pending webhook that the cron does not find': {
    invariant: 'pendingIsQueued',
    by: (w) =>
      corrupt(
        w,
        "UPDATE deliveries SET state = 'pending', due_at = 1, delivered_at = NULL; UPDATE deliveries SET is_queued = NULL",
      ),
  },
  'a paid order without a webhook': {
    invariant: 'paymentsHaveTheirWebhooks',
    by: (w) => corrupt(w, `DELETE FROM deliveries WHERE subject = '${payment(w)}'`),
  },
  'a webhook under another id': {
    invariant: 'paymentsHaveTheirWebhooks',
    by: (w) => corrupt(w, `UPDATE deliveries SET id = 'other.id' WHERE subject = '${payment(w)}'`),
  },
  'an order.paid for a payment that is returned': {
    invariant: 'paymentsHaveTheirWebhooks',
    by: (w) =>
      corrupt(
        w,
        `UPDATE deliveries SET type = iif(type = 'order.paid', 'payment.returned', 'order.paid')
         WHERE subject = '${payment(w)}'`,
      ),
  },
  'a webhook that was given up': {
    invariant: 'everyFactIsDelivered',
    by: (w) => corrupt(w, "UPDATE deliveries SET state = 'given_up', delivered_at = NULL"),
  },
  'a closed order without a webhook': {
    invariant: 'everyFactIsDelivered',
    by: (w) => corrupt(w, "DELETE FROM deliveries WHERE type = 'order.closed'"),
  },
  'an untrue webhook': {
    invariant: 'webhooksAreTrue',
    by: (w) => corrupt(w, "DELETE FROM events WHERE type = 'order_closed'"),
  },
  'an unusual payment without a review': {
    invariant: 'oddPaymentsAreReviewed',
    needs: 'odd',
    by: (w) => corrupt(w, "DELETE FROM reviews WHERE kind IN ('late_payment', 'second_payment')"),
  },
  'a webhook that contradicts our records': {
    invariant: 'paymentsHaveTheirWebhooks',
    by: (w) => corrupt(w, 'UPDATE payments SET returned = 1 - returned'),
  },
  'more reserved than was paid': {
    invariant: 'refundsFitPayments',
    needs: 'refunds',
    by: (w) => corrupt(w, 'UPDATE refunds SET refund_fee = total_fee + 1'),
  },
  'a refund that is missing': {
    invariant: 'wechatRefundsAreRecorded',
    needs: 'refunds',
    by: (w) => corrupt(w, `DELETE FROM refunds WHERE out_refund_no = '${refunded(w)}'`),
  },
  'a refund of another amount': {
    invariant: 'wechatRefundsAreRecorded',
    needs: 'refunds',
    by: (w) =>
      corrupt(
        w,
        `UPDATE refunds SET refund_fee = refund_fee + 1 WHERE out_refund_no = '${refunded(w)}'`,
      ),
  },
  'a refund that succeeded and is still abnormal': {
    invariant: 'wechatRefundsAreRecorded',
    needs: 'refunds',
    by: (w) =>
      corrupt(w, `UPDATE refunds SET state = 'abnormal' WHERE out_refund_no = '${refunded(w)}'`),
  },
  'a refund that WeChat never made': {
    invariant: 'refundsExistAtWeChat',
    needs: 'refunds',
    by: (w) =>
      corrupt(
        w,
        `UPDATE refunds SET out_refund_no = 'unknown' WHERE out_refund_no = '${refunded(w)}'`,
      ),
  },
  'a refund with another refund_id': {
    invariant: 'refundsExistAtWeChat',
    needs: 'refunds',
    by: (w) => corrupt(w, "UPDATE refunds SET refund_id = '5'"),
  },
  'a reservation that was released': {
    invariant: 'refusedRefundsWereRefused',
    needs: 'refunds',
    by: (w) =>
      corrupt(w, `UPDATE refunds SET state = 'refused' WHERE out_refund_no = '${refunded(w)}'`),
  },
  'a refusal without a reason': {
    invariant: 'refusedRefundsWereRefused',
    needs: 'refused',
    by: (w) => corrupt(w, "UPDATE refunds SET err_code = NULL WHERE state = 'refused'"),
  },
  'a recorded refusal that never happened': {
    invariant: 'refusedRefundsWereRefused',
    needs: 'refunds',
    by: (w) =>
      corrupt(
        w,
        "UPDATE events SET type = 'refund_refused', at = at + 60 WHERE type = 'refund_accepted'",
      ),
  },
  'a refund that waits forever': {
    invariant: 'refundsReachAnEnd',
    needs: 'refunds',
    by: (w) => corrupt(w, "UPDATE refunds SET state = 'requested'"),
  },
  'a requested refund that is missing': {
    invariant: 'refundsReachAnEnd',
    needs: 'refunds',
    by: (w) => corrupt(w, "DELETE FROM refunds WHERE source = 'shop'"),
  },
  'the end of a refund without its event': {
    invariant: 'refundEventsMatchState',
    needs: 'refunds',
    by: (w) => corrupt(w, "DELETE FROM events WHERE type = 'refund_succeeded'"),
  },
  'events of a refund in the wrong order': {
    invariant: 'refundEventsMatchState',
    needs: 'refunds',
    by: (w) =>
      corrupt(w, "UPDATE events SET type = 'refund_requested' WHERE type = 'refund_accepted'"),
  },
  'events of a refund that does not exist': {
    invariant: 'refundEventsMatchState',
    needs: 'refunds',
    by: (w) => corrupt(w, 'DELETE FROM refunds'),
  },
  'a refund without a webhook': {
    invariant: 'refundsHaveWebhooks',
    needs: 'refunds',
    by: (w) => corrupt(w, "DELETE FROM deliveries WHERE type = 'refund.succeeded'"),
  },
  'a webhook of a refund with a wrong revision': {
    invariant: 'refundsHaveWebhooks',
    needs: 'refunds',
    by: (w) => corrupt(w, "UPDATE deliveries SET revision = 99 WHERE type LIKE 'refund.%'"),
  },
  'a second payment that is not refunded': {
    invariant: 'wrongPaymentsAreRefunded',
    needs: 'automatic',
    by: (w) => corrupt(w, "DELETE FROM refunds WHERE source = 'automatic'"),
  },
  'a second payment that is partly refunded': {
    invariant: 'wrongPaymentsAreRefunded',
    needs: 'automatic',
    by: (w) =>
      corrupt(w, "UPDATE refunds SET refund_fee = refund_fee - 1 WHERE source = 'automatic'"),
  },
  'a regular payment that is refunded automatically': {
    invariant: 'wrongPaymentsAreRefunded',
    needs: 'automatic',
    by: (w) => corrupt(w, 'UPDATE payments SET further = 0'),
  },
  'a resolution that was not carried out': {
    invariant: 'resolvedReviewsAreRefunded',
    needs: 'unrefunded',
    by: (w) =>
      corrupt(
        w,
        `INSERT INTO reviews (id, kind, subject, evidence, opened_at, resolved_at, action, note)
         SELECT 'x.' || transaction_id, 'x', transaction_id, '{}', 1, 1, 'refund', 'x'
         FROM payments AS p
         WHERE NOT EXISTS (SELECT 1 FROM refunds AS r WHERE r.transaction_id = p.transaction_id)`,
      ),
  },
  'a fact with two open reviews': {
    invariant: 'factsHaveOneOpenReview',
    needs: 'stuck',
    by: (w) =>
      corrupt(
        w,
        `INSERT INTO reviews (id, kind, subject, evidence, opened_at)
         SELECT id || number, 'x', subject, '{}', 1 FROM reviews, (SELECT '.2' AS number UNION SELECT '.3')
         WHERE kind = 'refund_abnormal'`,
      ),
  },
  'a stuck refund without a review': {
    invariant: 'stuckRefundsAreReviewed',
    needs: 'stuck',
    by: (w) => corrupt(w, "DELETE FROM reviews WHERE kind = 'refund_abnormal'"),
  },
  'a review of a refund that is not stuck': {
    invariant: 'stuckRefundsAreReviewed',
    needs: 'stuck',
    by: (w) =>
      corrupt(w, "UPDATE reviews SET id = 'refund_overdue.x' WHERE kind = 'refund_abnormal'"),
  },
  'a day without a bill': {
    invariant: 'everyDayIsReconciled',
    by: (w) => corrupt(w, 'DELETE FROM bills'),
  },
  'a day that is never reconciled': {
    invariant: 'everyDayIsReconciled',
    by: (w) => corrupt(w, "UPDATE bills SET state = 'settling', due_at = 1"),
  },
  'a difference without an outcome': {
    invariant: 'everyDayIsReconciled',
    needs: 'bills',
    by: (w) => corrupt(w, 'UPDATE bill_differences SET outcome = NULL'),
  },
  'a bill with wrong counts': {
    invariant: 'billCountsAgree',
    by: (w) =>
      corrupt(
        w,
        `UPDATE bills SET counts = json_set(counts, '$.paymentFee', -1) WHERE day = '${unchangedDay(w)}'`,
      ),
  },
  'our records with wrong counts': {
    invariant: 'billCountsAgree',
    by: (w) =>
      corrupt(
        w,
        `UPDATE bills SET counts = json_set(counts, '$.books.payments', -1) WHERE day = '${unchangedDay(w)}'`,
      ),
  },
  'a payment that is not marked as contained in its bill': {
    invariant: 'marksAreTheLedger',
    by: (w) =>
      corrupt(w, `UPDATE payments SET billed_on = NULL WHERE billed_on = '${unchangedDay(w)}'`),
  },
  'a difference without a review': {
    invariant: 'differencesAreReviewed',
    needs: 'bills',
    by: (w) => corrupt(w, "DELETE FROM reviews WHERE kind = 'bill_difference'"),
  },
  'a review of a difference that does not exist': {
    invariant: 'differencesAreReviewed',
    needs: 'bills',
    by: (w) =>
      corrupt(w, "UPDATE reviews SET id = id || 'x', subject = 'x' WHERE kind = 'bill_difference'"),
  },
  'a reconciled day without a webhook': {
    invariant: 'reconciledDaysHaveWebhooks',
    needs: 'bills',
    by: (w) => corrupt(w, "DELETE FROM deliveries WHERE type = 'bill.reconciled'"),
  },
  'a webhook of a day that is not reconciled': {
    invariant: 'reconciledDaysHaveWebhooks',
    needs: 'bills',
    by: (w) => corrupt(w, "UPDATE bills SET state = 'comparing', due_at = 1"),
  },
  'an event that names no actor': {
    invariant: 'actorsAreRight',
    by: (w) => corrupt(w, 'UPDATE events SET actor = NULL'),
  },
  'a payment from a notice that names the cron': {
    invariant: 'actorsAreRight',
    needs: 'noticed',
    by: (w) => corrupt(w, "UPDATE events SET actor = 'system' WHERE type = 'payment_booked'"),
  },
  'a refund of the shop that names an operator': {
    invariant: 'actorsAreRight',
    needs: 'refunds',
    by: (w) => corrupt(w, "UPDATE refunds SET actor = 'li.wei'"),
  },
  'a payment that is missing after a restore, though its attempt was not lost': {
    invariant: 'capturedIsRecorded',
    needs: 'restored',
    by: (w) => corrupt(w, `DELETE FROM payments WHERE transaction_id = '${payment(w)}'`),
  },
  'a revision that is lifted without a recovery': {
    invariant: 'everyChangeHasItsEvent',
    by: (w) =>
      corrupt(
        w,
        `UPDATE orders SET revision = revision + 9; UPDATE events SET revision = revision + 9
         WHERE (ordercode, revision) IN (SELECT ordercode, max(revision) FROM events GROUP BY ordercode)`,
      ),
  },
  'a payment that is told as returned after it was shipped': {
    invariant: 'shippedIsNotReturned',
    needs: 'restored',
    by: ({ receiver }) => {
      const [shipped] = receiver.received().filter(({ type }) => type === 'order.paid')
      if (shipped === undefined) throw new Error('nothing was shipped')
      const type = 'payment.returned'
      const returned = { ...shipped, type, id: shipped.id.replace('order.paid', type) }
      const received = [...receiver.received(), returned]
      Object.assign(receiver, { received: () => received })
    },
  },
  'a paid order of which the shop that drops smaller revisions does not know': {
    invariant: 'obedientShopMissesNothing',
    by: ({ receiver }) => Object.assign(receiver, { kept: () => new Map() }),
  },
  'a refund at WeChat beyond the payment': {
    invariant: 'noRefundBeyondThePayment',
    needs: 'refunds',
    by: ({ wechat }) => {
      const refunds = wechat.books.refunds().map((each) => ({ ...each, refundFee: 10 ** 7 }))
      Object.assign(wechat.books, { refunds: () => refunds })
    },
  },
  'a recovery that does not end': {
    invariant: 'recoveriesEnd',
    needs: 'restored',
    by: (w) => corrupt(w, 'UPDATE recoveries SET finished_at = NULL'),
  },
  'a refund that was called off and yet left': {
    invariant: 'cancelledRefundsNeverLeave',
    needs: 'refunds',
    by: (w) =>
      corrupt(
        w,
        `INSERT INTO events (ordercode, revision, type, at, data, actor)
         SELECT ordercode, 999, 'refund_cancelled', 1, json_object('out_refund_no', out_refund_no), 'li.wei'
         FROM refunds WHERE out_refund_no = '${refunded(w)}'`,
      ),
  },
  'another sum of refunds than at WeChat': {
    invariant: 'refundSumsAgree',
    needs: 'refunds',
    by: (w) =>
      corrupt(w, `UPDATE refunds SET state = 'processing' WHERE out_refund_no = '${refunded(w)}'`),
  },
  'a review of a refund that waits no more': {
    invariant: 'waitingReviewsEnd',
    by: (w) =>
      corrupt(
        w,
        `INSERT INTO reviews (id, kind, subject, evidence, opened_at)
         VALUES ('refund_waiting.refunds.paused', 'refund_waiting', 'refunds.paused', '{}', 1)`,
      ),
  },
  'a late row that is in no bill': {
    invariant: 'lateRowsSettle',
    by: (w) => w.bills.late.push({ number: payment(w), day: '2026-12-31' }),
  },
  'a refund of a payment of another attempt': {
    invariant: 'moneyLeavesForItsOwnAttempt',
    needs: 'refunds',
    by: (w) =>
      corrupt(
        w,
        `UPDATE payments SET number = 20 WHERE transaction_id =
           (SELECT transaction_id FROM refunds WHERE out_refund_no = '${refunded(w)}')`,
      ),
  },
  'a payment of which WeChat refunded too much': {
    invariant: 'wechatRefundsFit',
    needs: 'refunds',
    by: (w) => {
      const { outTradeNo } = w.wechat.books.refund(refunded(w)) ?? {}
      const capture = w.wechat.books.captures().find((each) => each.outTradeNo === outTradeNo)
      Object.assign(capture ?? {}, { totalFee: 0 })
    },
  },
  'a payment that WeChat did not take and that no review tells of': {
    invariant: 'forgedPaymentsAreTold',
    by: (w) =>
      corrupt(w, `UPDATE payments SET transaction_id = '1' WHERE transaction_id = '${payment(w)}'`),
  },
  'records that change when a day is reconciled again': {
    invariant: 'reconcilingAgainChangesNothing',
    by: (w) => w.audits.push({ day: '2026-11-23', before: 'a', after: 'a\nb' }),
  },
}

describe('the checker', () => {
  it('finds no violation in correct records', async () => {
    expect([...seedOf.keys()].sort()).toEqual(Object.keys(CONTENTS).sort())
    for (const seed of new Set(seedOf.values())) {
      expect((await runSeed({ seed })).violations).toEqual([])
    }
  })

  it.each(Object.entries(CORRUPTIONS))('notices %s', async (_what, corruption) => {
    const { invariant, by, needs = 'orders' } = corruption
    const { violations } = await runSeed({ seed: seedOf.get(needs) ?? 0 }, by)

    expect(violations.map((each) => each.split(':')[0])).toContain(invariant)
  })

  it('has a test for each invariant', () => {
    const tested = new Set(Object.values(CORRUPTIONS).map(({ invariant }) => invariant))
    expect([...tested].sort()).toEqual(Object.keys(INVARIANTS).sort())
  })
})
