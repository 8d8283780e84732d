-- WeChat's daily bills: how far each was compared, and in what it differs from the books.

-- The day of the bill that has it.
ALTER TABLE payments ADD COLUMN billed_on TEXT;

-- What is in a day's bill, and what is in none. It takes the place of a unique index, so that a paid order
-- costs no more rows.
DROP INDEX attempts_live;
CREATE INDEX payments_billed ON payments (billed_on, paid_at);

-- One attempt at a time may be payable. The code sees to it; so does this.
CREATE TRIGGER attempts_one_live BEFORE INSERT ON attempts
WHEN NEW.state IN ('open', 'closing')
BEGIN
  SELECT RAISE(ABORT, 'another attempt is live')
  WHERE EXISTS (
    SELECT 1 FROM attempts WHERE ordercode = NEW.ordercode AND state IN ('open', 'closing'));
END;

CREATE TRIGGER attempts_never_reopen BEFORE UPDATE OF state ON attempts
WHEN NEW.state IN ('open', 'closing') AND OLD.state IN ('closed', 'paid')
BEGIN
  SELECT RAISE(ABORT, 'an attempt that is over is over');
END;

CREATE INDEX refunds_accepted ON refunds (accepted_at) WHERE accepted_at IS NOT NULL;

CREATE TABLE bills (
  -- A day in Beijing, as in 2026-11-22.
  day           TEXT    NOT NULL PRIMARY KEY,
  state         TEXT    NOT NULL
    CHECK (state IN ('waiting', 'comparing', 'settling', 'reconciled', 'unavailable')),
  -- When it is to be worked on next, and who is at it now.
  due_at        INTEGER,
  leased_until  INTEGER,
  -- Runs since it got any further, and why the last one did not.
  tries         INTEGER NOT NULL DEFAULT 0,
  last_error    TEXT,
  -- Of the bill as WeChat sent it; the raw bytes are in the archive.
  fetched_at    INTEGER,
  parts         INTEGER NOT NULL DEFAULT 0,
  bytes         INTEGER NOT NULL DEFAULT 0,
  -- Rows compared so far, and what they sum up to: JSON.
  rows_done     INTEGER NOT NULL DEFAULT 0,
  counts        TEXT    NOT NULL,
  reconciled_at INTEGER,
  CHECK ((state IN ('reconciled', 'unavailable')) = (due_at IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX bills_due ON bills (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE bill_differences (
  day       TEXT NOT NULL REFERENCES bills (day),
  kind      TEXT NOT NULL,
  -- A transaction_id, an out_refund_no, the number of a row, the name of a sum.
  subject   TEXT NOT NULL,
  ordercode TEXT,
  -- Both sides, JSON; NULL where one does not know it.
  bill      TEXT,
  books     TEXT,
  -- What came of it; NULL as long as WeChat is to be asked. `collected`: one review for very many.
  outcome   TEXT CHECK (outcome IN ('booked', 'review', 'collected')),
  tries     INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (day, kind, subject)
) STRICT, WITHOUT ROWID;

CREATE INDEX bill_differences_open ON bill_differences (day) WHERE outcome IS NULL;
-- What one day's bill missed, another day's need not be found to miss again.
CREATE INDEX bill_differences_of ON bill_differences (subject);
