/** The file with the figures: the machine, and of each part the result and when it was measured. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { join } from 'node:path'

/** The figures that are committed. README and docs/scaling.md take their numbers from here. */
export const RESULTS = join(import.meta.dirname, '../results.json')

/** Where the figures come from. */
export type Machine = Readonly<{
  cores: number
  cpu: string
  node: string
  workerd: string
  /** How many processes wanted a core at the start, over a minute. More than a few: other jobs ran. */
  load: number
}>

/** What was measured of one part. */
export type Measured = Readonly<{
  /** UTC, RFC 3339. */
  at: string
  quick: boolean
  seconds: number
  machine: Machine
  result: unknown
}>

/** The parts that were measured, by name. */
export type Results = Readonly<Record<string, Measured>>

/** Reads a file of results; empty when there is none. */
export const readResults = (path: string): Results =>
  existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Results) : {}

/** Writes a file of results, in the order in which the parts are given. */
export const writeResults = (path: string, results: Results): void =>
  writeFileSync(path, `${JSON.stringify(results, null, 2)}\n`)

/** Describes this machine. */
export function thisMachine(): Machine {
  const { version } = createRequire(import.meta.url)('workerd/package.json') as { version: string }
  return {
    cores: availableParallelism(),
    cpu: cpus()[0]?.model ?? 'unknown',
    node: process.version.slice(1),
    workerd: version,
    load: Number((loadavg()[0] ?? 0).toFixed(1)),
  }
}
