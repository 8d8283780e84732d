/** The libraries with which the bench compares the Worker. They have a package.json and a lock file of their own. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { CliError } from '../../scripts/cli/command.ts'

/** The folder of the peers' package.json. */
export const PEERS = join(import.meta.dirname, '../peers')
const DECLARED = join(PEERS, 'package.json')

/** Installs the peers where they are missing. @throws CliError when npm cannot. */
export function installPeers(progress: (text: string) => void): void {
  const names = Object.keys(dependencies())
  if (names.every((name) => existsSync(join(PEERS, 'node_modules', name)))) return
  progress('installing the peers, once (npm ci --prefix bench/peers)')
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund']
  const { status, stderr } = spawnSync('npm', ['ci', '--prefix', PEERS, ...flags], {
    encoding: 'utf8',
    shell: process.platform === 'win32',
  })
  if (status === 0) return
  throw new CliError(
    `The peers of the bench could not be installed, which needs the npm registry once:\n${stderr}`,
  )
}

/** Loads a module of the peers. They have no types that this project installs. */
export const requirePeer: (name: string) => unknown = createRequire(DECLARED)

/** The exact version of each peer. */
export const dependencies = (): Readonly<Record<string, string>> =>
  (JSON.parse(readFileSync(DECLARED, 'utf8')) as { dependencies: Record<string, string> })
    .dependencies
