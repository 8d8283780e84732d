/** The processes beside the Workers: the simulated WeChat, and the shop with Koa and tenpay. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CliError } from '../../scripts/cli/command.ts'
import { freePort } from '../../scripts/local/ports.ts'
import { spawnGroup } from '../../scripts/local/process-group.ts'
import { Processes } from '../lib/processes.ts'

const ROOT = join(import.meta.dirname, '../..')
const READY_MS = 30_000

/** A running process that serves HTTP. */
export type Served = Readonly<{ origin: string; process: Processes; stop: () => Promise<void> }>

/** Starts the simulated WeChat. */
export async function startWechat(): Promise<Served> {
  const port = await freePort()
  return serve('The simulated WeChat', port, '/_control/', [
    join(ROOT, 'simulator/server.ts'),
    '--quiet',
    '--port',
    String(port),
    '--secure-port',
    String(await freePort()),
  ])
}

/** Starts the shop of `bench/peers/koa-shop.ts`, with its database in this folder. */
export async function startKoaShop(wechat: string, folder: string): Promise<Served> {
  const port = await freePort()
  const file = join(ROOT, 'bench/peers/koa-shop.ts')
  return serve('Koa', port, '/health', [file, String(port), wechat, join(folder, 'shop.sqlite')])
}

async function serve(name: string, port: number, path: string, args: string[]): Promise<Served> {
  let errors = ''
  const { child, exited, stop } = spawnGroup(args, {
    cwd: ROOT,
    env: { ...process.env, NODE_ENV: 'production' },
    stdio: ['ignore', 'ignore', 'pipe'],
    onError: (message) => (errors += message),
  })
  child.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  const origin = `http://127.0.0.1:${port}`
  const died = exited.then(() => 'died' as const)
  const endMs = performance.now() + READY_MS
  while (performance.now() < endMs) {
    const answered = await fetch(`${origin}${path}`).then(
      (answer) => answer.ok,
      () => false,
    )
    if (answered) return { origin, process: new Processes([child.pid ?? 0]), stop }
    if ((await Promise.race([died, sleep(50, 'alive' as const)])) === 'died') break
  }
  await stop()
  throw new CliError(`${name} did not start:\n${errors}`)
}
