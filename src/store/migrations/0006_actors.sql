-- Who caused it: shop, system, wechat, payer, or the name of an operator. NULL in rows from before this migration,
-- and in those that the version before still writes after it: the code derives their actor
-- (src/store/d1/earlier-actors.ts). No row is written anew, however many there are.
ALTER TABLE events ADD COLUMN actor TEXT;
-- Who requested it.
ALTER TABLE refunds ADD COLUMN actor TEXT;
-- Who opened it; once it is resolved, who resolved it.
ALTER TABLE reviews ADD COLUMN actor TEXT;
