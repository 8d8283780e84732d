-- What was told to the operators' group: one row, as JSON (src/core/alert.ts).
CREATE TABLE alerts (
  id      INTEGER PRIMARY KEY CHECK (id = 1),
  version INTEGER NOT NULL,
  state   TEXT    NOT NULL
) STRICT;

-- When a message told of the review.
ALTER TABLE reviews ADD COLUMN told_at INTEGER;
CREATE INDEX reviews_untold ON reviews (opened_at) WHERE resolved_at IS NULL AND told_at IS NULL;
