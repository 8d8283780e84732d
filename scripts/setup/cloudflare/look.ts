/** Looks into the account. Nothing here changes anything. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import * as v from 'valibot'
import { type Cloudflare, Refused } from './api.ts'
import { Stop, text } from '../words.ts'
import type { World } from '../world.ts'
import { withStaging } from '../toml/wrangler-edits.ts'
import { hasEnvironment, type Installation, readInstallation } from '../toml/wrangler-file.ts'

/** The place of a look: an account and how to ask it. */
export type Place = Pick<World, 'cloudflare' | 'account'>

const at = ({ account }: Pick<World, 'account'>, path: string): string =>
  `/accounts/${account.id}${path}`

/** Turns "there is no such thing" into undefined. */
async function orAbsent<T>(look: Promise<T>): Promise<T | undefined> {
  try {
    return await look
  } catch (error) {
    if (error instanceof Refused && error.isAbsent) return undefined
    throw error
  }
}

/** wrangler.toml as it is now, with `[env.staging]` added if it is wanted and missing. */
export function fileNow(world: Pick<World, 'configPath' | 'environment'>): string {
  const now = readFileSync(world.configPath, 'utf8')
  return world.environment === undefined || hasEnvironment(now, world.environment)
    ? now
    : withStaging(now)
}

export const installationNow = (world: Pick<World, 'configPath' | 'environment'>): Installation =>
  readInstallation(fileNow(world), world.environment)

const elsewhere = (what: string, id: string, world: Pick<World, 'account'>): Stop =>
  new Stop(
    text(
      `wrangler.toml names the ${what} ${id}, which is not in the account "${world.account.name}". Log in to the right account, or remove the id from wrangler.toml.`,
      `wrangler.toml 中的 ${what} ${id} 不属于账号“${world.account.name}”。请登录正确的账号，或从 wrangler.toml 删除该 id。`,
    ),
  )

const Database = v.looseObject({ uuid: v.string(), name: v.string() })

/** The id of the database of wrangler.toml; undefined when there is none yet. */
export async function databaseId(world: World): Promise<string | undefined> {
  const { database } = installationNow(world)
  if (database.id !== undefined) {
    const path = at(world, `/d1/database/${database.id}`)
    const found = await orAbsent(world.cloudflare.get(path, Database))
    if (found === undefined) throw elsewhere('database', database.id, world)
    return found.uuid
  }
  const path = at(world, `/d1/database?name=${encodeURIComponent(database.name)}`)
  const all = await world.cloudflare.list(path, Database)
  return all.find(({ name }) => name === database.name)?.uuid
}

const Rows = v.pipe(
  v.array(v.looseObject({ results: v.optional(v.array(v.record(v.string(), v.unknown())), []) })),
  v.minLength(1),
)

/** The names of the migrations that the database lacks. */
export async function missingMigrations(
  world: World,
  database: string,
): Promise<readonly string[]> {
  const names = async (sql: string): Promise<readonly unknown[]> => {
    const path = at(world, `/d1/database/${database}/query`)
    const [answer] = await world.cloudflare.ask(path, { sql, params: [] }, Rows)
    return (answer?.results ?? []).map(({ name }) => name)
  }
  const tables = await names("SELECT name FROM sqlite_master WHERE name = 'd1_migrations'")
  const applied = tables.length === 0 ? [] : await names('SELECT name FROM d1_migrations')
  const { migrations } = installationNow(world).database
  return readdirSync(join(dirname(world.configPath), migrations))
    .filter((name) => name.endsWith('.sql') && !applied.includes(name))
    .toSorted()
}

const Namespace = v.looseObject({ id: v.string(), title: v.string() })

/**
 * The KV namespace that an earlier deploy left behind: it has the title that wrangler would take, and the Worker has no binding to
 * it. wrangler never looks by title, so without its id every deploy would fail.
 */
export async function orphanedNamespace(world: World): Promise<string | undefined> {
  const { kvId, worker } = installationNow(world)
  if (kvId !== undefined) {
    const path = at(world, `/storage/kv/namespaces/${kvId}`)
    const found = await orAbsent(world.cloudflare.get(path, Namespace))
    if (found === undefined) throw elsewhere('KV namespace', kvId, world)
    return undefined
  }
  const bindings = await workerBindings(world, worker)
  if (bindings?.some(({ type, name }) => type === 'kv_namespace' && name === 'KV') === true) {
    return undefined
  }
  const all = await world.cloudflare.list(at(world, '/storage/kv/namespaces'), Namespace)
  return all.find(({ title }) => title === `${worker}-kv`)?.id
}

const WorkerBinding = v.looseObject({ type: v.string(), name: v.string() })
const Settings = v.looseObject({ bindings: v.optional(v.array(WorkerBinding), []) })
export type WorkerBinding = v.InferOutput<typeof WorkerBinding>

/** The bindings of the deployed Worker; undefined when there is no such Worker. */
export async function workerBindings(
  place: Place,
  worker: string,
): Promise<readonly WorkerBinding[] | undefined> {
  const path = at(place, `/workers/scripts/${worker}/settings`)
  return (await orAbsent(place.cloudflare.get(path, Settings)))?.bindings
}

/** The names of the Worker's secrets; none when there is no Worker. */
export async function secretNames(place: Place, worker: string): Promise<readonly string[]> {
  const path = at(place, `/workers/scripts/${worker}/secrets`)
  const found = await orAbsent(
    place.cloudflare.get(path, v.array(v.looseObject({ name: v.string() }))),
  )
  return (found ?? []).map(({ name }) => name)
}

const UploadedCertificate = v.looseObject({
  id: v.string(),
  serial_number: v.optional(v.string()),
  expires_on: v.optional(v.string()),
})

/** The id of the uploaded certificate with this serial number; undefined when it was not uploaded. */
export async function uploadedCertificate(
  world: World,
  serial: bigint,
): Promise<string | undefined> {
  const all = await world.cloudflare.list(at(world, '/mtls_certificates'), UploadedCertificate)
  // Cloudflare's documents show a decimal number; hexadecimal is what most tools show.
  const forms = [serial.toString(), serial.toString(16)]
  return all.find(({ serial_number: number = '' }) =>
    forms.includes(number.toLowerCase().replaceAll(':', '').replace(/^0+/, '')),
  )?.id
}

/** @throws Stop when the certificate that wrangler.toml binds is not in the account. */
export async function requireCertificate(world: World, id: string): Promise<void> {
  const all = await world.cloudflare.list(at(world, '/mtls_certificates'), UploadedCertificate)
  if (!all.some((each) => each.id === id)) throw elsewhere('certificate', id, world)
}

const Accounts = v.looseObject({ id: v.string(), name: v.string() })

export const accountsOf = (cloudflare: Cloudflare) => cloudflare.list('/accounts', Accounts)
