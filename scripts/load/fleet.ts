/** Child processes that play scenarios of the load simulation. */
import { fork } from 'node:child_process'
import { join } from 'node:path'
import type { Order, Report } from '../../testing/load/run/scenario-process.ts'
import { scenarioOf } from '../../testing/load/world/scenarios.ts'
import type { Summary } from '../../testing/load/watch/summary.ts'
import { say } from '../cli/terminal.ts'

const CHILD = join(import.meta.dirname, '../../testing/load/run/scenario-process.ts')
const CHILD_MEMORY_MB = 8_192
const PROGRESS_MS = 5_000

/** Plays scenarios in child processes, a few at a time. Progress goes to stderr. */
export class Fleet {
  readonly #interrupt: AbortSignal
  readonly #workers: number

  constructor(interrupt: AbortSignal, workers: number) {
    this.#interrupt = interrupt
    this.#workers = workers
  }

  get isInterrupted(): boolean {
    return this.#interrupt.aborted
  }

  /** @returns the summaries in the order of `orders`; after an interrupt only those that are finished. */
  async play(orders: readonly Order[]): Promise<readonly Summary[]> {
    const summaries = new Map<Order, Summary>()
    const minutes = new Map<Order, number>()
    const startedMs = performance.now()
    const progress = setInterval(() => {
      const seconds = (performance.now() - startedMs) / 1_000
      for (const [order, minute] of minutes) {
        const { minutes: all } = scenarioOf(order.scenario, order.minutes)
        say.error(
          `${order.scenario} at ${order.rate} a minute: ${minute} of ${all} minutes, ${Math.round(seconds)} s`,
        )
      }
    }, PROGRESS_MS)
    const waiting = [...orders]
    const work = async (): Promise<void> => {
      for (let order = waiting.shift(); order !== undefined; order = waiting.shift()) {
        if (this.isInterrupted) return
        const playing = order
        const summary = await this.#playOne(playing, (minute) => minutes.set(playing, minute))
        minutes.delete(playing)
        if (summary !== undefined) summaries.set(playing, summary)
      }
    }
    try {
      await Promise.all(Array.from({ length: this.#workers }, work))
    } finally {
      clearInterval(progress)
    }
    return orders.flatMap((order) => summaries.get(order) ?? [])
  }

  /** @returns undefined after an interrupt. */
  #playOne(order: Order, onMinute: (minute: number) => void): Promise<Summary | undefined> {
    return new Promise((resolve, reject) => {
      const child = fork(CHILD, {
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
        execArgv: [`--max-old-space-size=${CHILD_MEMORY_MB}`],
      })
      let summary: Summary | undefined
      this.#interrupt.addEventListener('abort', () => child.kill('SIGKILL'), { once: true })
      child.on('message', (report: Report) => {
        if ('summary' in report) summary = report.summary
        else onMinute(report.minute)
      })
      child.on('error', reject)
      child.on('exit', (code) => {
        if (summary !== undefined || this.isInterrupted) resolve(summary)
        else reject(new Error(`a process of the load simulation ended with exit code ${code}`))
      })
      child.send(order)
    })
  }
}
