-- Due webhooks in two classes: a backlog of news must not stand before what is about money. The expression is that of
-- IS_NEWS in src/store/deliveries.ts.
DROP INDEX deliveries_due;
CREATE INDEX deliveries_due ON deliveries (type IN ('order.closed', 'bill.reconciled'), due_at)
  WHERE due_at IS NOT NULL;

-- Until when runs use the budget of the free plan, because the platform refused more.
ALTER TABLE runs ADD COLUMN reduced_until INTEGER;
