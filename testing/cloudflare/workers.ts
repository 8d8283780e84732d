/** Workers of the stand-in: uploads, secrets, versions, triggers. */
import { randomUUID } from 'node:crypto'
import { type Binding, type DeployedWorker, draftWorker, type StandInAccount } from './account.ts'
import { type Answer, type Call, field, fields, no, ok, type Route } from './answer.ts'

const ABSENT = no(404, 10007, 'This Worker does not exist on your account.')

/** Answers about a Worker that is there. */
const of =
  (answer: (worker: DeployedWorker, call: Call, ...groups: string[]) => Answer) =>
  ({ workers }: StandInAccount, call: Call, name: string, ...groups: string[]): Answer => {
    const worker = workers.get(name)
    return worker === undefined ? ABSENT : answer(worker, call, ...groups)
  }

async function part({ body, type }: Call, name: string): Promise<Record<string, unknown>> {
  const form = await new Response(body, { headers: { 'content-type': type } }).formData()
  const value = form.get(name)
  return JSON.parse(value instanceof File ? await value.text() : (value ?? '{}')) as Record<
    string,
    unknown
  >
}

/** Takes over what the worker had under this name. */
function inherited(worker: DeployedWorker, { name, old_name: oldName }: Binding) {
  return worker.bindings.find((each) => each.name === (oldName ?? name))
}

/** An upload: what it inherits must be there, and so must its database. Secrets that it does not name stay. */
async function upload(account: StandInAccount, call: Call, name: string): Promise<Answer> {
  const worker = account.workers.get(name) ?? draftWorker()
  const { bindings = [], keep_bindings: keeps = [] } = (await part(call, 'metadata')) as {
    bindings?: Binding[]
    keep_bindings?: string[]
  }
  const isLost = (each: Binding) => each.type === 'inherit' && inherited(worker, each) === undefined
  const lost = bindings.find(isLost)
  if (lost !== undefined) {
    return no(400, 10057, `inherit binding '${lost.name}' is invalid: no previous binding`)
  }
  const wrong = bindings.find(
    (each) => each.type === 'd1' && !account.databases.some(({ uuid }) => uuid === each['id']),
  )
  if (wrong !== undefined) return no(400, 10181, `D1 binding '${wrong.name}' was not found`)
  const next = bindings.map((each): Binding => {
    if (each.type !== 'secret_text')
      return inherited(worker, each) !== undefined && each.type === 'inherit'
        ? (inherited(worker, each) ?? each)
        : each
    worker.secrets.set(each.name, String(each['text']))
    return { type: each.type, name: each.name }
  })
  const kept = worker.bindings.filter(
    (each) => keeps.includes(each.type) && !next.some(({ name: named }) => named === each.name),
  )
  worker.bindings = [...next, ...kept]
  const id = randomUUID()
  worker.versions.unshift({ id, bindings: worker.bindings })
  account.workers.set(name, worker)
  return ok({
    id,
    number: worker.versions.length,
    startup_time_ms: 12,
    etag: 'e',
    resources: { script: { etag: 'e' } },
    has_preview: false,
    metadata: { created_on: new Date().toISOString() },
  })
}

const service = (name: string) => ({
  id: name,
  default_environment: {
    environment: 'production',
    script: { id: name, tag: 't', last_deployed_from: 'wrangler' },
  },
  environments: [],
})

const shownSecrets = ({ secrets }: DeployedWorker) =>
  [...secrets.keys()].map((name) => ({ name, type: 'secret_text' }))

export const WORKERS: readonly Route[] = [
  [
    'GET',
    /^\/workers\/services\/([^/]+)$/,
    ({ workers }, _call, name) =>
      workers.has(name) ? ok(service(name)) : no(404, 10090, 'workers.api.error.service_not_found'),
  ],
  [
    'GET',
    /^\/workers\/workers\/([^/]+)$/,
    (account, call, name) =>
      of(({ subdomain }) => ok({ id: name, name, subdomain, observability: {}, tags: [] }))(
        account,
        call,
        name,
      ),
  ],
  ['GET', /^\/workers\/subdomain$/, () => ok({ subdomain: 'shop' })],
  ['PUT', /^\/workers\/scripts\/([^/]+)$/, upload],
  ['POST', /^\/workers\/scripts\/([^/]+)\/versions$/, upload],
  ['GET', /^\/workers\/scripts\/([^/]+)\/secrets$/, of((worker) => ok(shownSecrets(worker)))],
  [
    'DELETE',
    /^\/workers\/scripts\/([^/]+)\/secrets\/([^/]+)$/,
    of((worker, _call, name = '') => {
      worker.bindings = worker.bindings.filter((each) => each.name !== name)
      return worker.secrets.delete(name) ? ok(null) : no(404, 10056, 'Secret not found')
    }),
  ],
  [
    'PUT',
    /^\/workers\/scripts\/([^/]+)\/secrets$/,
    of((worker, call) => {
      const name = field(call, 'name')
      worker.secrets.set(name, field(call, 'text'))
      worker.bindings.push({ type: 'secret_text', name })
      return ok({ name, type: 'secret_text' })
    }),
  ],
  [
    'GET',
    /^\/workers\/scripts\/([^/]+)\/(?:script-)?settings$/,
    of(({ bindings }) => ok({ bindings, usage_model: 'standard', tags: [] })),
  ],
  ['PATCH', /^\/workers\/scripts\/([^/]+)\/script-settings$/, of(() => ok({}))],
  [
    'POST',
    /^\/workers\/scripts\/([^/]+)\/subdomain$/,
    of((worker, call) => {
      worker.subdomain = call.json
      return ok(call.json)
    }),
  ],
  [
    'PUT',
    /^\/workers\/scripts\/([^/]+)\/schedules$/,
    of((worker, call) => {
      worker.schedules = call.json
      return ok({ schedules: call.json })
    }),
  ],
  [
    'GET',
    /^\/workers\/scripts\/([^/]+)\/deployments$/,
    of(({ deployments }) => ok({ deployments })),
  ],
  [
    'POST',
    /^\/workers\/scripts\/([^/]+)\/deployments$/,
    of((worker, call) => {
      const made = { id: randomUUID(), versions: fields(call)['versions'] }
      worker.deployments.unshift(made)
      return ok({ id: made.id })
    }),
  ],
]
