-- Webhooks to the shop, what a person must look at, and the index behind `GET /orders`.

-- One row for each fact that the shop is told, written in the batch that makes the fact true.
CREATE TABLE deliveries (
  -- The webhook-id. It derives from the fact, so it is the same on every try and after a restore.
  id           TEXT    NOT NULL PRIMARY KEY,
  type         TEXT    NOT NULL,
  -- What it is about: a transaction_id, an ordercode, a review.
  subject      TEXT    NOT NULL,
  ordercode    TEXT,
  -- The order's revision at which the fact came true.
  revision     INTEGER,
  state        TEXT    NOT NULL CHECK (state IN ('pending', 'delivered', 'given_up', 'no_target')),
  created_at   INTEGER NOT NULL,
  due_at       INTEGER,
  tries        INTEGER NOT NULL DEFAULT 0,
  -- Rungs of the ladder used up; a resend begins again.
  step         INTEGER NOT NULL DEFAULT 0,
  tried_at     INTEGER,
  -- The target's HTTP status, or why there was none.
  last_status  INTEGER,
  last_error   TEXT,
  delivered_at INTEGER,
  -- Frozen with the note of the first try: every later one sends the same bytes.
  body         TEXT,
  CHECK ((state = 'pending') = (due_at IS NOT NULL)),
  CHECK ((state = 'delivered') = (delivered_at IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX deliveries_due ON deliveries (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX deliveries_created ON deliveries (created_at);
CREATE INDEX deliveries_given_up ON deliveries (created_at) WHERE state = 'given_up';

-- Opened once for each fact, however often WeChat repeats itself.
CREATE TABLE reviews (
  -- The kind, and what it is about.
  id          TEXT    NOT NULL PRIMARY KEY,
  kind        TEXT    NOT NULL,
  subject     TEXT    NOT NULL,
  ordercode   TEXT,
  -- JSON: what was seen and what was expected.
  evidence    TEXT    NOT NULL,
  opened_at   INTEGER NOT NULL,
  resolved_at INTEGER,
  action      TEXT,
  note        TEXT,
  CHECK ((resolved_at IS NULL) = (note IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX reviews_opened ON reviews (opened_at);
CREATE INDEX reviews_open ON reviews (opened_at) WHERE resolved_at IS NULL;
CREATE INDEX reviews_of_order ON reviews (ordercode) WHERE ordercode IS NOT NULL;

CREATE INDEX orders_created ON orders (created_at);
CREATE INDEX orders_closed ON orders (created_at) WHERE state = 'closed';

-- 1 when the shop was told that the money goes back.
ALTER TABLE payments ADD COLUMN returned INTEGER NOT NULL DEFAULT 0 CHECK (returned IN (0, 1));

-- When WeChat was last asked because a payer asked us.
ALTER TABLE attempts ADD COLUMN asked_at INTEGER;
