/** What a stand-in account has. Tests read it, and put things there that were made before. */
import { randomUUID } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'

export type Binding = Readonly<{ type: string; name: string }> & Readonly<Record<string, unknown>>

export type DeployedWorker = {
  bindings: Binding[]
  /** The values, which Cloudflare never shows. */
  secrets: Map<string, string>
  schedules: unknown
  versions: { id: string; bindings: readonly Binding[] }[]
  deployments: { id: string; versions: unknown }[]
  subdomain: unknown
}

export type Database = Readonly<{
  uuid: string
  name: string
  location: unknown
  sql: DatabaseSync
}>

export type StandInAccount = {
  accounts: { id: string; name: string }[]
  zones: { id: string; name: string }[]
  dnsRecords: { name: string; type: string; content: string }[]
  databases: Database[]
  namespaces: { id: string; title: string }[]
  certificates: { id: string; name: string; serial_number: string; expires_on: string }[]
  workers: Map<string, DeployedWorker>
  /** Custom domains: which Worker has each. */
  domains: Map<string, string>
}

export const ACCOUNT_ID = 'a'.repeat(32)

/** One account "Shop" with the zone example.com, and nothing in it. */
export const emptyAccount = (): StandInAccount => ({
  accounts: [{ id: ACCOUNT_ID, name: 'Shop' }],
  zones: [{ id: 'b'.repeat(32), name: 'example.com' }],
  dnsRecords: [],
  databases: [],
  namespaces: [],
  certificates: [],
  workers: new Map(),
  domains: new Map(),
})

export const newDatabase = (name: string, location?: unknown): Database => ({
  uuid: randomUUID(),
  name,
  location,
  sql: new DatabaseSync(':memory:'),
})

export const newNamespace = (title: string) => ({ id: randomUUID().replaceAll('-', ''), title })

/** What the first `wrangler secret put` makes: a Worker without code. */
export const draftWorker = (secrets: Readonly<Record<string, string>> = {}): DeployedWorker => ({
  bindings: Object.keys(secrets).map((name) => ({ type: 'secret_text', name })),
  secrets: new Map(Object.entries(secrets)),
  schedules: [],
  versions: [],
  deployments: [],
  subdomain: { enabled: false, previews_enabled: false },
})
