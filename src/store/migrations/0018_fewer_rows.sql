-- A paid order writes fewer rows. What only a webhook needs that its request did not deliver, and what can be added up
-- for many payments, waits for the cron: once a minute it takes up the new webhooks, in the order of their creation.

-- 1 for a pending webhook in the index `deliveries_queue`, by which the cron finds what is due. A request that writes
-- a webhook tries it at once, so that hardly any needs an entry.
ALTER TABLE deliveries ADD COLUMN is_queued INTEGER;
-- The last tries, as an array of [at, milliseconds, status, error, answer]. NULL while the only try was the last one.
ALTER TABLE deliveries ADD COLUMN history TEXT;

UPDATE deliveries SET is_queued = 1 WHERE due_at IS NOT NULL;
-- No released version needs the index.
DROP INDEX deliveries_due;
-- The expression is that of IS_NEWS in src/store/deliveries.ts.
CREATE INDEX deliveries_queue ON deliveries (type IN ('order.closed', 'bill.reconciled'), due_at)
  WHERE is_queued = 1 AND due_at IS NOT NULL;

-- The `created_at` of the payment's webhook, with which the payment is added to the sums of `days`. NULL when the
-- triggers add it at once.
ALTER TABLE payments ADD COLUMN sum_at INTEGER;

-- Webhooks that were created until `position` are taken up.
INSERT INTO walks SELECT 'deliveries.taken_up', coalesce(max(created_at), 0) FROM deliveries;

-- Who moves the position takes up what it passes.
CREATE TRIGGER deliveries_taken_up AFTER UPDATE OF position ON walks
WHEN NEW.name = 'deliveries.taken_up'
BEGIN
  UPDATE deliveries SET is_queued = 1
  WHERE created_at > cast(OLD.position AS INTEGER) AND created_at <= cast(NEW.position AS INTEGER)
    AND due_at IS NOT NULL AND is_queued IS NULL;
  INSERT INTO days (day, payments, paid_fee)
  SELECT date(payments.paid_at + 28800, 'unixepoch'), count(*), sum(payments.total_fee)
  FROM deliveries CROSS JOIN payments ON payments.transaction_id = deliveries.subject
  WHERE deliveries.created_at > cast(OLD.position AS INTEGER)
    AND deliveries.created_at <= cast(NEW.position AS INTEGER)
    AND deliveries.type = 'order.paid' AND payments.sum_at = deliveries.created_at AND payments.returned = 0
  GROUP BY 1
  ON CONFLICT (day) DO UPDATE SET payments = payments + excluded.payments, paid_fee = paid_fee + excluded.paid_fee;
END;

-- What becomes pending behind the position is queued at once: a statement that was under way for long, a webhook that
-- is sent again, the version before.
CREATE TRIGGER deliveries_inserted_late AFTER INSERT ON deliveries
WHEN NEW.due_at IS NOT NULL AND NEW.is_queued IS NULL
  AND NEW.created_at <= (SELECT cast(position AS INTEGER) FROM walks WHERE name = 'deliveries.taken_up')
BEGIN
  UPDATE deliveries SET is_queued = 1 WHERE id = NEW.id;
END;

CREATE TRIGGER deliveries_due_late AFTER UPDATE OF due_at ON deliveries
WHEN NEW.due_at IS NOT NULL AND NEW.is_queued IS NULL
  AND NEW.created_at <= (SELECT cast(position AS INTEGER) FROM walks WHERE name = 'deliveries.taken_up')
BEGIN
  UPDATE deliveries SET is_queued = 1 WHERE id = NEW.id;
END;

-- As in 0013, but for the payments that are still to be taken up.
DROP TRIGGER days_payment_inserted;
CREATE TRIGGER days_payment_inserted AFTER INSERT ON payments
WHEN NEW.returned = 0 AND iif(NEW.sum_at IS NULL,
  NEW.transaction_id <= (SELECT position FROM walks WHERE name = 'days.payments'),
  NEW.sum_at <= (SELECT cast(position AS INTEGER) FROM walks WHERE name = 'deliveries.taken_up'))
BEGIN
  INSERT INTO days (day, payments, paid_fee)
  VALUES (date(NEW.paid_at + 28800, 'unixepoch'), 1, NEW.total_fee)
  ON CONFLICT (day) DO UPDATE SET payments = payments + 1, paid_fee = paid_fee + excluded.paid_fee;
END;

DROP TRIGGER days_payment_changed;
CREATE TRIGGER days_payment_changed AFTER UPDATE OF returned, paid_at, total_fee ON payments
WHEN iif(NEW.sum_at IS NULL,
  NEW.transaction_id <= (SELECT position FROM walks WHERE name = 'days.payments'),
  NEW.sum_at <= (SELECT cast(position AS INTEGER) FROM walks WHERE name = 'deliveries.taken_up'))
BEGIN
  UPDATE days SET payments = payments - 1, paid_fee = paid_fee - OLD.total_fee
  WHERE OLD.returned = 0 AND day = date(OLD.paid_at + 28800, 'unixepoch');
  INSERT INTO days (day, payments, paid_fee)
  SELECT date(NEW.paid_at + 28800, 'unixepoch'), 1, NEW.total_fee WHERE NEW.returned = 0
  ON CONFLICT (day) DO UPDATE SET payments = payments + 1, paid_fee = paid_fee + excluded.paid_fee;
END;
