import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CliError } from '../cli/command.ts'

/**
 * Locks a state directory until this process exits. If two Workers used one local D1, their requests would block each
 * other, which looks like a bug in the Worker. The lock of a process that was killed is detected and replaced.
 *
 * @throws CliError when another running process holds the lock.
 */
export function lockDirectory(directory: string): void {
  const file = join(directory, 'running.pid')
  const holder = readHolder(file)
  if (holder !== undefined && isAlive(holder)) {
    throw new CliError(
      `${directory} is in use by process ${holder}, another npm start: stop it, or choose another directory with --persist. (If process ${holder} is not an npm start, delete ${file}.)`,
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
    // EPERM means that the process exists and belongs to another user; any other error, that it does not exist.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
