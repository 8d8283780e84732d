/** CPU time and memory of the workerd processes that this process started, from /proc. On other systems than Linux all zero. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

const TICKS_PER_SECOND = 100
const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** The fields of /proc/…/stat behind the process name. The name may contain any character. The first field is the state. */
const statOf = (pid: number): string[] =>
  read(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ') ?? []

/** Pids of the descendants of this process that have that name. */
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

/** The workerd processes that run when this is created. */
export class Workerd {
  readonly #pids = findProcesses('workerd')

  /** User and system time so far, in milliseconds. The resolution is 10 ms. */
  cpuMs(): number {
    const ticks = this.#pids.map((pid) => {
      const stat = statOf(pid)
      return Number(stat[11] ?? 0) + Number(stat[12] ?? 0)
    })
    return (ticks.reduce((sum, each) => sum + each, 0) * 1_000) / TICKS_PER_SECOND
  }

  /** Resident memory in bytes: now, and the peak since `forgetPeak`. */
  memory(): { now: number; peak: number } {
    const sum = (name: string): number =>
      this.#pids.reduce((total, pid) => {
        const kib = new RegExp(`${name}:\\s+(\\d+)`).exec(read(`/proc/${pid}/status`))?.[1]
        return total + Number(kib ?? 0) * 1_024
      }, 0)
    return { now: sum('VmRSS'), peak: sum('VmHWM') }
  }

  /** Starts measuring the peak anew. */
  forgetPeak(): void {
    for (const pid of this.#pids) {
      try {
        writeFileSync(`/proc/${pid}/clear_refs`, '5')
      } catch {
        // Without this permission, the peak is that of the whole process life.
      }
    }
  }
}
