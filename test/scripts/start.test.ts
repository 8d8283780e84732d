import { mkdtempSync, rmSync } from 'node:fs'
import { createServer as createShop } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { freePort } from '../../scripts/local/ports.ts'
import {
  descendants,
  isListening,
  stillRunning,
  tool,
  type Tool,
} from '../../testing/commands/command.ts'

/** Enough for a busy machine with two cores; an idle one needs about ten seconds. */
const READY_MS = 90_000
const STOP_MS = 20_000
const TEST_MS = 180_000

const undo: (() => void)[] = []
afterEach(() => {
  for (const each of undo.splice(0).reverse()) each()
})

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'wxpay-edge-test-'))
  undo.push(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

function run(...[name, args]: Parameters<typeof tool>): Tool {
  const started = tool(name, args)
  undo.push(() => started.signal('SIGTERM'))
  return started
}

describe('npm start', { timeout: TEST_MS }, () => {
  it('runs a first payment, tells the shop and leaves no process behind', async () => {
    const [port, wechatPort, shopPort] = [await freePort(), await freePort(), await freePort()]
    const where = ['--port', `${port}`, '--wechat-port', `${wechatPort}`]
    const told: string[] = []
    const shop = createShop((request, response) => {
      if (request.method === 'POST') told.push(`${request.url} ${request.headers['webhook-id']}`)
      response.writeHead(204).end()
    }).listen(shopPort, '127.0.0.1')
    undo.push(() => shop.close())
    const webhook = ['--webhook', `http://127.0.0.1:${shopPort}/webhook`]
    const start = run('start', [...where, ...webhook, '--persist', temporaryDirectory()])

    await start.prints(/Ready after [\d.]+ s/, READY_MS)
    const [, ordercode = '', rest = ''] = await start.prints(/npm run pay -- (\S+) (.*)\n/, 1_000)
    expect(start.output()).toContain(`http://127.0.0.1:${port} `)
    expect(start.output()).toContain(`http://127.0.0.1:${wechatPort} `)

    const health = await fetch(`http://127.0.0.1:${port}/health`)
    expect(health.status).toBe(200)

    const pay = run('pay', [ordercode, ...rest.trim().split(' ')])
    expect([await pay.exited, pay.output()]).toEqual([
      0,
      expect.stringContaining(`${ordercode} is paid.`),
    ])
    await start.prints(/Worker {2}payment_settled .*source=notice/, 5_000)
    await start.prints(/WeChat {2}notice_sent .* delivered/, 5_000)
    await start.prints(/webhook_tried .*type=order.paid state=delivered/, 5_000)
    expect(told).toEqual([expect.stringMatching(/^\/webhook \S{10,}/)])

    const again = run('pay', [ordercode, ...rest.trim().split(' ')])
    expect([await again.exited, again.output()]).toEqual([
      1,
      expect.stringContaining('order_paid. The order is paid.'),
    ])

    const children = descendants(start.pid)
    expect(children.length).toBeGreaterThan(0)
    const stoppedAt = Date.now()
    start.signal('SIGINT')
    expect(await start.exited).toBe(0)
    expect(Date.now() - stoppedAt).toBeLessThan(STOP_MS)
    expect(stillRunning(children)).toEqual([])
    expect([await isListening(port), await isListening(wechatPort)]).toEqual([false, false])
  })

  it('names the option for a port that is in use, before anything starts', async () => {
    const taken = createServer()
    const port = await new Promise<number>((resolve) => {
      taken.listen(0, '127.0.0.1', () => {
        const address = taken.address()
        resolve(typeof address === 'object' && address !== null ? address.port : 0)
      })
    })
    undo.push(() => taken.close())
    const persist = ['--persist', temporaryDirectory()]

    const worker = run('start', ['--port', `${port}`, ...persist])
    expect(await worker.exited).toBe(1)
    expect(worker.output()).toMatch(
      new RegExp(`^Port ${port}, for the Worker, is already in use: .* --port, .*\n$`),
    )

    const free = ['--port', `${await freePort()}`]
    const wechat = run('start', [...free, '--wechat-port', `${port}`, ...persist])
    expect(await wechat.exited).toBe(1)
    expect(wechat.output()).toMatch(
      new RegExp(`^Port ${port}, for the simulated WeChat, is .* --wechat-port, .*\n$`),
    )
  })

  it('reports a Worker that ends unexpectedly', async () => {
    const [port, wechatPort] = [await freePort(), await freePort()]
    const where = ['--port', `${port}`, '--wechat-port', `${wechatPort}`]
    const start = run('start', [...where, '--persist', temporaryDirectory()])
    await start.prints(/Ready after/, READY_MS)
    const children = descendants(start.pid)

    const [worker = 0] = children
    process.kill(worker, 'SIGKILL')

    expect(await start.exited).toBe(1)
    expect(start.output()).toContain('The Worker ended unexpectedly')
    expect(stillRunning(children)).toEqual([])
    expect(await isListening(wechatPort)).toBe(false)
  })

  it('leaves no process behind even when it is killed', async () => {
    const [port, wechatPort] = [await freePort(), await freePort()]
    const where = ['--port', `${port}`, '--wechat-port', `${wechatPort}`]
    const start = run('start', [...where, '--persist', temporaryDirectory()])
    await start.prints(/Ready after/, READY_MS)
    const children = descendants(start.pid)

    start.signal('SIGKILL')

    await expect.poll(() => stillRunning(children), { timeout: STOP_MS }).toEqual([])
  })
})

describe('npm run pay', () => {
  it('names the command to start when nothing runs', async () => {
    const nowhere = `http://127.0.0.1:${await freePort()}`

    const pay = run('pay', ['sample-0', '--worker', nowhere, '--wechat', nowhere])

    expect(await pay.exited).toBe(1)
    expect(pay.output()).toContain(`Nothing answers at ${nowhere}.`)
    expect(pay.output()).toContain('npm start')
  })

  it('names an unknown option', async () => {
    const pay = run('pay', ['--chancel'])

    expect(await pay.exited).toBe(1)
    expect(pay.output()).toBe("Unknown option '--chancel'. See --help.\n")
  })
})
