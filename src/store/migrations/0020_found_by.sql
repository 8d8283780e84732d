-- How we heard of a payment first: notice, query, bill or operator. NULL for payments of before.
ALTER TABLE payments ADD COLUMN found_by TEXT;
