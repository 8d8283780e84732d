/** `npm run doctor` as a process: against real Workers, against a server with a broken chain, and through a real wrangler. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { throughWrangler, wranglerOf } from '../../scripts/doctor/wrangler.ts'
import { type Stack, startStack } from '../../scripts/local/local-stack.ts'
import { DEMO_MERCHANT } from '../../simulator/server/demo-merchant.ts'
import { certificateChain } from '../../testing/commands/certificate-chain.ts'
import { tool } from '../../testing/commands/command.ts'
import { type Answering, serverThat, workerLike } from '../../testing/commands/stand-in.ts'

const TEN_SECONDS_MS = 10_000
const directory = mkdtempSync(join(tmpdir(), 'wxpay-edge-doctor-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

async function doctor(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const begun = performance.now()
  const running = tool('doctor', args, { MERCHANT_TOKEN: '', LANG: 'en', LC_ALL: '', ...env })
  const code = await running.exited
  return { code, output: running.output(), tookMs: performance.now() - begun }
}

describe('a real Worker', { timeout: 90_000 }, () => {
  let sound: Stack
  let broken: Stack
  const KEY = 'f'.repeat(32)
  const SECRET = 'e'.repeat(32)

  beforeAll(async () => {
    const vars = {
      WX_API_KEY: KEY,
      WX_API_KEY_OLD: DEMO_MERCHANT.apiKey,
      WX_APP_SECRET: SECRET,
      PUBLIC_URL: 'https://old.test',
      OPERATORS: 'not JSON',
    }
    ;[sound, broken] = await Promise.all([
      startStack({ persistDir: join(directory, 'sound') }),
      startStack({ persistDir: join(directory, 'broken'), vars, certificate: false }),
    ])
    await sound.cron()
  }, 90_000)
  afterAll(async () => {
    await Promise.all([sound, broken].map((stack) => stack.stop()))
  }, 30_000)

  it('that is sound works, with the warning that its WeChat is simulated, in less than ten seconds', async () => {
    const token = sound.merchantToken
    const { code, output, tookMs } = await doctor([sound.workerOrigin], { MERCHANT_TOKEN: token })
    expect(output).toMatch(/^Works, \d warnings?/)
    const warned = [...output.matchAll(/^! (\S+)/gm)].map(([, id]) => id)
    // The stack has no receiver for webhooks and no archive unless it is asked for.
    expect(warned.filter((id) => id !== 'webhook.target')).toEqual(['config.origins'])
    expect(output).toContain('! config.origins  Should be: WeChat is the real one\n')
    expect(output).toContain(
      '– net.dns, net.tls, net.workers_dev, net.china, cli.login, cli.secrets, cli.migrations\n',
    )
    expect(output).not.toContain('✗')
    expect(output).not.toContain(token)
    expect(code).toBe(0)
    expect(tookMs).toBeLessThan(TEN_SECONDS_MS)
  })

  it('that is broken gets each mistake named, with its mend, and no secret', async () => {
    const token = broken.merchantToken
    const { code, output, tookMs } = await doctor([broken.workerOrigin, '--json'], {
      MERCHANT_TOKEN: token,
    })
    const report = JSON.parse(output) as {
      verdict: string
      summary: string
      checks: { id: string; status: string; remedy: string | null }[]
    }
    const failed = report.checks.filter(({ status }) => status === 'fail').map(({ id }) => id)
    const warned = report.checks.filter(({ status }) => status === 'warn').map(({ id }) => id)
    expect(failed.toSorted()).toEqual([
      'config.public_url',
      'cron.alive',
      'net.health',
      'wechat.key',
      'wechat.secret',
    ])
    for (const id of ['config.features', 'config.rotation', 'cert.bound'])
      expect(warned).toContain(id)
    expect(report.summary).toBe('Not ready: 5')
    expect(code).toBe(1)
    expect(tookMs).toBeLessThan(TEN_SECONDS_MS)
    const wrong = report.checks.filter(({ status }) => status === 'fail' || status === 'warn')
    expect(wrong.filter(({ remedy }) => remedy === null || remedy === '')).toEqual([])
    for (const secret of [token, KEY, SECRET, DEMO_MERCHANT.apiKey])
      expect(output).not.toContain(secret)
  })

  it('is looked at from outside without a token, and only where it is asked to', async () => {
    const { code, output } = await doctor([sound.workerOrigin, '--only', 'notify.open,pay.answers'])
    expect(code).toBe(0)
    expect([...output.matchAll(/^✓ (\S+)/gm)].map(([, id]) => id)).toEqual([
      'notify.open',
      'pay.answers',
    ])
  })

  it('does not take a wrong token', async () => {
    const { code, output } = await doctor([sound.workerOrigin, '--lang', 'zh'], {
      MERCHANT_TOKEN: 'not-the-token-of-this-worker-0123456789',
    })
    expect(output).toMatch(/^还不能收款：1 项不通过/)
    expect(output).toContain('令牌不是这个 Worker 的')
    expect(code).toBe(1)
  })
})

describe('the command', { timeout: 60_000 }, () => {
  it('finds a certificate without its chain, and keeps the token', async () => {
    const chain = await certificateChain()
    const root = join(directory, 'root.pem')
    writeFileSync(root, chain.root)
    const asked: string[] = []
    const answer = workerLike('0.1.0')
    const origin = await serverThat(
      (request, body) => {
        asked.push(request.url ?? '')
        return answer(request, body)
      },
      await chain.server({ isWhole: false }),
    )
    const { code, output } = await doctor([origin], {
      MERCHANT_TOKEN: 'a-token-that-must-not-leave-0123456789',
      NODE_EXTRA_CA_CERTS: root,
    })
    expect(output).toMatch(/^Not ready: 1/)
    expect(output).toContain('Send the intermediate certificates')
    expect([code, asked]).toEqual([1, []])
  })

  it('says that it could not look where nothing listens', async () => {
    const { code, output } = await doctor(['http://127.0.0.1:1'])
    expect(output).toMatch(/^Could not look/)
    expect(code).toBe(2)
  })

  it('ends in time where nothing is ever answered', async () => {
    const silent = await serverThat(() => ({
      status: 200,
      headers: { 'content-length': '9' },
      body: '',
    }))
    const { code, output, tookMs } = await doctor([silent, '--timeout', '2'], {
      MERCHANT_TOKEN: 'some-token-0123456789-0123456789-0123',
    })
    expect(output).toContain('no answer in time')
    expect(code).toBe(2)
    expect(tookMs).toBeLessThan(TEN_SECONDS_MS)
  })

  it.each([
    [[], 'Give the address of the Worker'],
    [['ftp://pay.test'], 'takes an address'],
    [['http://pay.test'], 'Use https://pay.test'],
    [['https://pay.test', '--only', 'nope'], 'does not know nope'],
    [['https://pay.test', '--timeout', '0'], '--timeout takes'],
    [['https://pay.test', '--lang', 'fr'], '--lang takes'],
  ])('%j ends with a sentence', async (args, sentence) => {
    const { code, output } = await doctor(args)
    expect(code).toBe(1)
    expect(output).toContain(sentence)
    expect(output).not.toContain('    at ')
  })
})

describe('wrangler', { timeout: 120_000 }, () => {
  const ACCOUNT = 'a'.repeat(32)
  const CERTIFICATE = '0f1e2d3c-0000-4000-8000-000000000000'
  const TOML = `[[mtls_certificates]]\ncertificate_id = "${CERTIFICATE}"\n`

  /** Cloudflare's API, as far as the doctor's commands ask. */
  const api =
    (secrets: readonly string[], applied: readonly string[], ends: string): Answering =>
    ({ url = '' }, body) => {
      const path = url.replace(/^\/client\/v4/, '').replace(/\?.*$/, '')
      const reply = (result: unknown) => ({
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          success: true,
          errors: [],
          messages: [],
          result,
          result_info: { page: 1, per_page: 50, count: 1, total_count: 1, total_pages: 1 },
        }),
      })
      if (path.endsWith('/secrets'))
        return reply(secrets.map((name) => ({ name, type: 'secret_text' })))
      if (path.endsWith('/mtls_certificates')) {
        return reply([
          {
            id: CERTIFICATE,
            name: 'wxpay-edge',
            issuer: 'CN=Tenpay',
            signature: 'SHA256',
            uploaded_on: '2026-01-01T00:00:00Z',
            expires_on: ends,
          },
        ])
      }
      if (path.endsWith('/query')) {
        const isList = body.includes('SELECT')
        const results = isList
          ? applied.map((name, at) => ({ id: at + 1, name, applied_at: '' }))
          : []
        return reply([
          { results, success: true, meta: { duration: 1, rows_read: 0, rows_written: 0 } },
        ])
      }
      if (path.includes('/d1/database')) {
        return reply({
          uuid: '11111111-0000-4000-8000-000000000000',
          name: 'wxpay-edge',
          version: 'production',
        })
      }
      return reply([])
    }

  async function look(answer: Answering) {
    const origin = await serverThat(answer)
    vi.stubEnv('CLOUDFLARE_API_BASE_URL', `${origin}/client/v4`)
    vi.stubEnv('CLOUDFLARE_API_TOKEN', 'any')
    vi.stubEnv('CLOUDFLARE_ACCOUNT_ID', ACCOUNT)
    vi.stubEnv('CLOUDFLARE_CF_FETCH_ENABLED', 'false')
    vi.stubEnv('XDG_CONFIG_HOME', directory)
    const wrangler = wranglerOf(AbortSignal.timeout(50_000), undefined)
    const found = await throughWrangler(wrangler, TOML, Date.parse('2026-11-29T00:00:00Z'))
    vi.unstubAllEnvs()
    return found.map(({ id, status, reason, seen }) => [id, status, reason, seen ?? ''])
  }

  it('tells of a secret and of migrations that are missing, and of a certificate that ends', async () => {
    const found = await look(
      api(['WX_APP_SECRET', 'MERCHANT_TOKEN'], ['0001_orders.sql'], '2026-12-24T00:00:00Z'),
    )
    expect(found).toEqual([
      ['cli.login', 'ok', 'ok', ''],
      ['cli.secrets', 'fail', 'missing', 'WX_API_KEY'],
      ['cli.migrations', 'fail', 'behind', expect.stringContaining('0021_checkups.sql')],
      ['cert.expiry', 'warn', 'soon', '2026-12-24'],
    ])
  })

  it('tells that Cloudflare does not accept the token', async () => {
    const found = await look(() => ({
      status: 403,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        success: false,
        errors: [{ code: 10_000, message: 'Authentication error' }],
        messages: [],
        result: null,
      }),
    }))
    expect(found.map(([id, status, reason]) => `${id} ${status} ${reason}`)).toEqual([
      'cli.login skip logged_out',
      'cli.secrets skip logged_out',
      'cli.migrations skip logged_out',
      'cert.expiry skip logged_out',
    ])
  })
})
