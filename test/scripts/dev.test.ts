import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Webhook } from 'standardwebhooks'
import { afterEach, describe, expect, it } from 'vitest'
import { call } from '../../scripts/client/http-call.ts'
import { payerClient } from '../../scripts/client/payer-client.ts'
import { freePort } from '../../scripts/local/ports.ts'
import { DEMO_MERCHANT } from '../../simulator/server/demo-merchant.ts'
import { start as startWechat } from '../../simulator/server/start.ts'
import { descendants, stillRunning, tool } from '../../testing/commands/command.ts'

/** Enough for a busy machine with two cores; an idle one needs about eight seconds. */
const READY_MS = 180_000
const TEST_MS = 240_000
const OLD_TOKEN = 'the-token-before-this-one-0123456789abcdef'
const WEBHOOK_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
/** The environment of CI: wrangler neither asks nor calls home. */
const OFFLINE = {
  CI: '1',
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_HIDE_BANNER: 'true',
  X_LOCAL_OBSERVABILITY: 'false',
}

const undo: (() => unknown)[] = []
afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each()
})

/** A directory for the database and for a file with variables. */
function directoryWith(vars: Readonly<Record<string, string>>) {
  const directory = mkdtempSync(join(tmpdir(), 'wxpay-edge-test-'))
  undo.push(() => rmSync(directory, { recursive: true, force: true }))
  const lines = Object.entries(vars).map(([name, value]) => `${name}="${value}"\n`)
  writeFileSync(join(directory, 'vars'), lines.join(''))
  return ['--env-file', join(directory, 'vars'), '--persist-to', join(directory, 'state')]
}

function dev(args: readonly string[]) {
  const started = tool('dev', args, OFFLINE)
  undo.push(() => started.signal('SIGTERM'))
  return started
}

/** A shop on this machine that receives webhooks. */
async function shop() {
  const port = await freePort()
  const received: { headers: Record<string, string>; body: string }[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => (body += chunk))
    request.on('end', () => {
      received.push({ headers: request.headers as Record<string, string>, body })
      response.writeHead(204).end()
    })
  }).listen(port, '127.0.0.1')
  undo.push(() => server.close())
  return { url: `http://127.0.0.1:${port}/webhooks`, received }
}

describe('npm run dev', { timeout: TEST_MS }, () => {
  it('gives the Worker an origin, an old token and a webhook secret, which wrangler alone would drop', async () => {
    const wechat = await startWechat()
    undo.push(() => wechat.close())
    const receiver = await shop()
    const port = await freePort()
    const worker = `http://127.0.0.1:${port}`
    const directory = directoryWith({
      WX_APPID: DEMO_MERCHANT.appid,
      WX_MCH_ID: DEMO_MERCHANT.mchId,
      WX_API_KEY: DEMO_MERCHANT.apiKey,
      WX_APP_SECRET: DEMO_MERCHANT.appSecret,
      PUBLIC_URL: worker,
      WX_LOGIN_ORIGIN: wechat.origin,
      WX_PAY_ORIGIN: wechat.origin,
      MERCHANT_TOKEN: 'the-token-of-today-0123456789abcdef0123',
      MERCHANT_TOKEN_OLD: OLD_TOKEN,
      WEBHOOK_URL: receiver.url,
      WEBHOOK_SECRET,
      MERCHANT_TOKN: 'a name with a typing error',
    })

    const command = dev([...directory, '--port', `${port}`, '--ip', '127.0.0.1'])
    const [cron = ''] = await command.prints(/http:\S+scheduled\?cron=[^"]+/, READY_MS)

    const order = { total_fee: 2_900, body: '咖啡豆' }
    const url = `${worker}/orders/dev-0001`
    await call({ method: 'PUT', url, token: OLD_TOKEN, body: order, status: 201 })
    const payer = payerClient({ worker, wechat: wechat.origin })
    const { code, openid } = await payer.login()
    const params = await payer.requestPay(code, 'dev-0001')
    expect(await payer.openCashier(openid, params)).toMatchObject({ ok: true })
    await call({ method: 'POST', url: `${url}/close`, token: OLD_TOKEN })

    await expect.poll(() => receiver.received.length, { timeout: 10_000 }).toBe(1)
    const [{ headers, body } = { headers: {}, body: '' }] = receiver.received
    expect(new Webhook(WEBHOOK_SECRET).verify(body, headers)).toMatchObject({
      type: 'order.closed',
    })

    expect((await fetch(cron)).status).toBe(200)
    expect((await fetch(`${worker}/health`)).status).toBe(200)

    const commandLines = execFileSync('ps', ['-A', '-o', 'args'], { encoding: 'utf8' })
    expect(commandLines).toContain('wrangler-dist/cli.js dev')
    for (const secret of [OLD_TOKEN, WEBHOOK_SECRET, DEMO_MERCHANT.apiKey]) {
      expect(commandLines).not.toContain(secret)
      expect(command.output()).not.toContain(secret)
    }
    expect(command.output()).toContain('ignored: MERCHANT_TOKN')

    const children = descendants(command.pid)
    expect(children.length).toBeGreaterThan(0)
    command.signal('SIGINT')
    expect(await command.exited).toBe(0)
    expect(stillRunning(children)).toEqual([])
  })

  it('leaves no process behind even when it is killed', async () => {
    const command = dev([...directoryWith({}), '--port', `${await freePort()}`])
    await command.prints(/No cron runs here/, READY_MS)
    const children = descendants(command.pid)

    command.signal('SIGKILL')

    await expect.poll(() => stillRunning(children), { timeout: 20_000 }).toEqual([])
  })

  it('says what to do when the file with the variables is missing', async () => {
    const command = dev(['--env-file', 'no-such-file'])

    expect(await command.exited).toBe(1)
    expect(command.output()).toMatch(
      /^\S+no-such-file does not exist\. Copy \.dev\.vars\.example to \.dev\.vars .* `npm start`.*\n$/,
    )
  })

  it('explains itself', async () => {
    const command = dev(['--help'])

    expect(await command.exited).toBe(0)
    expect(command.output()).toContain('npm run dev -- [options of wrangler dev]')
  })
})
