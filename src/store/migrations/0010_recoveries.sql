-- Recoveries after a restore of the database. Times are Unix seconds.

CREATE TABLE recoveries (
  -- The time to which the database was restored.
  since        INTEGER NOT NULL PRIMARY KEY,
  requested_at INTEGER NOT NULL,
  -- When nothing was left to do for it.
  finished_at  INTEGER
) STRICT;
