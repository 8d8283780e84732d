/** Measures CPU time and memory of processes, from /proc. Zero if not on Linux. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

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

/** Finds the pids of this process's descendants with the given name, such as `workerd`. */
export function findProcesses(name: string): number[] {
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

function threadsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    return []
  }
}

/** Measures these processes, by default all of workerd that run when the object is created. */
export class Processes {
  readonly #pids: readonly number[]

  constructor(pids: readonly number[] = findProcesses('workerd')) {
    this.#pids = pids
  }

  /** CPU time that the threads of the processes have used so far, user and system, in milliseconds. */
  cpuMs(): number {
    const nanoseconds = this.#pids.flatMap((pid) =>
      threadsOf(pid).map((thread) =>
        Number(read(`/proc/${pid}/task/${thread}/schedstat`).split(' ')[0]),
      ),
    )
    return nanoseconds.reduce((sum, each) => sum + each, 0) / 1e6
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
