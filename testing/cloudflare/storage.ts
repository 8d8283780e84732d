/** Databases, KV namespaces and certificates of the stand-in. SQL runs in SQLite, so that migrations are real. */
import { randomUUID, X509Certificate } from 'node:crypto'
import type { SQLInputValue } from 'node:sqlite'
import { type Database, newDatabase, newNamespace } from './account.ts'
import { type Answer, field, fields, no, ok, page, type Route } from './answer.ts'

const shown = ({ uuid, name }: Database) => ({ uuid, name, version: 'production' })

const noDatabase = (name: string): Answer =>
  no(404, 7404, `The database ${name} could not be found`)

type Statement = Readonly<{ sql: string; params?: readonly SQLInputValue[] }>

/** Runs statements as D1's `/query` does: one answer for each. A text with several statements is one script. */
function query({ sql: database }: Database, statements: readonly Statement[]): Answer {
  try {
    return ok(
      statements.map(({ sql, params = [] }) => {
        const isScript = params.length === 0 && !/^\s*(SELECT|PRAGMA)\b/i.test(sql)
        const results = isScript ? (database.exec(sql), []) : database.prepare(sql).all(...params)
        return { success: true, results, meta: { duration: 1, rows_read: 0, rows_written: 0 } }
      }),
    )
  } catch (error) {
    return no(400, 7500, error instanceof Error ? error.message : String(error))
  }
}

export const STORAGE: readonly Route[] = [
  [
    'GET',
    /^\/d1\/database$/,
    ({ databases }, call) => {
      const part = call.query.get('name') ?? ''
      return page(databases.filter(({ name }) => name.includes(part)).map(shown), call)
    },
  ],
  [
    'POST',
    /^\/d1\/database$/,
    ({ databases }, call) => {
      const name = field(call, 'name')
      if (databases.some((each) => each.name === name)) {
        return no(400, 7502, 'A database with that name already exists')
      }
      const made = newDatabase(name, fields(call)['primary_location_hint'])
      databases.push(made)
      return ok({ ...shown(made), created_in_region: 'APAC' })
    },
  ],
  [
    'GET',
    /^\/d1\/database\/([^/]+)$/,
    ({ databases }, _call, key) => {
      const found = databases.find(({ uuid, name }) => uuid === key || name === key)
      return found === undefined ? noDatabase(key) : ok(shown(found))
    },
  ],
  [
    'POST',
    /^\/d1\/database\/([^/]+)\/query$/,
    ({ databases }, call, key) => {
      const found = databases.find(({ uuid }) => uuid === key)
      if (found === undefined) return noDatabase(key)
      const { batch } = fields(call)
      return query(found, (batch ?? [call.json]) as readonly Statement[])
    },
  ],
  ['GET', /^\/storage\/kv\/namespaces$/, ({ namespaces }, call) => page(namespaces, call)],
  [
    'POST',
    /^\/storage\/kv\/namespaces$/,
    ({ namespaces }, call) => {
      const title = field(call, 'title')
      if (namespaces.some((each) => each.title === title)) {
        return no(400, 10014, 'a namespace with this account ID and title already exists')
      }
      const made = newNamespace(title)
      namespaces.push(made)
      return ok(made)
    },
  ],
  [
    'GET',
    /^\/storage\/kv\/namespaces\/([^/]+)$/,
    ({ namespaces }, _call, key) => {
      const found = namespaces.find(({ id }) => id === key)
      return found === undefined ? no(404, 10013, 'namespace not found') : ok(found)
    },
  ],
  ['GET', /^\/mtls_certificates$/, ({ certificates }, call) => page(certificates, call)],
  [
    'POST',
    /^\/mtls_certificates$/,
    ({ certificates }, call) => {
      const read = new X509Certificate(field(call, 'certificates'))
      const made = {
        id: randomUUID(),
        name: field(call, 'name'),
        issuer: read.issuer,
        serial_number: BigInt(`0x${read.serialNumber}`).toString(),
        expires_on: new Date(read.validTo).toISOString(),
        uploaded_on: new Date().toISOString(),
      }
      certificates.push(made)
      return ok(made)
    },
  ],
]
