-- Attempts about which WeChat has not answered since a recovery began. A recovery is not finished before.
ALTER TABLE attempts ADD COLUMN is_recovering INTEGER;
CREATE INDEX attempts_recovering ON attempts (is_recovering) WHERE is_recovering IS NOT NULL;
