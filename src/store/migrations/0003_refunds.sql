-- Refunds. Times are Unix seconds, money is fen.

CREATE TABLE refunds (
  -- Unique for the whole merchant, at WeChat as here.
  out_refund_no  TEXT    NOT NULL PRIMARY KEY,
  ordercode      TEXT    NOT NULL REFERENCES orders (ordercode),
  transaction_id TEXT    NOT NULL REFERENCES payments (transaction_id),
  state          TEXT    NOT NULL
    CHECK (state IN ('requested', 'processing', 'succeeded', 'refused', 'abnormal', 'closed')),
  -- Frozen before it is first sent: the same number goes out with the same words on every try.
  refund_fee     INTEGER NOT NULL CHECK (refund_fee BETWEEN 1 AND total_fee),
  total_fee      INTEGER NOT NULL,
  reason         TEXT,
  notify_url     TEXT,
  source         TEXT    NOT NULL
    CHECK (source IN ('shop', 'operator', 'automatic', 'merchant_platform')),
  requested_at   INTEGER NOT NULL,
  -- What came of it.
  started_at     INTEGER,
  accepted_at    INTEGER,
  ended_at       INTEGER,
  refund_id      TEXT,
  received_by    TEXT,
  err_code       TEXT,
  err_code_des   TEXT,
  -- Somebody is sending it until then; and when it was last sent without an answer.
  sending_until  INTEGER,
  unanswered_at  INTEGER,
  -- When it is to be sent, or asked about, next.
  due_at         INTEGER,
  -- The day of the bill that has it.
  billed_on      TEXT,
  CHECK ((state IN ('succeeded', 'refused', 'closed')) = (ended_at IS NOT NULL)),
  CHECK (state NOT IN ('succeeded', 'refused', 'closed') OR due_at IS NULL)
) STRICT, WITHOUT ROWID;

CREATE INDEX refunds_due ON refunds (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX refunds_of_order ON refunds (ordercode);

-- Never more than was paid. The code sees to it; so does this.
CREATE TRIGGER refunds_fit_payment BEFORE INSERT ON refunds
WHEN NEW.state = 'requested'
BEGIN
  SELECT RAISE(ABORT, 'refunds exceed the payment')
  WHERE NEW.refund_fee + (
    SELECT coalesce(sum(refund_fee), 0) FROM refunds
    WHERE ordercode = NEW.ordercode AND transaction_id = NEW.transaction_id
      AND state NOT IN ('refused', 'closed')
  ) > (SELECT total_fee FROM payments WHERE transaction_id = NEW.transaction_id);
END;
