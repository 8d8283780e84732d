import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { Agent, get } from 'node:https'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { DEMO_MERCHANT } from '../../../simulator/server/demo-merchant.ts'
import { start } from '../../../simulator/server/start.ts'

const SERVER = fileURLToPath(new URL('../../../simulator/server.ts', import.meta.url).href)

/** Generous, because other tests keep the machine busy while a process starts. */
const STARTED_WITHIN_MS = 20_000

describe('the command line', { timeout: 2 * STARTED_WITHIN_MS }, () => {
  const run = (...args: string[]) => {
    const child = spawn(process.execPath, [SERVER, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    onTestFinished(() => void child.kill('SIGKILL'))
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
    const exit = new Promise<number | null>((resolve) => child.once('exit', resolve))
    return { child, exit, output: () => output }
  }

  it('prints its help', async () => {
    const { exit, output } = run('--help')

    expect(await exit).toBe(0)
    expect(output()).toContain('--app-secret')
    expect(output()).toContain('--certificates')
  })

  it('ends with one sentence when it cannot start', async () => {
    const running = await start()
    onTestFinished(running.close)
    const port = new URL(running.origin).port
    const taken = run('--port', port)
    const wrong = run('--api-key', 'short')

    expect(await taken.exit).toBe(1)
    expect(taken.output()).toMatch(/^Port \d+ on 127\.0\.0\.1 is already in use: .+\n$/)
    expect(await wrong.exit).toBe(1)
    expect(wrong.output()).toBe('--api-key takes 32 characters.\n')
  })

  it('writes the certificates with which curl and other clients can call the secure port', async () => {
    const directory = join(mkdtempSync(join(tmpdir(), 'wxpay-edge-test-')), 'certificates')
    onTestFinished(() => rmSync(dirname(directory), { recursive: true }))
    const { output } = run('--port', '0', '--certificates', directory)
    await expect
      .poll(output, { timeout: STARTED_WITHIN_MS })
      .toMatch(/curl --cacert .* https:\S+\n/)

    const [, command = '', url = ''] = /(curl .*) (https:\S+)\n/.exec(output()) ?? []
    const [cacert = '', cert = '', key = ''] = command
      .split(/ --\w+ /)
      .slice(1)
      .map((path) => readFileSync(path, 'utf8'))
    const pfx = readFileSync(join(directory, 'apiclient_cert.p12'))
    for (const client of [
      { cert, key },
      { pfx, passphrase: DEMO_MERCHANT.mchId },
    ]) {
      const agent = new Agent({ ca: cacert, ...client })
      onTestFinished(() => agent.destroy())
      const [reply] = (await once(get(url, { agent }), 'response')) as [IncomingMessage]
      reply.resume()
      expect(reply.statusCode).toBe(200)
    }

    for (const secret of ['apiclient_key.pem', 'apiclient_cert.p12']) {
      expect(statSync(join(directory, secret)).mode & 0o777).toBe(0o600)
    }
  })

  it('exits with 0 after SIGTERM', async () => {
    const { child, exit, output } = run('--port', '0')
    await expect
      .poll(output, { timeout: STARTED_WITHIN_MS })
      .toContain('WeChat simulator at http://127.0.0.1:')

    child.kill('SIGTERM')

    expect(await exit).toBe(0)
  })
})
