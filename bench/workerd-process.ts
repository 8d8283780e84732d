/** What the operating system knows of the workerd that this process started. Linux only; elsewhere nothing. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

const TICKS_PER_SECOND = 100
const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** Fields of /proc/…/stat after the name, which may hold anything: the first is the state. */
const statOf = (pid: number): string[] =>
  read(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ') ?? []

/** Descendants of this process by that name. */
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

export class Workerd {
  readonly #pids = findProcesses('workerd')

  /** User and system time so far, in milliseconds; steps of ten. */
  cpuMs(): number {
    const ticks = this.#pids.map((pid) => {
      const stat = statOf(pid)
      return Number(stat[11] ?? 0) + Number(stat[12] ?? 0)
    })
    return (ticks.reduce((sum, each) => sum + each, 0) * 1_000) / TICKS_PER_SECOND
  }

  /** Bytes in memory: now, and at the most since `forgetPeak`. */
  memory(): { now: number; peak: number } {
    const sum = (name: string): number =>
      this.#pids.reduce((total, pid) => {
        const kib = new RegExp(`${name}:\\s+(\\d+)`).exec(read(`/proc/${pid}/status`))?.[1]
        return total + Number(kib ?? 0) * 1_024
      }, 0)
    return { now: sum('VmRSS'), peak: sum('VmHWM') }
  }

  forgetPeak(): void {
    for (const pid of this.#pids) {
      try {
        writeFileSync(`/proc/${pid}/clear_refs`, '5')
      } catch {
        // Then the peak is that of the whole run.
      }
    }
  }
}
