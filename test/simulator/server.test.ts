import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { Agent, get } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { sign } from '../../simulator/lib/sign.ts'
import { DEMO_MERCHANT } from '../../simulator/server/demo-merchant.ts'
import { start, type StartOptions } from '../../simulator/server/start.ts'
import {
  orderFields,
  OUT_TRADE_NO,
  read,
  signedXml,
  SUCCESS_REPLY,
} from '../../testing/simulator/simulated-shop.ts'

const SERVER = fileURLToPath(new URL('../../simulator/server.ts', import.meta.url).href)

const cleanups: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const cleanUp of cleanups.splice(0)) await cleanUp()
})

/** A real WeChat on a free port, and a shop's notify_url on another. */
async function town(options: StartOptions = {}) {
  const wechat = await start({
    ...options,
    strict: { undocumentedElementRate: 0, integerStyleRate: 0, ...options.strict },
  })
  cleanups.push(() => wechat.close())
  const notices: string[] = []
  const notifyUrl = await listen(
    createServer((request, response) => {
      request.setEncoding('utf8')
      let body = ''
      request.on('data', (chunk: string) => (body += chunk))
      request.on('end', () => {
        notices.push(body)
        response.end(SUCCESS_REPLY)
      })
    }),
  )

  const call = async (path: string, body?: unknown) => {
    const response = await fetch(
      `${wechat.origin}/_control/${path}`,
      body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) },
    )
    return { status: response.status, json: (await response.json()) as Record<string, unknown> }
  }
  const unifiedOrder = async (openid: string, signal?: AbortSignal) => {
    const body = signedXml(orderFields(openid, { notify_url: notifyUrl }))
    const init = { method: 'POST', body, ...(signal ? { signal } : {}) }
    const response = await fetch(`${wechat.origin}/pay/unifiedorder`, init)
    return read(await response.text())
  }
  return { ...wechat, notices, call, unifiedOrder }
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(
    () =>
      new Promise((resolve) => {
        server.close(resolve)
        server.closeAllConnections()
      }),
  )
  const { port } = server.address() as AddressInfo
  return `http://127.0.0.1:${port}/notify`
}

describe('the simulator over HTTP', () => {
  it('takes a payer from the login to a paid order, and tells the shop by itself', async () => {
    const { call, origin, unifiedOrder, notices, simulator } = await town()
    const { code, openid } = (await call('login', {})).json
    const login = new URL('/sns/jscode2session', origin)
    login.search = String(
      new URLSearchParams({
        appid: DEMO_MERCHANT.appid,
        secret: DEMO_MERCHANT.appSecret,
        js_code: String(code),
        grant_type: 'authorization_code',
      }),
    )
    expect(await (await fetch(login)).json()).toMatchObject({ openid })

    const { prepay_id: prepayId } = await unifiedOrder(String(openid))
    const params = {
      timeStamp: '1704135845',
      nonceStr: 'n',
      package: `prepay_id=${prepayId}`,
      signType: 'MD5',
    }
    const paySign = sign({ appId: DEMO_MERCHANT.appid, ...params }, DEMO_MERCHANT.apiKey, 'MD5')
    expect(
      (await call('request-payment', { openid, params: { ...params, paySign } })).json,
    ).toMatchObject({ ok: true, cashier: { out_trade_no: OUT_TRADE_NO, total_fee: 100 } })
    expect((await call('pay', { out_trade_no: OUT_TRADE_NO })).json).toMatchObject({ ok: true })

    await expect.poll(() => notices.length, { timeout: 2_000 }).toBe(1)
    expect(read(notices[0] ?? '')).toMatchObject({ out_trade_no: OUT_TRADE_NO, total_fee: '100' })
    expect(simulator.books.capturedFen()).toBe(100)
    await expect
      .poll(async () => (await call(`orders/${OUT_TRADE_NO}`)).json)
      .toMatchObject({
        trade_state: 'SUCCESS',
        total_fee: 100,
        notices: [{ state: 'delivered', attempts: [{ outcome: 'delivered', status: 200 }] }],
      })
  })

  it('keeps a stalled caller waiting, and hangs up on a lost one', async () => {
    const { call, unifiedOrder, simulator } = await town()
    const openid = simulator.payer.newOpenid()
    await call('fault', { endpoint: 'unifiedorder', kind: 'stall_after' })
    await call('fault', { endpoint: 'unifiedorder', kind: 'reply_lost' })

    await expect(unifiedOrder(openid, AbortSignal.timeout(50))).rejects.toMatchObject({
      name: 'TimeoutError',
    })
    await expect(unifiedOrder(openid)).rejects.toThrow('fetch failed')
    expect(await unifiedOrder(openid)).toMatchObject({ result_code: 'SUCCESS' })
  })

  it('ends at once when it is closed, with a caller still waiting', async () => {
    const { call, unifiedOrder, simulator, close } = await town()
    await call('fault', { kind: 'stall_before' })
    const waiting = expect(unifiedOrder(simulator.payer.newOpenid())).rejects.toThrow(
      'fetch failed',
    )
    await expect.poll(() => simulator.faults.waiting()).toEqual([])

    await close()

    await waiting
  })

  it('says what to do when its port is taken', async () => {
    const { origin } = await town()
    const port = Number(new URL(origin).port)

    await expect(start({ port })).rejects.toThrow(
      `Port ${port} on 127.0.0.1 is already in use: choose another one with --port, for example --port ${port + 10}.`,
    )
    await expect(start({ securePort: port })).rejects.toThrow(
      `Port ${port} on 127.0.0.1 is already in use: choose another one with --secure-port, for example --secure-port ${port + 10}.`,
    )
  })

  it('logs a line for every call', async () => {
    const lines: string[] = []
    const { unifiedOrder, call, simulator } = await town({ log: (line) => lines.push(line) })

    await unifiedOrder(simulator.payer.newOpenid())
    await call('state')

    expect(lines).toContainEqual(
      expect.stringMatching(/request unifiedorder T20240102030405_0001 → SUCCESS wx/),
    )
    expect(lines).toContain('GET /_control/state → 200')
  })

  it('lets its clock run faster, and put forward', async () => {
    const { clock } = await town({ speed: 1_000 })
    const before = clock.now()

    await expect.poll(() => clock.now() - before).toBeGreaterThan(10_000)
  })
})

describe('the command line', () => {
  const run = (...args: string[]) => {
    const child = spawn(process.execPath, [SERVER, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    cleanups.push(async () => child.kill('SIGKILL'))
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
    const exit = new Promise<number | null>((resolve) => child.once('exit', resolve))
    return { child, exit, output: () => output }
  }

  it('explains itself', async () => {
    const { exit, output } = run('--help')

    expect(await exit).toBe(0)
    expect(output()).toContain('--app-secret')
    expect(output()).toContain('--certificates')
  })

  it('ends with one sentence when it cannot start', async () => {
    const port = new URL((await town()).origin).port
    const taken = run('--port', port)
    const wrong = run('--api-key', 'short')

    expect(await taken.exit).toBe(1)
    expect(taken.output()).toMatch(/^Port \d+ on 127\.0\.0\.1 is already in use: .+\n$/)
    expect(await wrong.exit).toBe(1)
    expect(wrong.output()).toBe('--api-key takes 32 characters.\n')
  })

  it('writes the merchant’s certificate for whoever wants to try it', async () => {
    const directory = join(mkdtempSync(join(tmpdir(), 'wxpay-edge-test-')), 'certificates')
    cleanups.push(async () => rmSync(dirname(directory), { recursive: true }))
    const { output } = run('--port', '0', '--certificates', directory)
    await expect.poll(output, { timeout: 3_000 }).toMatch(/curl --cacert .* https:\S+\n/)

    const [, command = '', url = ''] = /(curl .*) (https:\S+)\n/.exec(output()) ?? []
    const [cacert = '', cert = '', key = ''] = command
      .split(/ --\w+ /)
      .slice(1)
      .map((path) => readFileSync(path, 'utf8'))
    const agent = new Agent({ ca: cacert, cert, key })
    cleanups.push(async () => agent.destroy())
    const [reply] = (await once(get(url, { agent }), 'response')) as [IncomingMessage]
    reply.resume()

    expect(reply.statusCode).toBe(200)
    expect(statSync(join(directory, 'apiclient_key.pem')).mode & 0o777).toBe(0o600)
  })

  it('leaves nothing behind when it is told to stop', async () => {
    const { child, exit, output } = run('--port', '0')
    await expect.poll(output, { timeout: 3_000 }).toContain('WeChat simulator at http://127.0.0.1:')

    child.kill('SIGTERM')

    expect(await exit).toBe(0)
  })
})

describe('the control interface', () => {
  it('lists its calls', async () => {
    const { json } = await (await town()).call('')

    expect(json['calls']).toMatchObject({
      'POST /_control/login': expect.stringContaining('wx.login'),
      'GET /_control/state': expect.any(String),
    })
  })

  it('loses and repeats notices, and posts wrong ones', async () => {
    const { call, unifiedOrder, notices, simulator } = await town()
    await call('lose-next-notice', {})
    await unifiedOrder(simulator.payer.newOpenid())
    await call('pay', { out_trade_no: OUT_TRADE_NO })

    const { json } = await call('resend-notice', {
      out_trade_no: OUT_TRADE_NO,
      copies: 2,
      fields: { total_fee: 1, attach: null },
    })

    expect(json['replies']).toMatchObject([
      { outcome: 'delivered', status: 200, body: SUCCESS_REPLY },
      { outcome: 'delivered', status: 200, body: SUCCESS_REPLY },
    ])
    expect(notices.map((xml) => read(xml)['total_fee'])).toEqual(['1', '1'])
    await call('advance', { seconds: 15 })
    await call('deliver-notices', {})
    await expect
      .poll(() => simulator.notices.ofPayments.all()[0]?.attempts)
      .toMatchObject([{ outcome: 'lost' }, { outcome: 'lost' }])
    expect(notices).toHaveLength(2)
  })

  it('shows its state, its orders and its history', async () => {
    const { call, unifiedOrder, simulator } = await town()
    await unifiedOrder(simulator.payer.newOpenid())
    await call('duplicate-next-notice', { copies: 2 })
    await call('cancel', { out_trade_no: OUT_TRADE_NO })
    await call('set-trade-state', { out_trade_no: OUT_TRADE_NO, state: 'PAYERROR' })
    await call('fault', { kind: 'err_code', err_code: 'NOTENOUGH', err_code_des: '余额不足' })

    expect((await call('state')).json).toMatchObject({
      captured_fen: 0,
      orders: 1,
      next_notice_due_at: null,
      faults_waiting: [{ kind: 'err_code', err_code: 'NOTENOUGH', err_code_des: '余额不足' }],
    })
    await call('clear-faults', {})
    expect((await call('orders')).json['orders']).toMatchObject([
      {
        out_trade_no: OUT_TRADE_NO,
        trade_state: 'PAYERROR',
        parameters: { trade_type: 'JSAPI' },
      },
    ])
    expect((await call('history')).json['history']).toMatchObject([
      { type: 'order_created' },
      { type: 'request', endpoint: 'unifiedorder' },
      { type: 'cancelled' },
      { type: 'trade_state_set', outcome: 'PAYERROR' },
      { type: 'fault_injected' },
      { type: 'faults_cleared' },
    ])
  })

  it.each<[string, unknown, number, string]>([
    ['nonsense', {}, 404, 'no call nonsense'],
    ['orders/none', undefined, 404, 'no order none'],
    ['pay', undefined, 405, 'pay does not take GET'],
    ['pay', {}, 400, 'out_trade_no is missing'],
    ['pay', { out_trade_no: 'none' }, 404, 'no order none'],
    ['pay', [], 400, 'the body is not a JSON object'],
    ['fault', { kind: 'meteor' }, 400, 'kind is unknown'],
    ['fault', { kind: 'login_busy', endpoint: 'orderquery' }, 400, 'cannot happen'],
    ['fault', { kind: 'err_code' }, 400, 'err_code is missing'],
    ['advance', { seconds: -1 }, 400, 'cannot advance'],
    ['resend-notice', { out_trade_no: 'none' }, 404, 'no order none'],
    ['advance', {}, 400, 'seconds is missing'],
    ['duplicate-next-notice', { copies: 1 }, 400, 'twice or more'],
  ])('answers a mistake in %s %j in words', async (path, body, status, error) => {
    const answer = await (await town()).call(path, body)

    expect(answer.status).toBe(status)
    expect(answer.json['error']).toContain(error)
    expect(answer.json['hint']).toEqual(expect.any(String))
  })
})
