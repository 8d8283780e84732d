/**
 * Runs the real Worker: a new one for each request and each run of the cron. Workers share nothing but the databases and,
 * within an isolate, its memory.
 */
import { assemble, assembleCron, type Platform } from '../../../src/assemble.ts'
import { readConfig, type Vars } from '../../../src/config.ts'
import { tick } from '../../../src/cron/tick.ts'
import { IsolateMemory } from '../../../src/isolate-memory.ts'
import type { LogEntry } from '../../../src/ports/deps.ts'
import { respond } from '../../../src/routes/router.ts'
import { memoryKv } from '../../memory-kv.ts'
import { d1Shim } from '../d1/d1-shim.ts'
import type { Sqlite } from '../d1/sqlite.ts'
import type { FaultBox } from '../faults/faults.ts'
import { type Network, outRefundNoIn } from '../faults/network.ts'
import type { Chance } from './random.ts'
import { Owner, type Scheduler } from './scheduler.ts'
import type { Trace } from './trace.ts'

/** The parts of the simulation that the Workers run on. */
export type WorkerParts = Readonly<{
  scheduler: Scheduler
  sqlite: Sqlite
  network: Network
  faults: FaultBox
  chance: Chance
  trace: Trace
  vars: Readonly<Record<string, string>>
  hasCertificate: boolean
  /** Called when a Worker sends a refund to WeChat. `isPaused`: whether its configuration forbids that. */
  onRefundSent: (outRefundNo: string, isPaused: boolean) => void
}>

/** What the requests of one isolate share. Each isolate runs one deployment. */
type Isolate = Readonly<{ memory: IsolateMemory; vars: Vars }>
/** What an invocation is assembled from. */
type Installed = Readonly<{ vars: Vars; platform: Platform }>

/** Weights of Workers at the scheduler: most run at normal speed, some are slow while the others continue. */
const WEIGHTS = [1, 1, 1, 0.3, 0.03]

/** Starts the simulated Workers that share one database, and kills them. */
export class Workers {
  /** Entries of the Workers' logs that report bugs in our own code. Each is a violation. */
  readonly alarms: string[] = []
  readonly #parts: WorkerParts
  /** The variables of the last deployment. */
  #deployed: Readonly<Record<string, string>>
  readonly #alive = new Set<Owner>()
  #isolates: readonly Isolate[]
  #count = 0

  constructor(parts: WorkerParts) {
    this.#parts = parts
    this.#deployed = parts.vars
    this.#isolates = [isolateOf(parts.vars), isolateOf(parts.vars)]
  }

  /**
   * Deploys with other values of some variables. One isolate runs the new deployment. The others, and what they have
   * begun, go on with the previous one until {@link retireOld}.
   */
  deploy(changes: Readonly<Record<string, string>>): void {
    this.#deployed = { ...this.#deployed, ...changes }
    const [, ...others] = this.#isolates
    this.#isolates = [isolateOf(this.#deployed), ...others]
  }

  /** The value of a variable in the last deployment; empty when it is not set. */
  variable(name: string): string {
    return this.#deployed[name] ?? ''
  }

  /** Ends the isolates of previous deployments: new requests run in the last one. What has begun goes on. */
  retireOld(): void {
    this.#isolates = this.#isolates.map(() => isolateOf(this.#deployed))
  }

  /** Lets a new Worker handle one request. @throws TypeError when the Worker dies before it has answered. */
  async fetch(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url)
    const response = await this.#invoke(`${request.method} ${pathname}`, ({ vars, platform }) =>
      respond(request, assemble(vars, platform)),
    )
    return response
  }

  /** Runs the cron once in a Worker. Also resolves when this Worker dies. */
  async cron(): Promise<void> {
    const at = this.#parts.scheduler.now()
    await this.#invoke('tick', async ({ vars, platform }) => {
      await tick(assembleCron(vars, platform), at)
      return 'done'
    }).catch(() => {})
  }

  /** Kills every running Worker, as a deployment or a crash of the machine does. */
  killAll(): void {
    for (const owner of this.#alive) this.#parts.scheduler.kill(owner)
  }

  async #invoke<T>(what: string, run: (installed: Installed) => Promise<T>): Promise<T> {
    const { trace, chance, faults } = this.#parts
    const owner = new Owner(`w${++this.#count} ${what}`.slice(0, 18), chance.pick(WEIGHTS))
    if (owner.weight < 0.1) faults.count('situation:slow_worker')
    trace.add(owner.name, `starts: ${what}`)
    this.#alive.add(owner)
    // Work in the background (`waitUntil`) keeps the Worker alive after its answer. The work ends when the Worker dies.
    const background: Promise<void>[] = []
    const dead = new Promise<never>((_, reject) => {
      owner.onDeath = () => reject(new TypeError('Network connection lost.'))
    })
    const over = async (): Promise<void> => {
      await Promise.race([Promise.all(background), dead]).catch(() => {})
      this.#alive.delete(owner)
    }
    try {
      return await Promise.race([run(this.#platform(owner, background)), dead])
    } finally {
      void over()
    }
  }

  readonly #kv = memoryKv()

  #platform(owner: Owner, background: Promise<void>[]): Installed {
    const { scheduler, sqlite, network, chance, hasCertificate, onRefundSent } = this.#parts
    const { memory, vars } = chance.pick(this.#isolates)
    const certified = network.fetchFor(owner, true)
    const certificateFetch = async (request: Request): Promise<Response> => {
      const xml = await request.clone().text()
      onRefundSent(outRefundNoIn(xml), vars.REFUNDS === 'paused')
      return certified(request)
    }
    const platform = {
      kv: network.kvFor(owner, this.#kv),
      db: d1Shim(sqlite, network.gateFor(owner)),
      fetch: this.#watched(vars, network.fetchFor(owner)),
      certificateFetch: hasCertificate ? this.#watched(vars, certificateFetch) : undefined,
      timers: { after: (ms: number, wake: () => void) => scheduler.after(owner, ms, wake) },
      nowMs: scheduler.now,
      randomBytes: chance.bytes,
      log: (entry: LogEntry) => this.#log(owner, entry),
      background: (work: Promise<void>) => void background.push(work),
      memory,
    }
    return { vars, platform }
  }

  /** While another merchant number is deployed by mistake, watches that WeChat is not asked about what is of the right one. */
  #watched(vars: Vars, fetch: (request: Request) => Promise<Response>) {
    if (vars.WX_MCH_ID === this.#parts.vars['WX_MCH_ID']) return fetch
    return async (request: Request): Promise<Response> => {
      if (new URL(request.url).pathname.startsWith('/pay/') || request.url.includes('/secapi/')) {
        const xml = await request.clone().text()
        const [, name, number = ''] = NUMBER_IN_XML.exec(xml) ?? []
        const [row] = this.#parts.sqlite.read(OWNER_OF, number)
        if (row !== undefined && row['mch_id'] !== vars.WX_MCH_ID) {
          this.alarms.push(`${request.url} names the ${name} ${number} of another merchant number`)
        }
      }
      return fetch(request)
    }
  }

  #log(owner: Owner, { event, ...rest }: LogEntry): void {
    const { trace, faults } = this.#parts
    const { stack, ...fields } = rest
    trace.add(owner.name, `log ${event} ${JSON.stringify(fields)}`)
    faults.count(`log:${event}${typeof fields.reason === 'string' ? `:${fields.reason}` : ''}`)
    // Log entries that report an error of our own code. Faults outside of the Worker cause only StoreUnavailable and KvError;
    // any other error is an alarm.
    if (
      event === 'internal_error' ||
      event === 'tick_item_failed' ||
      event === 'bill_difference_failed' ||
      fields.reason === 'internal'
    ) {
      const outage = ['StoreUnavailable', 'KvError'].includes(String(fields.reason))
      if (!outage) this.alarms.push(`${event} ${JSON.stringify(fields)} ${String(stack)}`)
    }
  }
}

const NUMBER_IN_XML = /<(out_trade_no|transaction_id)>(?:<!\[CDATA\[)?([^\]<]+)/
/** The merchant number of the attempt, or of the payment, with a number. */
const OWNER_OF = `SELECT mch_id FROM attempts
  LEFT JOIN payments USING (ordercode, number)
  WHERE ?1 IN (transaction_id, iif(number = 1, ordercode, ordercode || '*' || number))`

/** Starts an isolate with these variables. @throws Error when they do not let the Worker start. */
function isolateOf(vars: Readonly<Record<string, string>>): Isolate {
  const config = readConfig(vars)
  if (!config.ok) throw new Error(`misconfigured simulation: ${config.error.join(', ')}`)
  return { memory: new IsolateMemory(), vars: config.value }
}
