/**
 * SQL that fills an empty database with many orders, one every 31 s: two thirds are paid, and have an attempt, a payment and
 * a delivered webhook; the others are closed. One in 77 paid orders has a refund. `?1` is how many there are.
 */
const numbers = 'WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?1 - 1)'
const code = "printf('20261128-%011d', i)"
const transaction = "printf('4200%024d', (i * 7919) % 100000007)"
/** When the first order was registered, in Unix seconds. */
export const FIRST_AT = 1_700_000_000
const at = `${FIRST_AT} + i * 31`
const paid = 'i % 3 < 2'

/** The statements, each for one batch. All take the number of orders as their only value. */
export const FILL: readonly string[] = [
  `${numbers} INSERT INTO orders (ordercode, state, revision, total_fee, body, expires_in, created_at, expires_at,
     transaction_id, paid_at, closed_at)
   SELECT ${code}, iif(${paid}, 'paid', 'closed'), 3, 8800, 'goods', 7200, ${at}, ${at} + 7200,
     iif(${paid}, ${transaction}, NULL), iif(${paid}, ${at} + 20, NULL), iif(${paid}, NULL, ${at} + 7200) FROM n`,
  `${numbers} INSERT INTO attempts (ordercode, number, state, appid, mch_id, openid, spbill_create_ip, total_fee, body,
     notify_url, sign_type, time_start, time_expire, sent_at)
   SELECT ${code}, 1, 'paid', 'wxd930ea5d5a258f4f', '10000100', 'o', '', 8800, '', '', 'MD5', ${at}, ${at} + 7200, ${at}
   FROM n WHERE ${paid}`,
  `${numbers} INSERT INTO payments (transaction_id, ordercode, number, openid, trade_type, fee_type, total_fee, paid_at,
     billed_on)
   SELECT ${transaction}, ${code}, 1, 'o', 'JSAPI', 'CNY', 8800, ${at} + 20, date(${at} + 28820, 'unixepoch')
   FROM n WHERE ${paid}`,
  `${numbers} INSERT INTO events (ordercode, revision, type, at, data)
   SELECT ${code}, 1, 'order_registered', ${at}, '{"total_fee":8800}' FROM n`,
  `${numbers} INSERT INTO deliveries (id, type, subject, ordercode, revision, state, created_at, tries, delivered_at, body)
   SELECT 'order.paid.' || ${transaction}, 'order.paid', ${transaction}, ${code}, 3, 'delivered', ${at} + 20, 1,
     ${at} + 21, '{}' FROM n WHERE ${paid}`,
  `${numbers} INSERT INTO refunds (out_refund_no, ordercode, transaction_id, state, refund_fee, total_fee, source,
     requested_at, started_at, accepted_at, ended_at)
   SELECT ${code} || '-1', ${code}, ${transaction}, 'succeeded', 100, 8800, 'shop', ${at} + 100, ${at} + 100, ${at} + 100,
     ${at} + 200 FROM n WHERE ${paid} AND i % 77 = 1`,
  `${numbers} INSERT INTO runs (started_at, finished_at, report) SELECT ${at}, ${at} + 1, '{}' FROM n WHERE i % 10 = 0`,
  `${numbers} INSERT INTO reviews (id, kind, subject, ordercode, evidence, opened_at, resolved_at, note)
   SELECT 'late_payment.' || i, 'late_payment', i, ${code}, '{}', ${at}, iif(i % 4000 = 0, NULL, ${at}),
     iif(i % 4000 = 0, NULL, 'seen') FROM n WHERE i % 200 = 0`,
]

/** The cron has taken up the webhooks of {@link FILL}. */
export const TAKEN_UP = `UPDATE walks SET position = ${FIRST_AT} + ?1 * 31 WHERE name = 'deliveries.taken_up'`

/** Adds to {@link FILL} as many orders again that are open, older than all others. */
export const OPEN = `${numbers} INSERT INTO orders (ordercode, state, revision, total_fee, body, expires_in, created_at,
    expires_at, due_at)
  SELECT printf('open-%011d', i), 'created', 1, 8800, 'goods', 7200, ${FIRST_AT} - i, ${FIRST_AT} + 7200, ${FIRST_AT} + 7200
  FROM n`

/** Adds as many webhooks again that were given up, older than all others. */
export const GIVEN_UP = `${numbers} INSERT INTO deliveries (id, type, subject, state, created_at, tries)
  SELECT 'review.opened.' || i, 'review.opened', i, 'given_up', ${FIRST_AT} - i, 10 FROM n`
