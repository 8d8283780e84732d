/** What the checks may read: WeChat's ledger, the rows of the database, and the webhooks that the shop received. */
import type { Capture, SimulatedOrder } from '../../../simulator/state/ledger.ts'
import type { SimulatedRefund } from '../../../simulator/state/refund.ts'
import type { Kept, Received } from '../actors/receiver.ts'
import type { SqlRow } from '../d1/sqlite.ts'
import type { Restores } from '../run/restores.ts'
import type { Audit, BillFaults, Leaks, Settings, World } from '../run/world.ts'
import type { AcceptedRefund } from './witness.ts'

/** Everything that the checks of a seed may read. Collected once, when the seed is over. */
export type Evidence = Readonly<{
  captures: readonly Capture[]
  wechatOrders: readonly SimulatedOrder[]
  wechatRefunds: readonly SimulatedRefund[]
  /** Refunds whose acceptance the Worker confirmed to the shop. */
  acceptedRefunds: readonly AcceptedRefund[]
  bills: BillFaults
  leaks: Leaks
  audits: readonly Audit[]
  /** Ordercodes whose registration the Worker confirmed to the shop. */
  registered: readonly string[]
  /** Every row of the Worker's database, by the table's name. `events` has those in the rows of their orders, too. */
  tables: Readonly<Record<string, readonly SqlRow[]>>
  /** The number of rows in the Worker's database that break a foreign key. */
  brokenReferences: number
  /** Webhooks that the shop's receiver stored. */
  received: readonly Received[]
  /** What the shop keeps of each order and refund, by ordercode or out_refund_no. */
  kept: ReadonlyMap<string, Kept>
  restores: Restores
  settings: Settings
}>

/** Reads all evidence from a world that is over. */
export function collect(world: World): Evidence {
  const { wechat, sqlite, witness, receiver, restores, settings, bills, leaks, audits } = world
  const names = sqlite
    .read("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    .map(({ name }) => String(name))
  return {
    captures: wechat.books.captures(),
    wechatOrders: wechat.books.orders(),
    wechatRefunds: wechat.books.refunds(),
    acceptedRefunds: witness.acceptedRefunds(),
    bills,
    leaks,
    audits,
    registered: witness.registered(),
    tables: {
      ...Object.fromEntries(names.map((name) => [name, sqlite.read(`SELECT * FROM ${name}`)])),
      events: sqlite.read('SELECT * FROM order_events ORDER BY ordercode, revision'),
    },
    received: receiver.received(),
    kept: receiver.kept(),
    restores,
    settings,
    brokenReferences: sqlite.read('PRAGMA foreign_key_check').length,
  }
}
