/** Runs the real Worker within the platform's ceilings: one invocation for each request and each run of the cron. */
import { assemble, assembleCron, type Platform } from '../../../src/assemble.ts'
import { readConfig, type Vars } from '../../../src/config.ts'
import { tick } from '../../../src/cron/tick.ts'
import { IsolateMemory } from '../../../src/isolate-memory.ts'
import type { LogEntry } from '../../../src/ports/deps.ts'
import { respond } from '../../../src/routes/router.ts'
import { memoryKv } from '../../memory-kv.ts'
import type { Chance } from '../../simulation/run/random.ts'
import type { Database } from './database.ts'
import { CpuCredit, Invocation, type Refusal } from './invocation.ts'
import type { Network } from './network.ts'
import { BACKGROUND_MS, type Ceilings, CRON_WALL_MS } from './ceilings.ts'
import type { VirtualTime } from './virtual-time.ts'

/** What the Workers run on. */
export type WorkerParts = Readonly<{
  time: VirtualTime
  chance: Chance
  database: Database
  network: Network
  ceilings: Ceilings
  vars: Readonly<Record<string, string>>
}>

/** What one run of the cron used. */
export type Run = Readonly<{
  calls: number
  statements: number
  cpuMs: number
  tookMs: number
  refusals: readonly Refusal[]
}>

export class Workers {
  /** The runs of the cron that are over, killed ones included. */
  readonly runs: Run[] = []
  /** How many requests were refused or killed, by reason. */
  readonly refusedRequests = new Map<Refusal, number>()
  /** Entries of the log that report a bug of ours. */
  readonly alarms = new Map<string, number>()
  readonly #parts: WorkerParts
  readonly #vars: Vars
  readonly #memory = new IsolateMemory()
  readonly #kv = memoryKv()
  readonly #credit: CpuCredit

  constructor(parts: WorkerParts) {
    this.#parts = parts
    this.#credit = new CpuCredit(parts.ceilings.cpuMs)
    const config = readConfig(parts.vars)
    if (!config.ok) throw new Error(`misconfigured simulation: ${config.error.join(', ')}`)
    this.#vars = config.value
  }

  /** Answers one request. @throws Error when the platform kills the Worker before it has answered. */
  async fetch(request: Request): Promise<Response> {
    const background: Promise<void>[] = []
    const { invocation, dead } = this.#begin()
    const deps = assemble(this.#vars, this.#platformOf(invocation, background))
    try {
      return await Promise.race([respond(request, deps), dead])
    } finally {
      void this.#endRequest(invocation, Promise.race([Promise.all(background), dead]))
    }
  }

  /** Runs the cron once. Also resolves when the platform kills the run. */
  async cron(): Promise<void> {
    const { time } = this.#parts
    const { invocation, dead } = this.#begin()
    const stopClock = time.after(CRON_WALL_MS, () => invocation.kill('wall'))
    const background: Promise<void>[] = []
    const deps = assembleCron(this.#vars, this.#platformOf(invocation, background))
    const work = tick(deps, time.now()).then(() => Promise.all(background))
    await Promise.race([work, dead]).catch(() => {})
    stopClock()
    invocation.end()
    const { calls, statements, cpuMs } = invocation
    const tookMs = time.now() - invocation.startedMs
    this.runs.push({ calls, statements, cpuMs, tookMs, refusals: [...invocation.refusals] })
  }

  async #endRequest(invocation: Invocation, background: Promise<unknown>): Promise<void> {
    const { time } = this.#parts
    const stopClock = time.after(BACKGROUND_MS, () => invocation.kill('background'))
    await background.catch(() => {})
    stopClock()
    invocation.end()
    for (const refusal of invocation.refusals) {
      this.refusedRequests.set(refusal, (this.refusedRequests.get(refusal) ?? 0) + 1)
    }
  }

  #begin() {
    let die = (): void => {}
    const dead = new Promise<never>((_, reject) => {
      die = () => reject(new Error('the platform killed the Worker'))
    })
    dead.catch(() => {})
    const { time, ceilings } = this.#parts
    return { dead, invocation: new Invocation(time, ceilings, this.#credit, die) }
  }

  #platformOf(invocation: Invocation, background: Promise<void>[]): Platform {
    const { time, chance, database, network } = this.#parts
    return {
      kv: this.#kv,
      db: database.bindingOf(invocation),
      fetch: network.fetchOf(invocation),
      certificateFetch: network.fetchOf(invocation, true),
      timers: { after: (ms, wake) => invocation.after(ms, wake) },
      nowMs: time.now,
      randomBytes: chance.bytes,
      log: (entry) => this.#log(entry),
      background: (work) => void background.push(work),
      memory: this.#memory,
    }
  }

  #log({ event, reason, error }: LogEntry): void {
    const isAlarm = event === 'internal_error' || event === 'tick_item_failed'
    if (!isAlarm) return
    const what = [event, reason, error].filter((each) => each !== undefined).join(' ')
    this.alarms.set(what, (this.alarms.get(what) ?? 0) + 1)
  }
}
