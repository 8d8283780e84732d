-- A fact that happens anew after its review was resolved opens another review.

-- When the fact was found to be over. Only facts that are looked for again have it: differences of bills, and
-- refunds that wait.
ALTER TABLE reviews ADD COLUMN ended_at INTEGER;

-- The reviews about one fact.
CREATE INDEX reviews_of_fact ON reviews (kind, subject);

-- Differences that were gone when their day was last reconciled.
UPDATE reviews SET ended_at = resolved_at
WHERE resolved_at IS NOT NULL AND kind = 'bill_difference'
  AND EXISTS (SELECT 1 FROM bills WHERE day = substr(reviews.subject, 1, 10) AND state = 'reconciled')
  AND subject NOT IN (
    SELECT day || '.' || kind || iif(outcome = 'collected', '', '.' || subject)
    FROM bill_differences WHERE outcome IN ('review', 'collected'));

-- Which run leased a webhook. By it, a claim that D1 executes twice finds the rows of the first time.
ALTER TABLE deliveries ADD COLUMN claimed_by TEXT;

-- The reviews of facts that are looked for again and are not over: differences of bills, and refunds that wait.
CREATE INDEX reviews_of_bills ON reviews (subject) WHERE kind = 'bill_difference' AND ended_at IS NULL;
CREATE INDEX reviews_waiting_on ON reviews (subject) WHERE kind = 'refund_waiting' AND ended_at IS NULL;
UPDATE reviews SET ended_at = resolved_at
WHERE kind = 'refund_waiting' AND note LIKE 'resolved automatically: %';
