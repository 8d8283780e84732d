-- What a comparison of a day that is run again has not found again yet. When it ends, what is still stale is deleted.
ALTER TABLE bill_differences ADD COLUMN stale INTEGER NOT NULL DEFAULT 0 CHECK (stale IN (0, 1));

-- The refunds that a day's bill contains, as payments_billed has the payments.
CREATE INDEX refunds_billed ON refunds (billed_on) WHERE billed_on IS NOT NULL;
