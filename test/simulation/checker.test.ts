/** A checker that cannot fail proves nothing: each way to spoil the books is noticed. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { installInstant } from './instant.ts'
import { INVARIANTS } from './invariants.ts'
import { runSeed } from './run-seed.ts'
import type { World } from './world.ts'

const SEARCH_MS = 60_000
/** Orders that were paid, also late, and others that were closed: something to spoil in every way. */
const RICH = [
  "SELECT 1 FROM orders WHERE state = 'paid'",
  "SELECT 1 FROM orders AS o JOIN attempts AS a USING (ordercode) WHERE o.state = 'closed' AND a.state = 'closed'",
  "SELECT 1 FROM reviews WHERE kind = 'late_payment'",
  "SELECT 1 FROM deliveries WHERE type = 'order.closed' AND state = 'delivered'",
]

let restore = (): void => {}
let richSeed = 0
beforeAll(async () => {
  restore = installInstant()
  let isRich = false
  while (!isRich) {
    await runSeed({ seed: ++richSeed }, ({ sqlite, settings }) => {
      isRich = settings.latePayment === 'accept' && RICH.every((sql) => sqlite.read(sql).length > 0)
    })
  }
}, SEARCH_MS)
afterAll(() => restore())

const one = (world: World, sql: string): string => {
  const [row] = world.sqlite.read(sql)
  if (row === undefined) throw new Error(`seed ${richSeed} has nothing for: ${sql}`)
  return String(Object.values(row)[0])
}

const payment = (world: World) =>
  one(world, 'SELECT transaction_id FROM orders WHERE transaction_id IS NOT NULL LIMIT 1')
const paid = (world: World) =>
  one(world, "SELECT ordercode FROM orders WHERE state = 'paid' LIMIT 1")
const closed = (world: World) =>
  one(world, "SELECT ordercode FROM orders WHERE state = 'closed' LIMIT 1")

/** Beyond what the schema would let anybody do. */
const spoil = (world: World, sql: string): void =>
  world.sqlite.exec(`PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; ${sql}`)

type Spoiling = Readonly<{ invariant: keyof typeof INVARIANTS; by: (world: World) => void }>

const SPOILINGS: Readonly<Record<string, Spoiling>> = {
  'a payment that is lost': {
    invariant: 'capturedIsBooked',
    by: (w) => spoil(w, `DELETE FROM payments WHERE transaction_id = '${payment(w)}'`),
  },
  'a wrong amount': {
    invariant: 'capturedIsBooked',
    by: (w) =>
      spoil(
        w,
        `UPDATE payments SET total_fee = total_fee + 1 WHERE transaction_id = '${payment(w)}'`,
      ),
  },
  'another payer': {
    invariant: 'capturedIsBooked',
    by: (w) => spoil(w, `UPDATE payments SET openid = 'o' WHERE transaction_id = '${payment(w)}'`),
  },
  'a payment on another order': {
    invariant: 'paidMeansPaid',
    by: (w) =>
      spoil(
        w,
        `UPDATE payments SET ordercode = '${closed(w)}', number = 1 WHERE transaction_id = '${payment(w)}'`,
      ),
  },
  'a payment that nobody made': {
    invariant: 'bookedWasCaptured',
    by: (w) =>
      spoil(
        w,
        `INSERT INTO payments (transaction_id, ordercode, number, further, openid, trade_type, fee_type, total_fee, paid_at)
         VALUES ('42', '${paid(w)}', 1, 1, 'o', 'JSAPI', 'CNY', 5, 1)`,
      ),
  },
  'sums that do not agree': {
    invariant: 'theBooksBalance',
    by: (w) => spoil(w, `DELETE FROM payments WHERE transaction_id = '${payment(w)}'`),
  },
  'a paid order that was set back': {
    invariant: 'paidMeansPaid',
    by: (w) =>
      spoil(
        w,
        `UPDATE orders SET state = 'closed', transaction_id = NULL, paid_at = NULL WHERE ordercode = '${paid(w)}'`,
      ),
  },
  'an attempt that does not know that it is paid': {
    invariant: 'paidMeansPaid',
    by: (w) =>
      spoil(
        w,
        `UPDATE attempts SET state = 'closed', closed_at = 1 WHERE ordercode = '${paid(w)}'`,
      ),
  },
  'an event that is missing': {
    invariant: 'everyChangeHasItsEvent',
    by: (w) => spoil(w, `DELETE FROM events WHERE ordercode = '${paid(w)}' AND revision = 2`),
  },
  'a state that no event explains': {
    invariant: 'everyChangeHasItsEvent',
    by: (w) =>
      spoil(
        w,
        `UPDATE orders SET state = 'paying', closed_at = NULL WHERE ordercode = '${closed(w)}'`,
      ),
  },
  'a booking without its event': {
    invariant: 'everyChangeHasItsEvent',
    by: (w) => spoil(w, "UPDATE events SET type = 'attempt_resent' WHERE type = 'payment_booked'"),
  },
  'an order that never ends': {
    invariant: 'nothingIsLeftOpen',
    by: (w) =>
      spoil(
        w,
        `UPDATE orders SET state = 'created', closed_at = NULL WHERE ordercode = '${closed(w)}'`,
      ),
  },
  'an order that is forgotten': {
    invariant: 'nothingIsLeftOpen',
    by: (w) => spoil(w, `DELETE FROM orders WHERE ordercode = '${closed(w)}'`),
  },
  'an attempt that stays open at WeChat': {
    invariant: 'nothingIsLeftOpen',
    by: (w) => {
      const order = w.wechat.orders().find(({ tradeState }) => tradeState === 'CLOSED')
      w.wechat.setTradeState(order?.outTradeNo ?? '', 'NOTPAY')
    },
  },
  'an attempt that was not stored': {
    invariant: 'wechatKnowsWhatWeKnow',
    by: (w) => spoil(w, `DELETE FROM attempts WHERE ordercode = '${paid(w)}'`),
  },
  'an attempt with another price than WeChat has': {
    invariant: 'wechatKnowsWhatWeKnow',
    by: (w) =>
      spoil(w, `UPDATE attempts SET total_fee = total_fee + 1 WHERE ordercode = '${paid(w)}'`),
  },
  'a row that refers to nothing': {
    invariant: 'referencesHold',
    by: (w) => spoil(w, `DELETE FROM orders WHERE ordercode = '${paid(w)}'`),
  },
  'a paid order without a webhook': {
    invariant: 'thePaidIsTold',
    by: (w) => spoil(w, `DELETE FROM deliveries WHERE subject = '${payment(w)}'`),
  },
  'a webhook under another id': {
    invariant: 'thePaidIsTold',
    by: (w) => spoil(w, `UPDATE deliveries SET id = 'other.id' WHERE subject = '${payment(w)}'`),
  },
  'a webhook that asks to ship what goes back': {
    invariant: 'thePaidIsTold',
    by: (w) =>
      spoil(
        w,
        `UPDATE deliveries SET type = iif(type = 'order.paid', 'payment.returned', 'order.paid')
         WHERE subject = '${payment(w)}'`,
      ),
  },
  'a webhook that was given up': {
    invariant: 'everythingIsTold',
    by: (w) => spoil(w, "UPDATE deliveries SET state = 'given_up', delivered_at = NULL"),
  },
  'a closed order that nobody is told of': {
    invariant: 'everythingIsTold',
    by: (w) => spoil(w, "DELETE FROM deliveries WHERE type = 'order.closed'"),
  },
  'an untrue webhook': {
    invariant: 'theToldIsTrue',
    by: (w) => spoil(w, "DELETE FROM events WHERE type = 'order_closed'"),
  },
  'an odd payment that nobody looks at': {
    invariant: 'theOddIsReviewed',
    by: (w) => spoil(w, "DELETE FROM reviews WHERE kind IN ('late_payment', 'second_payment')"),
  },
}

describe('the checker', () => {
  it('finds nothing wrong with books that are right', async () => {
    expect((await runSeed({ seed: richSeed })).violations).toEqual([])
  })

  it.each(Object.entries(SPOILINGS))('notices %s', async (_what, { invariant, by }) => {
    const { violations } = await runSeed({ seed: richSeed }, by)

    expect(violations.map((each) => each.split(':')[0])).toContain(invariant)
  })

  it('has a test for each of its questions', () => {
    const tested = new Set(Object.values(SPOILINGS).map(({ invariant }) => invariant))
    expect([...tested].sort()).toEqual(Object.keys(INVARIANTS).sort())
  })
})
