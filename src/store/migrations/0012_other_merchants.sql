-- Merchant numbers other than WX_MCH_ID whose open work is set aside until the number is set back.

CREATE TABLE other_merchants (
  mch_id      TEXT    NOT NULL PRIMARY KEY,
  since       INTEGER NOT NULL,
  -- When the operator gave up the number, so that its attempts are closed without WeChat once they have expired.
  given_up_at INTEGER
) STRICT, WITHOUT ROWID;
