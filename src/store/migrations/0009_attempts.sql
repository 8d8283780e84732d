-- Whether a number at WeChat may be ours: another system of the merchant may use the same one.

-- When the earliest unifiedorder was sent whose answer was never stored, other than the last one (`sent_at`); NULL
-- when every earlier one was answered.
ALTER TABLE attempts ADD COLUMN unanswered_at INTEGER;

-- Of attempts that are live, or still asked about, it is not known. They count as sent without an answer, so they
-- are closed at WeChat as before.
UPDATE attempts SET unanswered_at = sent_at WHERE state IN ('open', 'closing');
UPDATE attempts SET unanswered_at = sent_at WHERE due_at IS NOT NULL AND unanswered_at IS NULL;
