-- A smaller order, sums per day, and walks through old rows in steps.

-- The first events of an order, as an array of [revision, type, at, actor, data]. The row of the order is written
-- with every event anyway, so an event in it costs no further row. What does not fit is in the table `events`. In
-- `data`, "o":1 is the out_trade_no of the first attempt and "t":1 the order's transaction_id.
ALTER TABLE orders ADD COLUMN history TEXT;

-- All events of an order, wherever they are stored.
CREATE VIEW order_events (ordercode, revision, type, at, data, actor) AS
  SELECT ordercode, revision, type, at, data, actor FROM events
  UNION ALL
  SELECT orders.ordercode, json_extract(event.value, '$[0]'), json_extract(event.value, '$[1]'),
    json_extract(event.value, '$[2]'),
    replace(replace(json_extract(event.value, '$[4]'),
      '"o":1', '"out_trade_no":"' || orders.ordercode || '"'),
      '"t":1', '"transaction_id":"' || coalesce(orders.transaction_id, '') || '"'),
    json_extract(event.value, '$[3]')
  FROM orders, json_each(orders.history) AS event;

-- How far a walk through a table has come: every row whose key is at most `position` is done. It takes its steps
-- with the cron, so that a migration takes no time on a large database.
CREATE TABLE walks (
  name     TEXT NOT NULL PRIMARY KEY,
  position TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- char(1114111) sorts after every key: on an empty table, the walk is over.
INSERT INTO walks
SELECT 'days.payments', iif(EXISTS (SELECT 1 FROM payments), '', char(1114111))
UNION ALL SELECT 'days.refunds', iif(EXISTS (SELECT 1 FROM refunds), '', char(1114111))
UNION ALL SELECT 'deliveries.bodies', iif(EXISTS (SELECT 1 FROM deliveries), '', char(1114111));

-- Sums per day in Beijing: payments that are not returned by `paid_at`, refunds that succeeded by `ended_at`. The
-- triggers keep the rows that the walk has passed; the walk adds the others when it comes to them.
CREATE TABLE days (
  day          TEXT    NOT NULL PRIMARY KEY,
  payments     INTEGER NOT NULL DEFAULT 0,
  paid_fee     INTEGER NOT NULL DEFAULT 0,
  refunds      INTEGER NOT NULL DEFAULT 0,
  refunded_fee INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TRIGGER days_payment_inserted AFTER INSERT ON payments
WHEN NEW.returned = 0
  AND NEW.transaction_id <= (SELECT position FROM walks WHERE name = 'days.payments')
BEGIN
  INSERT INTO days (day, payments, paid_fee)
  VALUES (date(NEW.paid_at + 28800, 'unixepoch'), 1, NEW.total_fee)
  ON CONFLICT (day) DO UPDATE SET payments = payments + 1, paid_fee = paid_fee + excluded.paid_fee;
END;

CREATE TRIGGER days_payment_changed AFTER UPDATE OF returned, paid_at, total_fee ON payments
WHEN NEW.transaction_id <= (SELECT position FROM walks WHERE name = 'days.payments')
BEGIN
  UPDATE days SET payments = payments - 1, paid_fee = paid_fee - OLD.total_fee
  WHERE OLD.returned = 0 AND day = date(OLD.paid_at + 28800, 'unixepoch');
  INSERT INTO days (day, payments, paid_fee)
  SELECT date(NEW.paid_at + 28800, 'unixepoch'), 1, NEW.total_fee WHERE NEW.returned = 0
  ON CONFLICT (day) DO UPDATE SET payments = payments + 1, paid_fee = paid_fee + excluded.paid_fee;
END;

CREATE TRIGGER days_refund_inserted AFTER INSERT ON refunds
WHEN NEW.state = 'succeeded'
  AND NEW.out_refund_no <= (SELECT position FROM walks WHERE name = 'days.refunds')
BEGIN
  INSERT INTO days (day, refunds, refunded_fee)
  VALUES (date(NEW.ended_at + 28800, 'unixepoch'), 1, NEW.refund_fee)
  ON CONFLICT (day) DO UPDATE SET refunds = refunds + 1, refunded_fee = refunded_fee + excluded.refunded_fee;
END;

CREATE TRIGGER days_refund_changed AFTER UPDATE OF state, ended_at, refund_fee ON refunds
WHEN 'succeeded' IN (OLD.state, NEW.state)
  AND NEW.out_refund_no <= (SELECT position FROM walks WHERE name = 'days.refunds')
BEGIN
  UPDATE days SET refunds = refunds - 1, refunded_fee = refunded_fee - OLD.refund_fee
  WHERE OLD.state = 'succeeded' AND day = date(OLD.ended_at + 28800, 'unixepoch');
  INSERT INTO days (day, refunds, refunded_fee)
  SELECT date(NEW.ended_at + 28800, 'unixepoch'), 1, NEW.refund_fee WHERE NEW.state = 'succeeded'
  ON CONFLICT (day) DO UPDATE SET refunds = refunds + 1, refunded_fee = refunded_fee + excluded.refunded_fee;
END;
