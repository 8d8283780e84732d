-- The last run of the doctor: one row, as JSON (src/core/doctor/finding.ts).
CREATE TABLE checkups (
  id          INTEGER PRIMARY KEY CHECK (id = 1),
  at          INTEGER NOT NULL,
  is_thorough INTEGER NOT NULL,
  findings    TEXT    NOT NULL
) STRICT;
