-- Orders, their attempts at WeChat, the payments, and what happened. Times are Unix seconds, money is fen.
-- WITHOUT ROWID: a text key on a rowid table would be a second tree to write.

CREATE TABLE orders (
  ordercode      TEXT    NOT NULL PRIMARY KEY,
  state          TEXT    NOT NULL CHECK (state IN ('created', 'paying', 'paid', 'closed')),
  revision       INTEGER NOT NULL CHECK (revision >= 1),
  total_fee      INTEGER NOT NULL CHECK (total_fee BETWEEN 1 AND 1000000000),
  body           TEXT    NOT NULL,
  attach         TEXT,
  detail         TEXT,
  goods_tag      TEXT,
  limit_pay      TEXT,
  openid         TEXT,
  expires_in     INTEGER NOT NULL,
  created_at     INTEGER NOT NULL,
  expires_at     INTEGER NOT NULL,
  extended       INTEGER NOT NULL DEFAULT 0 CHECK (extended IN (0, 1)),
  transaction_id TEXT,
  paid_at        INTEGER,
  closed_at      INTEGER,
  -- When the order expires, or is to be looked at again after that; NULL once it is over.
  due_at         INTEGER,
  CHECK ((state = 'paid') = (transaction_id IS NOT NULL)),
  CHECK ((state = 'paid') = (paid_at IS NOT NULL)),
  CHECK (state NOT IN ('paid', 'closed') OR due_at IS NULL)
) STRICT, WITHOUT ROWID;

CREATE INDEX orders_due ON orders (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE attempts (
  -- The out_trade_no is the ordercode, and from the second attempt on `*` and the number behind it.
  ordercode         TEXT    NOT NULL REFERENCES orders (ordercode),
  number            INTEGER NOT NULL CHECK (number BETWEEN 1 AND 20),
  state             TEXT    NOT NULL CHECK (state IN ('open', 'closing', 'closed', 'paid')),
  -- Frozen before unifiedorder is first sent: WeChat refuses a second call that differs.
  appid             TEXT    NOT NULL,
  mch_id            TEXT    NOT NULL,
  openid            TEXT    NOT NULL,
  spbill_create_ip  TEXT    NOT NULL,
  total_fee         INTEGER NOT NULL CHECK (total_fee BETWEEN 1 AND 1000000000),
  body              TEXT    NOT NULL,
  attach            TEXT,
  detail            TEXT,
  goods_tag         TEXT,
  limit_pay         TEXT,
  notify_url        TEXT    NOT NULL,
  sign_type         TEXT    NOT NULL CHECK (sign_type IN ('MD5', 'HMAC-SHA256')),
  time_start        INTEGER NOT NULL,
  time_expire       INTEGER NOT NULL,
  -- What came of it.
  sent_at           INTEGER NOT NULL,
  answered_at       INTEGER,
  prepay_id         TEXT,
  prepay_expires_at INTEGER,
  code_hash         TEXT,
  code_at           INTEGER,
  closed_at         INTEGER,
  -- When WeChat is to be asked about it again.
  due_at            INTEGER,
  CHECK ((prepay_id IS NULL) = (prepay_expires_at IS NULL)),
  CHECK ((state = 'closed') <= (closed_at IS NOT NULL)),
  PRIMARY KEY (ordercode, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX attempts_due ON attempts (due_at) WHERE due_at IS NOT NULL;

-- One attempt at a time may be payable. The code sees to it; so does this.
CREATE UNIQUE INDEX attempts_live ON attempts (ordercode) WHERE state IN ('open', 'closing');

CREATE TABLE payments (
  transaction_id TEXT    NOT NULL PRIMARY KEY,
  ordercode      TEXT    NOT NULL,
  number         INTEGER NOT NULL,
  -- 1 for money beyond the payment that made the order paid, which the order itself names.
  further        INTEGER NOT NULL DEFAULT 0 CHECK (further IN (0, 1)),
  openid         TEXT    NOT NULL,
  trade_type     TEXT    NOT NULL,
  fee_type       TEXT    NOT NULL,
  total_fee      INTEGER NOT NULL CHECK (total_fee > 0),
  cash_fee       INTEGER,
  bank_type      TEXT,
  paid_at        INTEGER NOT NULL,
  FOREIGN KEY (ordercode, number) REFERENCES attempts (ordercode, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX payments_further ON payments (ordercode) WHERE further = 1;

-- What happened, one row for each revision of an order. `data` is JSON.
CREATE TABLE events (
  ordercode TEXT    NOT NULL REFERENCES orders (ordercode),
  revision  INTEGER NOT NULL,
  type      TEXT    NOT NULL,
  at        INTEGER NOT NULL,
  data      TEXT    NOT NULL,
  PRIMARY KEY (ordercode, revision)
) STRICT, WITHOUT ROWID;

-- Runs of the cron.
CREATE TABLE runs (
  id          INTEGER PRIMARY KEY,
  started_at  INTEGER NOT NULL,
  finished_at INTEGER,
  report      TEXT
) STRICT;
