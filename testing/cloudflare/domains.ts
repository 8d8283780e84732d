/** Zones, DNS records and custom domains of the stand-in. */
import type { StandInAccount } from './account.ts'
import { type Answer, type Call, fields, no, ok, page, type Route } from './answer.ts'

type Origin = Readonly<{ hostname: string }>

const idOf = (hostname: string): string => Buffer.from(hostname).toString('hex')

/** What it would mean for this Worker to have these domains, and no others. */
function changes(
  { domains, dnsRecords }: StandInAccount,
  worker: string,
  origins: readonly Origin[],
) {
  const names = origins.map(({ hostname }) => hostname)
  const taken = names.filter((name) => domains.has(name))
  const free = names.filter((name) => !domains.has(name))
  const conflicting = free.filter((name) => dnsRecords.some((record) => record.name === name))
  const lost = [...domains].filter(([name, owner]) => owner === worker && !names.includes(name))
  const asHostname = (hostname: string) => ({ hostname })
  return {
    added: free.filter((name) => !conflicting.includes(name)).map(asHostname),
    removed: lost.map(([name]) => asHostname(name)),
    updated: taken.map((hostname) => ({
      id: idOf(hostname),
      hostname,
      modified: domains.get(hostname) !== worker,
    })),
    conflicting: conflicting.map(asHostname),
  }
}

/** Attaches the domains. What belongs to others is taken only with the flag that allows it. */
function attach(account: StandInAccount, call: Call, worker: string): Answer {
  const body = fields(call)
  const origins = (body['origins'] ?? []) as readonly Origin[]
  const { conflicting, updated, removed } = changes(account, worker, origins)
  if (conflicting.length > 0 && body['override_existing_dns_record'] !== true) {
    return no(409, 100_117, 'Hostname already has externally managed DNS records')
  }
  if (updated.some(({ modified }) => modified) && body['override_existing_origin'] !== true) {
    return no(409, 100_116, 'Hostname already in use by another Worker')
  }
  for (const { hostname } of removed) account.domains.delete(hostname)
  for (const { hostname } of origins) account.domains.set(hostname, worker)
  account.dnsRecords = account.dnsRecords.filter(
    ({ name }) => !origins.some(({ hostname }) => hostname === name),
  )
  return ok(origins)
}

export const DOMAINS: readonly Route[] = [
  ['GET', /^\/zones$/, ({ zones }, call) => page(zones, call)],
  [
    'GET',
    /^\/zones\/[^/]+\/dns_records$/,
    ({ dnsRecords }, { query }) => ok(dnsRecords.filter(({ name }) => name === query.get('name'))),
  ],
  [
    'GET',
    /^\/workers\/domains$/,
    ({ domains }, { query }) =>
      ok(
        [...domains]
          .filter(([hostname]) => hostname === query.get('hostname'))
          .map(([hostname, service]) => ({ id: idOf(hostname), hostname, service })),
      ),
  ],
  [
    'GET',
    /^\/workers\/domains\/records\/([^/]+)$/,
    ({ domains }, _call, id) => {
      const found = [...domains].find(([hostname]) => idOf(hostname) === id)
      return found === undefined
        ? no(404, 100_114, 'not found')
        : ok({ id, hostname: found[0], service: found[1] })
    },
  ],
  [
    'POST',
    /^\/workers\/scripts\/([^/]+)\/domains\/changeset$/,
    (account, call, worker) =>
      account.workers.has(worker)
        ? ok(changes(account, worker, (call.json ?? []) as readonly Origin[]))
        : no(404, 10007, 'This Worker does not exist on your account.'),
  ],
  ['PUT', /^\/workers\/scripts\/([^/]+)\/domains\/records$/, attach],
]
