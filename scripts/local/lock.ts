import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CliError } from '../cli/command.ts'

/**
 * Keeps a state directory for this process: two Workers on one local D1 lock each other out, request by request, and it looks
 * like a bug of the Worker. The file of a process that was killed is recognised and replaced.
 */
export function lockDirectory(directory: string): void {
  const file = join(directory, 'running.pid')
  const holder = readHolder(file)
  if (holder !== undefined && isAlive(holder)) {
    throw new CliError(
      `${directory} is in use by process ${holder}, another npm start: stop that one, or choose another directory with --persist. (If process ${holder} is something else, delete ${file}.)`,
    )
  }
  mkdirSync(directory, { recursive: true })
  writeFileSync(file, String(process.pid))
  process.once('exit', () => rmSync(file, { force: true }))
}

function readHolder(file: string): number | undefined {
  try {
    const pid = Number(readFileSync(file, 'utf8'))
    return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined
  } catch {
    return undefined
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Somebody else's process, which we may not signal, is alive too.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
