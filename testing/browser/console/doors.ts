/** How the browser tests reach into the Worker of `worker.ts`, whose module may export nothing but the Worker. */

/** Statements for the database, all in one batch. */
export const SQL_PATH = '/_test/sql'
/** Variables of this request, as JSON. `null` takes a variable or binding away; `"DB": "away"` makes the database fail. */
export const VARS_HEADER = 'x-test-vars'

/** One statement with its values. */
export type Sql = readonly [text: string, ...values: (string | number | null)[]]
