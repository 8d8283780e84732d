-- Refunds that are called off, the account that pays a refund, and refunds that are held back.

-- When the shop called the refund off. A row with this time and the state 'closed' is read as `cancelled`. The
-- time stays when WeChat makes the refund nevertheless.
ALTER TABLE refunds ADD COLUMN cancelled_at INTEGER;

-- The account that pays: NULL is WeChat's default, the payments that are not settled yet.
ALTER TABLE refunds ADD COLUMN refund_account TEXT CHECK (refund_account IN ('unsettled', 'available'));

-- Counts the leases of `sending_until`, so that no two have the same number. A holder writes only while its number is
-- the last one.
ALTER TABLE refunds ADD COLUMN lease_no INTEGER NOT NULL DEFAULT 0;

-- The sum of the refunds of one day, for REFUND_LIMIT_DAY.
CREATE INDEX refunds_requested ON refunds (requested_at);

-- The open review of a refund that waits, or of all refunds that are held back.
CREATE INDEX reviews_waiting ON reviews (subject) WHERE kind = 'refund_waiting' AND resolved_at IS NULL;
