/** HTTP calls of all actors to the Worker, over a network that loses requests and replies. */
import { CLIENT_FAULTS } from '../faults/faults.ts'
import type { Chance } from '../run/random.ts'
import { OPERATOR_TOKEN, ORIGIN, type World } from '../run/world.ts'

/** The Worker's HTTP answer to an actor, with its body read as JSON. */
export type Answer = Readonly<{
  status: number
  /** The `code` of a problem+json answer, else undefined. */
  code: string | undefined
  body: Readonly<Record<string, unknown>>
  etag: string | null
}>

/** One HTTP request of an actor to the Worker. */
export type Call = Readonly<{
  method: 'DELETE' | 'GET' | 'POST' | 'PUT'
  path: string
  body?: unknown
  headers?: Readonly<Record<string, string>>
}>

/** How long a phone or a shop's server waits for an answer of the Worker. */
const PATIENCE_MS = 30_000

/** Waits for `ms` milliseconds of virtual time. */
export const sleep = (world: World, ms: number): Promise<void> =>
  world.scheduler.point(undefined, ms)

/**
 * Calls the Worker, adds a line to the trace, and reports an answer `internal` as a violation.
 *
 * @param who The actor, for the trace.
 * @returns undefined when no answer came. The Worker may have handled the request nevertheless.
 */
export async function call(world: World, who: string, what: Call): Promise<Answer | undefined> {
  const answered = await Promise.race([
    send(world, requestOf(what)).catch(() => undefined),
    sleep(world, PATIENCE_MS),
  ])
  const answer = answered === undefined ? undefined : await readAnswer(answered)
  const outcome = answer === undefined ? 'no answer' : `${answer.status} ${answer.code ?? ''}`
  world.trace.add(who, `${what.method} ${what.path} → ${outcome.trim()}`)
  if (answer?.code === 'internal') world.witness.report(`500 internal: ${what.path}`)
  return answer
}

/** Calls the Worker like {@link call}, with the shop's token. */
export const shopCall = (world: World, who: string, what: Call): Promise<Answer | undefined> =>
  callWith(world.secrets.shopToken, world, who, what)

/** Calls the Worker like {@link call}, with the token of the operator. */
export const operatorCall = (world: World, what: Call): Promise<Answer | undefined> =>
  callWith(OPERATOR_TOKEN, world, 'operator', what)

const callWith = (token: string, world: World, who: string, what: Call) =>
  call(world, who, {
    ...what,
    headers: { authorization: `Bearer ${token}`, ...what.headers },
  })

/** Sends a request over the unreliable network. @throws TypeError when the connection breaks, before or after the Worker's work. */
export async function send(world: World, request: Request): Promise<Response> {
  const { faults, workers, scheduler } = world
  await scheduler.point()
  switch (faults.draw('client', CLIENT_FAULTS)) {
    case 'client_request_lost':
      throw new TypeError('Network connection lost.')
    case 'client_gone':
      // When a client hangs up, the platform may or may not let the Worker finish.
      workers.fetch(request).catch(() => {})
      await scheduler.point(undefined, 500)
      throw new TypeError('Network connection lost.')
    case 'client_reply_lost':
      await workers.fetch(request)
      throw new TypeError('Network connection lost.')
    case undefined: {
      const response = await workers.fetch(request)
      await scheduler.point()
      return response
    }
  }
}

function requestOf({ method, path, body, headers }: Call): Request {
  return new Request(new URL(path, ORIGIN), {
    method,
    headers: { 'cf-connecting-ip': '203.0.113.7', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
}

async function readAnswer(response: Response): Promise<Answer> {
  const body: unknown = await response.json()
  const fields = typeof body === 'object' && body !== null ? { ...body } : {}
  const code = 'code' in fields && typeof fields.code === 'string' ? fields.code : undefined
  return { status: response.status, code, body: fields, etag: response.headers.get('etag') }
}

/**
 * Five minutes in milliseconds. Orders begin together, and their lifetimes are multiples of five minutes, so at each multiple
 * many things happen concurrently.
 */
const RENDEZVOUS_MS = 300_000

/** Waits a random time: mostly briefly, rarely for hours, and in a fifth of the cases until a moment when other actors act, too. */
export function pause(world: World, chance: Chance): Promise<void> {
  if (chance.happens(0.2)) {
    const leftMs = RENDEZVOUS_MS - ((world.scheduler.now() - world.startMs) % RENDEZVOUS_MS)
    return sleep(world, Math.max(0, leftMs + chance.between(-4_000, 8_000)))
  }
  const [from, to] = chance.pick([
    [0, 1_000],
    [0, 2_000],
    [0, 10_000],
    [1_000, 60_000],
    [10_000, 400_000],
  ] as const)
  return sleep(world, chance.between(from, chance.happens(0.05) ? 10 * to : to))
}
