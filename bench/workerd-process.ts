/** Measures CPU time and memory of the workerd processes that this process started, from /proc. Zero if not on Linux. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

const TICKS_PER_SECOND = 100
const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/**
 * The fields of /proc/…/stat after the process name, beginning with the state. The name is skipped because it may
 * contain spaces.
 */
const statOf = (pid: number): string[] =>
  read(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ') ?? []

/** Finds the pids of this process's descendants with the given name. */
function findProcesses(name: string): number[] {
  const parents = new Map<number, number>()
  let entries: string[] = []
  try {
    entries = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))
  } catch {
    return []
  }
  for (const entry of entries) parents.set(Number(entry), Number(statOf(Number(entry))[1]))
  const isOurs = (pid: number | undefined): boolean =>
    pid !== undefined && (pid === process.pid || isOurs(parents.get(pid)))
  return [...parents.keys()].filter(
    (pid) => read(`/proc/${pid}/comm`).trim() === name && pid !== process.pid && isOurs(pid),
  )
}

/** Measures the workerd processes that run when the object is created. */
export class Workerd {
  readonly #pids = findProcesses('workerd')

  /** CPU time that the processes have used so far, user and system, in milliseconds. The resolution is 10 ms. */
  cpuMs(): number {
    const ticks = this.#pids.map((pid) => {
      const stat = statOf(pid)
      return Number(stat[11] ?? 0) + Number(stat[12] ?? 0)
    })
    return (ticks.reduce((sum, each) => sum + each, 0) * 1_000) / TICKS_PER_SECOND
  }

  /** Resident memory of the processes in bytes: now, and the peak since `forgetPeak`. */
  memory(): { now: number; peak: number } {
    const sum = (name: string): number =>
      this.#pids.reduce((total, pid) => {
        const kib = new RegExp(`${name}:\\s+(\\d+)`).exec(read(`/proc/${pid}/status`))?.[1]
        return total + Number(kib ?? 0) * 1_024
      }, 0)
    return { now: sum('VmRSS'), peak: sum('VmHWM') }
  }

  /** Resets the peak of the resident memory to its present value. */
  forgetPeak(): void {
    for (const pid of this.#pids) {
      try {
        writeFileSync(`/proc/${pid}/clear_refs`, '5')
      } catch {
        // Without permission to reset the peak, `memory` reports the peak since the process started.
      }
    }
  }
}
