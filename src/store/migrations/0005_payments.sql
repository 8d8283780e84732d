-- A payment that goes back is recorded beside its order, which stays what it was; and what WeChat has confirmed.

-- When WeChat's answer to a query confirmed the payment; NULL while only a notice reported it.
ALTER TABLE payments ADD COLUMN confirmed_at INTEGER;

-- Until now, a payment that went back made its order `paid`. Those orders become what they are now.
-- What went back in part stays paid: the shop decides with the review `partly_returned`.
UPDATE payments SET returned = 0
WHERE returned = 1 AND EXISTS (
  SELECT 1 FROM reviews WHERE kind = 'partly_returned' AND subject = payments.transaction_id);

-- Where the money did not go back, a person may accept the payment after all.
INSERT INTO reviews (id, kind, subject, ordercode, evidence, opened_at)
SELECT 'refund_failed.' || subject, 'refund_failed', subject, ordercode, evidence, unixepoch()
FROM (
  SELECT 'auto*' || payments.transaction_id AS subject, payments.ordercode AS ordercode,
    json_object('transaction_id', payments.transaction_id,
      'out_refund_no', 'auto*' || payments.transaction_id,
      'refund_fee', payments.total_fee, 'state', 'none') AS evidence
  FROM payments JOIN orders USING (ordercode)
  WHERE payments.returned = 1 AND orders.transaction_id = payments.transaction_id
    AND NOT EXISTS (
      SELECT 1 FROM refunds
      WHERE refunds.ordercode = payments.ordercode
        AND refunds.transaction_id = payments.transaction_id
        AND refunds.state NOT IN ('refused', 'closed'))
)
WHERE true
ON CONFLICT (id) DO NOTHING;

INSERT INTO events (ordercode, revision, type, at, data)
SELECT ordercode, revision + 1, 'order_restated', unixepoch(),
  json_object('transaction_id', orders.transaction_id, 'returned', 'yes')
FROM orders JOIN payments USING (ordercode)
WHERE payments.returned = 1 AND orders.transaction_id = payments.transaction_id;

UPDATE payments SET further = 1
WHERE returned = 1 AND further = 0;

UPDATE orders SET state = 'closed', revision = revision + 1, transaction_id = NULL, paid_at = NULL,
  closed_at = coalesce(closed_at, unixepoch())
WHERE state = 'paid' AND EXISTS (
  SELECT 1 FROM payments
  WHERE payments.transaction_id = orders.transaction_id AND payments.returned = 1);
