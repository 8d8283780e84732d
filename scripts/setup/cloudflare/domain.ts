/** Whether the Worker can have its domain, and from whom it would be taken. */
import * as v from 'valibot'
import { Refused } from './api.ts'
import { installationNow, workerBindings } from './look.ts'
import { Stop, text, type Text } from '../words.ts'
import type { World } from '../world.ts'

/** What would lose the name. The key stays the same however much is known of it. */
export type Conflict = Readonly<{ key: string; says: Text }>

export type DomainState = Readonly<{
  /** Whether the Worker has this domain, and no other one. */
  isAttached: boolean
  /** What attaching it would replace. */
  conflicts: readonly Conflict[]
}>

const Hostname = v.looseObject({ hostname: v.string() })
const Changed = v.looseObject({
  ...Hostname.entries,
  id: v.optional(v.string()),
  modified: v.optional(v.boolean()),
})
const Changeset = v.object({
  added: v.optional(v.array(Hostname), []),
  removed: v.optional(v.array(Hostname), []),
  updated: v.optional(v.array(Changed), []),
  conflicting: v.optional(v.array(Hostname), []),
})
const Owned = v.looseObject({ ...Hostname.entries, service: v.string() })
const Zone = v.looseObject({ id: v.string(), name: v.string() })
const DnsRecord = v.looseObject({
  name: v.string(),
  type: v.string(),
  content: v.optional(v.string(), ''),
})

const hasRecord = (name: string, what = ''): Conflict => ({
  key: `record ${name}`,
  says: text(
    `${name} has a DNS record${what}, which would be replaced.`,
    `${name} 已有 DNS 记录${what}，将被替换。`,
  ),
})
const isOfWorker = (name: string, service: string): Conflict => ({
  key: `worker ${name}`,
  says: text(
    `${name} is the domain of the Worker "${service}", which would lose it.`,
    `${name} 是 Worker“${service}”的域名，将从它那里移走。`,
  ),
})
const wouldBeRemoved = (name: string, worker: string): Conflict => ({
  key: `removed ${name}`,
  says: text(
    `${name} is attached to ${worker} now, and would be taken off.`,
    `${name} 目前绑定在 ${worker} 上，将被解除。`,
  ),
})

/** Looks at the domain. @throws Stop when the account has no zone for it. */
export async function domainState(world: World): Promise<DomainState> {
  const { domain } = world.answers
  const { worker } = installationNow(world)
  const zone = await zoneOf(world, domain)
  if ((await workerBindings(world, worker)) === undefined) {
    const conflicts = [
      ...(await otherWorkers(world, domain)),
      ...(zone === undefined ? [] : await records(world, zone, domain)),
    ]
    return { isAttached: false, conflicts }
  }
  const path = `/accounts/${world.account.id}/workers/scripts/${worker}/domains/changeset?replace_state=true`
  const changes = await world.cloudflare.ask(path, [{ hostname: domain }], Changeset)
  const moved = changes.updated.filter(({ modified }) => modified === true)
  return {
    isAttached:
      changes.added.length + changes.removed.length + moved.length + changes.conflicting.length ===
      0,
    conflicts: [
      ...changes.conflicting.map(({ hostname }) => hasRecord(hostname)),
      ...(await Promise.all(moved.map((each) => ownerOf(world, each, worker)))).flat(),
      ...changes.removed.map(({ hostname }) => wouldBeRemoved(hostname, worker)),
    ],
  }
}

/** A domain of this Worker may be modified in other ways, which take it from no other Worker. */
async function ownerOf(
  world: World,
  { hostname, id }: v.InferOutput<typeof Changed>,
  worker: string,
): Promise<readonly Conflict[]> {
  const path = `/accounts/${world.account.id}/workers/domains/records/${id}`
  const owner = await orUnknown(world.cloudflare.get(path, Owned))
  return owner?.service === worker ? [] : [isOfWorker(hostname, owner?.service ?? '?')]
}

/** The look is not allowed to this token, or the thing is not known there. */
async function orUnknown<T>(look: Promise<T>): Promise<T | undefined> {
  try {
    return await look
  } catch (error) {
    if (error instanceof Refused && (error.isForbidden || error.isAbsent)) return undefined
    throw error
  }
}

/** The id of the zone; undefined when the token may not list zones. */
async function zoneOf(world: World, domain: string): Promise<string | undefined> {
  const path = `/zones?account.id=${world.account.id}`
  const zones = (await orUnknown(world.cloudflare.list(path, Zone))) ?? []
  const zone = zones.find(({ name }) => domain === name || domain.endsWith(`.${name}`))
  if (zone !== undefined || zones.length === 0) return zone?.id // a token without this permission sees an empty list
  throw new Stop(
    text(
      `${domain} is in no zone of the account "${world.account.name}" (${zones.map(({ name }) => name).join(', ')}). Add the zone in Cloudflare's dashboard, or take the account that has it.`,
      `账号“${world.account.name}”中没有 ${domain} 所属的域名（现有：${zones.map(({ name }) => name).join(', ')}）。请先在 Cloudflare 控制台添加该域名，或改用拥有它的账号。`,
    ),
  )
}

async function otherWorkers(world: World, domain: string): Promise<readonly Conflict[]> {
  const path = `/accounts/${world.account.id}/workers/domains?hostname=${domain}`
  const owners = (await orUnknown(world.cloudflare.get(path, v.array(Owned)))) ?? []
  return owners
    .filter(({ hostname }) => hostname === domain)
    .map(({ service }) => isOfWorker(domain, service))
}

async function records(world: World, zone: string, domain: string): Promise<readonly Conflict[]> {
  const path = `/zones/${zone}/dns_records?name=${domain}`
  const found = (await orUnknown(world.cloudflare.get(path, v.array(DnsRecord)))) ?? []
  return found
    .filter(({ name, type }) => name === domain && ['A', 'AAAA', 'CNAME'].includes(type))
    .map(({ type, content }) => hasRecord(domain, ` (${type} ${content})`))
}
