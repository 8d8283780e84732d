/** The doctor from outside: each mistake between the internet and the Worker is found, and its mend is named. */
import { readFileSync } from 'node:fs'
import type { ServerOptions } from 'node:https'
import { describe, expect, it } from 'vitest'
import type { Place } from '../scripts/doctor/ask.ts'
import {
  health,
  notifyLength,
  notifyOpen,
  payAnswers,
  workersDev,
} from '../scripts/doctor/doors.ts'
import { askWorker } from '../scripts/doctor/inside.ts'
import { dns, tls } from '../scripts/doctor/network.ts'
import { exitCodeOf, reportOf } from '../scripts/doctor/report.ts'
import { OUTSIDE } from '../scripts/doctor/words.ts'
import { node, type Printed, throughWrangler } from '../scripts/doctor/wrangler.ts'
import { DOCTOR } from '../src/console/words/doctor.ts'
import { type Finding, fine, finding } from '../src/core/doctor/finding.ts'
import { tell } from '../src/core/doctor/words.ts'
import { certificateChain, type ServerCertificate } from '../testing/commands/certificate-chain.ts'
import { type Answering, type Reply, serverThat, workerLike } from '../testing/commands/stand-in.ts'

const VERSION = '0.1.0'
const chain = await certificateChain()

async function placeOf(answer: Answering, options?: ServerOptions): Promise<Place> {
  const url = new URL(await serverThat(answer, options))
  return { url, signal: AbortSignal.timeout(5_000), ca: chain.root }
}

const withTls = async (
  certificate: ServerCertificate,
  options: ServerOptions = {},
): Promise<Place> =>
  placeOf(workerLike(VERSION), { ...(await chain.server(certificate)), ...options })

const worker = (changed: Readonly<Record<string, Reply>> = {}): Promise<Place> =>
  placeOf(workerLike(VERSION, changed))

const place = (url: string): Place => ({ url: new URL(url), signal: AbortSignal.timeout(5_000) })

const HTML = { 'content-type': 'text/html; charset=UTF-8' }
const CHALLENGE: Reply = { status: 403, headers: { ...HTML, 'cf-mitigated': 'challenge' } }
const BLOCKED: Reply = { status: 403, body: 'error code: 1010' }
const REDIRECT: Reply = { status: 301, headers: { location: 'https://www.test/' } }
const LOGIN: Reply = { status: 200, headers: HTML, body: '<html>Sign in</html>' }

const TOML = `name = "wxpay-edge"\nworkers_dev = false\n[[mtls_certificates]]\ncertificate_id = "c-1"\n`
const NOW = Date.parse('2026-11-29T00:00:00Z')
const certificateList = (ends: string): string =>
  `ID: c-0\nName: other\nExpires on: 2020-01-01T00:00:00Z\n\nID: c-1\nName: wxpay-edge\nExpires on: ${ends}\n`

/** What wrangler prints for an account in which all is well, but for what is given. */
async function wrangler(
  changed: Partial<Record<string, string>>,
  toml = TOML,
): Promise<readonly Finding[]> {
  const usual: Readonly<Record<string, string>> = {
    secret:
      '[{"name":"WX_APP_SECRET","type":"secret_text"},{"name":"WX_API_KEY"},{"name":"MERCHANT_TOKEN"}]',
    d1: '✅ No migrations to apply!',
    'mtls-certificate': certificateList('2027-11-29T00:00:00Z'),
  }
  const run = async ([command = '']: readonly string[]): Promise<Printed> => ({
    how: 'done',
    out: changed[command] ?? usual[command] ?? '',
  })
  return throughWrangler(run, toml, NOW)
}

const wrongOf = async (findings: Promise<readonly Finding[]>): Promise<Finding> =>
  (await findings).find(({ status }) => status !== 'ok') ?? fine('none')

type Mistake = readonly [mistake: string, look: () => Promise<Finding>, finds: string, mend: string]

const MISTAKES: readonly Mistake[] = [
  [
    'a certificate that has ended',
    async () => tls(await withTls({ daysLeft: -1 })),
    'net.tls fail expired',
    'Renew it',
  ],
  [
    'a certificate that is about to end',
    async () => tls(await withTls({ daysLeft: 5 })),
    'net.tls warn soon',
    'Edge Certificates',
  ],
  [
    'a certificate of another name',
    async () => tls(await withTls({ name: 'other.test' })),
    'net.tls fail name',
    'add this name',
  ],
  [
    'a certificate that is sent without its chain',
    async () => tls(await withTls({ isWhole: false })),
    'net.tls fail chain',
    'Send the intermediate certificates',
  ],
  [
    'a certificate of an authority that phones do not know',
    async () => tls({ ...(await withTls({})), ca: (await certificateChain()).root }),
    'net.tls fail untrusted',
    'a public authority',
  ],
  [
    'a server that refuses TLS 1.2',
    async () => tls(await withTls({}, { minVersion: 'TLSv1.3' })),
    'net.tls fail tls12',
    'Minimum TLS Version',
  ],
  [
    'a name that does not exist',
    () =>
      dns(place('https://pay.test'), () =>
        Promise.reject(Object.assign(new Error(), { code: 'ENOTFOUND' })),
      ),
    'net.dns fail absent',
    'needs some minutes',
  ],
  [
    'a name that leads to a private address',
    () => dns(place('https://pay.test'), async () => [{ address: '10.1.2.3', family: 4 }]),
    'net.dns fail private',
    'Point the name at the Worker',
  ],
  [
    'a version that is older than this folder',
    async () => health(await placeOf(workerLike('0.0.9')), VERSION),
    'net.health warn version',
    'npm run deploy',
  ],
  [
    'a Worker that is misconfigured',
    async () =>
      health(
        await worker({ '/health': { status: 500, body: '{"code":"misconfigured"}' } }),
        VERSION,
      ),
    'net.health fail misconfigured',
    'npx wrangler tail',
  ],
  [
    'a Worker whose cron is silent',
    async () => {
      const components = [{ name: 'cron', status: 'down', reason: 'cron_silent' }]
      const body = JSON.stringify({ status: 'down', version: VERSION, components })
      return health(await worker({ '/health': { status: 503, body } }), VERSION)
    },
    'net.health fail down',
    'What to watch',
  ],
  [
    'a challenge before the notices',
    async () => notifyOpen(await worker({ '/notify': CHALLENGE })),
    'notify.open fail challenge',
    'Bot Fight Mode',
  ],
  [
    'a rule that blocks one User-Agent of three',
    async () =>
      notifyOpen(
        await placeOf((request, body) =>
          request.headers['user-agent']?.startsWith('python') === true
            ? BLOCKED
            : workerLike(VERSION)(request, body),
        ),
      ),
    'notify.open fail blocked',
    'Browser Integrity Check',
  ],
  [
    'a rule that blocks what names no User-Agent',
    async () =>
      notifyOpen(
        await placeOf((request, body) =>
          request.headers['user-agent'] === undefined
            ? BLOCKED
            : workerLike(VERSION)(request, body),
        ),
      ),
    'notify.open fail blocked',
    'Browser Integrity Check',
  ],
  [
    'a redirect of the notices',
    async () => notifyOpen(await worker({ '/notify': REDIRECT })),
    'notify.open fail redirect',
    'Remove the redirect rule',
  ],
  [
    'a login page before everything',
    async () => notifyOpen(await worker({ '/notify': LOGIN })),
    'notify.open fail html',
    'a login (Access)',
  ],
  [
    'another server at the address',
    async () => notifyOpen(await worker({ '/notify': { status: 404, body: '{"error":"no"}' } })),
    'notify.open fail other',
    'Compare routes in wrangler.toml',
  ],
  [
    'a challenge before the payers',
    async () => payAnswers(await worker({ '/pay': CHALLENGE })),
    'pay.answers fail challenge',
    '/pay*',
  ],
  [
    'a cache that keeps the answers to payers',
    async () => {
      const headers = {
        'content-type': 'application/problem+json',
        'cache-control': 'max-age=14400',
      }
      return payAnswers(await worker({ '/pay': { status: 400, headers, body: '{}' } }))
    },
    'pay.answers fail cached',
    'Cache Rules',
  ],
  [
    'a notify_url that is too long',
    async () =>
      notifyLength(
        place(`https://${Array.from({ length: 4 }, () => 'a'.repeat(60)).join('.')}.test`),
      ),
    'notify.length fail too_long',
    'a shorter domain',
  ],
  [
    'an address on workers.dev',
    async () => workersDev(place('https://pay.shop.workers.dev'), TOML),
    'net.workers_dev warn here',
    'a domain of your own',
  ],
  [
    'a second door at workers.dev',
    async () => workersDev(place('https://pay.test'), 'workers_dev = true'),
    'net.workers_dev warn open',
    'workers_dev = false',
  ],
  ['a Node of another version', async () => node('20.1.0'), 'cli.node warn other', 'npm ci'],
  [
    'a required secret that is not stored',
    () => wrongOf(wrangler({ secret: '[{"name":"WX_API_KEY"},{"name":"MERCHANT_TOKEN"}]' })),
    'cli.secrets fail missing',
    'npx wrangler secret put NAME',
  ],
  [
    'migrations that are not applied',
    () => wrongOf(wrangler({ d1: '│ Name │\n│ 0020_found_by.sql │\n│ 0021_checkups.sql │' })),
    'cli.migrations fail behind',
    'npx wrangler d1 migrations apply DB --remote',
  ],
  [
    'a merchant certificate that ends soon',
    () => wrongOf(wrangler({ 'mtls-certificate': certificateList('2026-12-20T00:00:00Z') })),
    'cert.expiry warn soon',
    'npm run setup -- --cert',
  ],
  [
    'a merchant certificate that has ended',
    () => wrongOf(wrangler({ 'mtls-certificate': certificateList('2026-11-01T00:00:00Z') })),
    'cert.expiry fail ended',
    'npm run setup -- --cert',
  ],
  [
    'the id of a certificate that the account does not have',
    () => wrongOf(wrangler({}, TOML.replace('c-1', 'c-9'))),
    'cert.expiry fail gone',
    'mtls-certificate list shows the ids',
  ],
  [
    'a token that is not the Worker’s',
    async () => (await askWorker(await worker(), 'x', 'en', false)) as Finding,
    'worker.doctor fail unauthorized',
    'Give the MERCHANT_TOKEN',
  ],
  [
    'a MERCHANT_TOKEN that is malformed in the Worker',
    async () => {
      const body = '{"code":"misconfigured"}'
      return (await askWorker(
        await worker({ '/doctor': { status: 500, body } }),
        'x',
        'en',
        false,
      )) as Finding
    },
    'worker.doctor fail misconfigured',
    'npx wrangler secret put MERCHANT_TOKEN',
  ],
  [
    'a Worker of before there was a doctor',
    async () => {
      const body = '{"code":"not_found"}'
      return (await askWorker(
        await worker({ '/doctor': { status: 404, body } }),
        'x',
        'en',
        false,
      )) as Finding
    },
    'worker.doctor fail absent',
    'npm run deploy',
  ],
]

describe('the doctor from outside', () => {
  it.each(MISTAKES)('finds %s, and names the mend', async (_mistake, look, finds, mend) => {
    const found = await look()
    expect(`${found.id} ${found.status} ${found.reason}`).toBe(finds)
    for (const lang of ['en', 'zh'] as const) {
      const { message, remedy } = tell(found, { ...DOCTOR[lang], ...OUTSIDE[lang] })
      expect(message).not.toBe(found.reason)
      if (lang === 'en') expect(remedy).toContain(mend)
      else expect(remedy).toMatch(/[\u4e00-\u9fff]|npm run deploy/)
    }
  })

  it('finds nothing wrong with a sound Worker, over TLS, too', async () => {
    const secure = await withTls({})
    const plain = await worker()
    const found = await Promise.all([
      tls(secure),
      dns(place('https://pay.test'), async () => [{ address: '104.16.0.1', family: 4 }]),
      ...[secure, plain].flatMap((each) => [
        health(each, VERSION),
        notifyOpen(each),
        payAnswers(each),
      ]),
    ])
    expect(found.filter(({ status }) => status !== 'ok')).toEqual([])
    expect((await wrangler({})).map(({ id, status }) => `${id} ${status}`)).toEqual([
      'cli.login ok',
      'cli.secrets ok',
      'cli.migrations ok',
      'cert.expiry ok',
    ])
    expect(
      workersDev(place('https://pay.test'), readFileSync('wrangler.toml', 'utf8')).status,
    ).toBe('ok')
  })

  it('sends nothing to a server whose certificate is wrong', async () => {
    const asked: string[] = []
    const expired = await chain.server({ daysLeft: -1 })
    const broken = await placeOf((request) => {
      asked.push(request.url ?? '')
      return {}
    }, expired)
    const found = await askWorker(broken, 'the-token', 'en', false)
    expect([found, asked]).toEqual([
      finding('worker.doctor', 'skip', 'unreachable', 'CERT_HAS_EXPIRED'),
      [],
    ])
  })

  it('says that wrangler is not logged in, and does not count it as a fault', async () => {
    const out =
      'it’s necessary to set a CLOUDFLARE_API_TOKEN environment variable for wrangler to work'
    const found = await throughWrangler(async () => ({ how: 'failed', out }), TOML, NOW)
    expect(new Set(found.map(({ status, reason }) => `${status} ${reason}`))).toEqual(
      new Set(['skip logged_out']),
    )
    const options = { url: 'u', lang: 'en', tookMs: 1 } as const
    const outside = [...found, fine('net.health')]
    expect(exitCodeOf(reportOf(outside, { ...options, named: undefined }))).toBe(0)
    expect(exitCodeOf(reportOf(found, { ...options, named: new Set(['cli.secrets']) }))).toBe(2)
  })

  it('has words for everything in both languages', () => {
    expect(Object.keys(OUTSIDE.zh.findings)).toEqual(Object.keys(OUTSIDE.en.findings))
    expect(Object.keys(OUTSIDE.zh.checks)).toEqual(Object.keys(OUTSIDE.en.checks))
    expect(Object.keys(DOCTOR.zh.findings)).toEqual(Object.keys(DOCTOR.en.findings))
    expect(Object.keys(DOCTOR.zh.checks)).toEqual(Object.keys(DOCTOR.en.checks))
  })
})

describe('the report', () => {
  const options = { url: 'https://pay.test', lang: 'en', tookMs: 1, named: undefined } as const

  it.each([
    ['everything is fine', [fine('wechat.key')], 'Ready for money', 0],
    [
      'something wants a look',
      [fine('wechat.key'), finding('kv.keeps', 'warn', 'absent')],
      'Works, 1 warning',
      0,
    ],
    [
      'two things are wrong',
      [finding('wechat.key', 'fail', 'key'), finding('net.tls', 'fail', 'name')],
      'Not ready: 2',
      1,
    ],
    [
      'the Worker’s own checks did not run',
      [fine('net.health')],
      'Nothing wrong in what was looked at',
      0,
    ],
    ['nothing was looked at', [finding('worker.doctor', 'skip', 'no_token')], 'Could not look', 2],
    ['nothing answers', [finding('net.health', 'skip', 'unreachable')], 'Could not look', 2],
    [
      'nothing answers because the name is wrong',
      [finding('net.health', 'skip', 'unreachable'), finding('net.dns', 'fail', 'absent')],
      'Not ready: 1',
      1,
    ],
  ] as const)('says in its first line when %s', (_when, findings, summary, code) => {
    const report = reportOf(findings, options)
    expect([report.summary, exitCodeOf(report)]).toEqual([summary, code])
  })

  it('tells what failed first, and of two sides that looked at one thing the one that saw it', () => {
    const { findings } = reportOf(
      [
        fine('wechat.key'),
        finding('cert.expiry', 'skip', 'unknown'),
        finding('kv.keeps', 'warn', 'absent'),
        finding('cert.expiry', 'fail', 'ended', '2026-11-01'),
      ],
      options,
    )
    expect(findings.map(({ id, status }) => `${id} ${status}`)).toEqual([
      'cert.expiry fail',
      'kv.keeps warn',
      'wechat.key ok',
    ])
  })
})
