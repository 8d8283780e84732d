/** What the setup writes into `wrangler.toml`, proven by reading it again, and shown as a diff. */
import { diff, isDeepStrictEqual } from 'node:util'
import { parse } from 'smol-toml'
import { stagingBlock } from './staging.ts'
import { addCertificate, routesOf, setInArray, setRoutes, setString } from './toml-lines.ts'
import { Stop, text as words } from '../words.ts'
import {
  domainOf,
  type Environment,
  readFile,
  readInstallation,
  type Section,
} from './wrangler-file.ts'

/** Adds `[env.staging]` at the end. */
export const withStaging = (text: string): string =>
  `${text.trimEnd()}\n\n${stagingBlock(readFile(text))}`

/** What shall stand in the file. Absent keys stay as they are. */
export type Wanted = Readonly<{
  accountId?: string
  vars?: Readonly<Record<string, string>>
  kvId?: string
  certificateId?: string
  /** The custom domain; `null` for none. */
  domain?: string | null
}>

/**
 * Changes the lines of one environment.
 *
 * @returns the new text. @throws Stop when the lines are not as expected. What stands there then must be changed by hand.
 */
export function edit(text: string, environment: Environment, wanted: Wanted): string {
  const prefix = environment === undefined ? '' : `env.${environment}.`
  const table = environment === undefined ? '' : `env.${environment}`
  const now = readInstallation(text, environment)
  let next = text
  if (wanted.accountId !== undefined) next = setString(next, '', 'account_id', wanted.accountId)
  for (const [name, value] of Object.entries(wanted.vars ?? {})) {
    if (now.vars[name] !== value) next = setString(next, `${prefix}vars`, name, value)
  }
  if (wanted.kvId !== undefined) {
    next = setInArray(next, `${prefix}kv_namespaces`, 'KV', 'id', wanted.kvId)
  }
  if (wanted.certificateId !== undefined) {
    const array = `${prefix}mtls_certificates`
    next =
      now.certificateId === undefined
        ? addCertificate(next, array, wanted.certificateId)
        : setInArray(next, array, 'WX_CERT', 'certificate_id', wanted.certificateId)
  }
  if (wanted.domain !== undefined && domainOf(now.routes) !== (wanted.domain ?? undefined)) {
    next = setRoutes(next, table, routesLine(environment, wanted.domain, now.routes))
  }
  prove(text, next, environment, wanted)
  return next
}

/** An environment without a line of its own would inherit the domain of the top level. */
function routesLine(
  environment: Environment,
  domain: string | null,
  now: Section['routes'],
): string {
  if (domain !== null) return routesOf(domain)
  return environment === undefined ? `# ${routesOf(domainOf(now) ?? '')}` : 'routes = []'
}

/** Reads both texts, makes the same change to the data, and compares. */
function prove(before: string, after: string, environment: Environment, wanted: Wanted): void {
  const expected = structuredClone(parse(before)) as Record<string, unknown>
  const section = sectionOf(expected, environment)
  if (wanted.accountId !== undefined) expected['account_id'] = wanted.accountId
  if (Object.keys(wanted.vars ?? {}).length > 0) {
    section['vars'] = Object.assign({}, section['vars'], wanted.vars)
  }
  if (wanted.kvId !== undefined) {
    section['kv_namespaces'] = withKey(section['kv_namespaces'], 'KV', 'id', wanted.kvId)
  }
  if (wanted.certificateId !== undefined) {
    const now = section['mtls_certificates'] ?? [{ binding: 'WX_CERT' }]
    section['mtls_certificates'] = withKey(now, 'WX_CERT', 'certificate_id', wanted.certificateId)
  }
  if (wanted.domain !== undefined) {
    const route = { pattern: wanted.domain, custom_domain: true }
    if (wanted.domain !== null) section['routes'] = [route]
    else if (environment === undefined) delete section['routes']
    else section['routes'] = []
  }
  if (isDeepStrictEqual(plain(expected), parsedOrNot(after))) return
  throw new Stop(
    words(
      `wrangler.toml is written in a way that the setup cannot change safely. Change it by hand, then go on: ${JSON.stringify(wanted)}`,
      `setup 无法安全地修改这种写法的 wrangler.toml。请手动修改后继续：${JSON.stringify(wanted)}`,
    ),
  )
}

/** The data of an edited text; undefined when the edit made it invalid. */
function parsedOrNot(text: string): unknown {
  try {
    return plain(parse(text))
  } catch {
    return undefined
  }
}

/** Without prototypes, which the two ways to an object differ in. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown

function sectionOf(
  file: Record<string, unknown>,
  environment: Environment,
): Record<string, unknown> {
  if (environment === undefined) return file
  const { env } = file as { env: Record<string, Record<string, unknown>> }
  return env[environment] ?? {}
}

const withKey = (array: unknown, binding: string, key: string, value: string): unknown[] =>
  (array as Record<string, unknown>[]).map((each) =>
    each['binding'] === binding ? { ...each, [key]: value } : each,
  )

/** The changed lines with their numbers: `12 - old`, `12 + new`. */
export function diffLines(before: string, after: string): readonly string[] {
  const lines: string[] = []
  const at = { old: 0, new: 0 }
  for (const [side, line] of diff(before.split('\n'), after.split('\n'))) {
    if (side !== -1) at.old++
    if (side !== 1) at.new++
    if (side === 0) continue
    const [number, sign] = side === 1 ? [at.old, '-'] : [at.new, '+']
    lines.push(`${String(number).padStart(4)} ${sign} ${line}`.trimEnd())
  }
  return lines
}
