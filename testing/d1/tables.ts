/** Every table, in an order in which the rows can be deleted under foreign keys. */
export const TABLES = [
  'bill_differences',
  'bills',
  'refunds',
  'reviews',
  'deliveries',
  'payments',
  'events',
  'attempts',
  'orders',
  'runs',
  'recoveries',
  'other_merchants',
  'days',
  'alerts',
  'checkups',
] as const

/** Deletes the rows of every table and keeps the schema. */
export async function emptyTables(db: D1Database): Promise<void> {
  await db.batch([
    ...TABLES.map((table) => db.prepare(`DELETE FROM ${table}`)),
    db.prepare("UPDATE walks SET position = '0' WHERE name = 'deliveries.taken_up'"),
  ])
}
