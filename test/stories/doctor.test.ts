/** The doctor inside the Worker: it finds each planted mistake, and names what mends it. */
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { WeChatSimulator } from '../../simulator/wechat.ts'
import worker from '../../src/worker.ts'
import { ignoresBackground } from '../../testing/execution-context.ts'
import { MERCHANT, TOKEN, world, type World, type WorldOptions } from '../../testing/world.ts'

type Check = Readonly<{
  id: string
  status: string
  reason: string
  seen: string | null
  message: string
  remedy: string | null
}>
type Report = Readonly<{
  verdict: string
  summary: string
  checked_at: string
  thorough: boolean
  checks: Check[]
}>

const BOT = 'https://oapi.dingtalk.com/robot/send?access_token=the-token-of-the-group-0123456789'
const GROUP_OK = async (): Promise<Response> => Response.json({ errcode: 0, errmsg: 'ok' })

/** A sound installation: everything is set, and the cron has run. */
async function sound(options: WorldOptions = {}): Promise<World> {
  const w = world({
    group: GROUP_OK,
    ...options,
    vars: { ALERT_URL: BOT, WX_CERT_EXPIRES: '2027-11-23', ...options.vars },
  })
  await w.cron()
  await w.settled()
  return w
}

async function examine(w: World, method = 'GET', lang = 'en'): Promise<Report> {
  const response = await w.shop(method, `/doctor?lang=${lang}`)
  expect(response.status).toBe(200)
  return response.json<Report>()
}

/** What is not in order. */
const wrongIn = ({ checks }: Report): readonly Check[] =>
  checks.filter(({ status }) => status === 'fail' || status === 'warn')

/** Another database than the tests', in front of the real one. */
const overDb =
  (change: (db: D1Database) => Partial<D1Database>) =>
  (db: D1Database): D1Database =>
    new Proxy(db, {
      get(target, name) {
        const changed = change(target)[name as keyof D1Database]
        const value: unknown = changed ?? Reflect.get(target, name)
        return typeof value === 'function' ? (value.bind(target) as unknown) : value
      },
    })

const inRegion = (region: string) =>
  overDb((db) => ({
    async batch<T>(statements: D1PreparedStatement[]) {
      const results = await db.batch<T>(statements)
      return results.map((each) => ({
        ...each,
        meta: { ...each.meta, served_by_region: region },
      }))
    },
  }))

/** Changes the list of migrations until the test ends. */
async function migrations(sql: string): Promise<void> {
  await env.DB.exec('CREATE TABLE kept_migrations AS SELECT * FROM d1_migrations')
  await env.DB.exec(sql)
}

afterEach(async () => {
  const kept = await env.DB.prepare(
    "SELECT name FROM sqlite_master WHERE name = 'kept_migrations'",
  ).first()
  if (kept === null) return
  await env.DB.exec('DELETE FROM d1_migrations')
  await env.DB.exec('INSERT INTO d1_migrations SELECT * FROM kept_migrations')
  await env.DB.exec('DROP TABLE kept_migrations')
})

async function paid(w: World, name: string): Promise<void> {
  const ordercode = await w.order(name)
  await w.pay(ordercode, w.wechat.payer.newOpenid())
  w.wechat.payer.pay(ordercode)
  await w.deliverNotices()
  await w.settled()
}

/** A planted mistake: the world that has it, and the one check that must not be in order. */
type Mistake = Readonly<{
  mistake: string
  plant: () => Promise<World>
  finds: string
  mend: string
  /** Whether the checks that leave a trace are asked for. */
  thorough?: true
}>

const OTHER = { ...MERCHANT, mchId: '10000999' }

const MISTAKES: readonly Mistake[] = [
  {
    mistake: 'an API V2 key that is not the merchant’s',
    plant: () => sound({ vars: { WX_API_KEY: 'f'.repeat(32) } }),
    finds: 'wechat.key fail key',
    mend: 'APIv2密钥',
  },
  {
    mistake: 'an AppSecret that is not the AppID’s',
    plant: () => sound({ vars: { WX_APP_SECRET: '1'.repeat(32) } }),
    finds: 'wechat.secret fail secret',
    mend: 'npx wrangler secret put WX_APP_SECRET',
  },
  {
    mistake: 'an AppID that WeChat does not know',
    plant: () => sound({ vars: { WX_APPID: `wx${'0'.repeat(16)}` } }),
    finds: 'wechat.key fail appid, wechat.secret fail appid',
    mend: 'Copy the AppID from mp.weixin.qq.com',
  },
  {
    mistake: 'a merchant number that WeChat does not know',
    plant: () => sound({ vars: { WX_MCH_ID: OTHER.mchId } }),
    finds: 'wechat.key fail merchant',
    mend: 'Copy the number from pay.weixin.qq.com',
  },
  {
    mistake: 'an AppID that is not bound to the merchant number',
    async plant() {
      const w = await sound()
      const clock = { now: () => w.now() }
      const strict = { unboundAppids: [MERCHANT.appid] }
      w.redeploy(
        { ALERT_URL: BOT, WX_CERT_EXPIRES: '2027-11-23' },
        new WeChatSimulator({ merchant: MERCHANT, clock, strict }),
      )
      return w
    },
    finds: 'wechat.key fail unbound',
    mend: 'AppID账号管理',
  },
  {
    mistake: 'a WeChat that cannot be reached',
    async plant() {
      const w = await sound()
      w.away.add('api.mch.weixin.qq.com')
      return w
    },
    finds: 'wechat.key fail no_answer',
    mend: 'WX_PAY_ORIGIN',
  },
  {
    mistake: 'a backup address that is dead',
    async plant() {
      const w = await sound()
      w.away.add('api2.mch.weixin.qq.com')
      return w
    },
    finds: 'wechat.backup warn no_answer',
    mend: 'WX_PAY_ORIGIN_BACKUP empty',
  },
  {
    mistake: 'a clock that differs from WeChat’s',
    async plant() {
      const w = await sound()
      const clock = { now: () => w.now() + 90_000 }
      w.redeploy(
        { ALERT_URL: BOT, WX_CERT_EXPIRES: '2027-11-23' },
        new WeChatSimulator({ merchant: MERCHANT, clock }),
      )
      return w
    },
    finds: 'wechat.clock warn skew',
    mend: 'run the doctor again',
  },
  {
    mistake: 'origins of a simulated WeChat in production',
    plant: () => sound({ vars: { WX_LOGIN_ORIGIN: 'https://wechat.test' } }),
    finds: 'config.origins warn simulated',
    mend: 'leave them empty',
  },
  {
    mistake: 'a PUBLIC_URL on workers.dev',
    plant: () => sound({ vars: { PUBLIC_URL: 'https://pay.shop.workers.dev' } }),
    finds: 'config.public_url warn workers_dev',
    mend: 'a domain of your own',
  },
  {
    mistake: 'a PUBLIC_URL that leads elsewhere',
    plant: () => sound({ vars: { PUBLIC_URL: 'https://old.test' } }),
    finds: 'config.public_url fail elsewhere',
    mend: 'Set PUBLIC_URL to the address of this Worker',
  },
  {
    mistake: 'a previous key that was left',
    plant: () => sound({ vars: { WX_API_KEY_OLD: 'e'.repeat(32) } }),
    finds: 'config.rotation warn old',
    mend: 'npx wrangler secret bulk',
  },
  {
    mistake: 'an AppID of another kind',
    plant: () => sound({ vars: { WX_APPID: 'gh_0123456789ab' } }),
    finds: 'wechat.key fail appid, wechat.secret fail appid, config.shape warn appid',
    mend: 'WX_APPID is wx and 16 more characters',
  },
  {
    mistake: 'an optional variable that is malformed',
    plant: () => sound({ vars: { OPERATORS: 'not JSON' } }),
    finds: 'config.features warn off',
    mend: 'The README describes each',
  },
  {
    mistake: 'a webhook secret that is malformed',
    plant: () => sound({ vars: { WEBHOOK_SECRET: 'whsec_mistyped' } }),
    finds: 'webhook.target fail malformed, config.features warn off',
    mend: 'WEBHOOK_SECRET whsec_ and Base64',
  },
  {
    mistake: 'no address for webhooks',
    plant: () => sound({ vars: { WEBHOOK_URL: '' } }),
    finds: 'webhook.target warn unset',
    mend: 'Webhooks to your shop',
  },
  {
    mistake: 'a receiver that is not there',
    async plant() {
      const w = await sound()
      w.receiver.answerAlways(async () => new Response(null, { status: 502 }))
      return w
    },
    finds: 'webhook.target warn absent',
    mend: 'start the receiver',
  },
  {
    mistake: 'a receiver that refuses a webhook',
    async plant() {
      const w = await sound()
      w.receiver.answerAlways(async () => new Response(null, { status: 404 }))
      await paid(w, 'refused')
      return w
    },
    finds: 'webhook.target warn failing',
    mend: 'it must answer 2xx within 10 seconds',
  },
  {
    mistake: 'a webhook that was given up',
    async plant() {
      const w = await sound()
      w.receiver.answerAlways(async () => new Response(null, { status: 404 }))
      await paid(w, 'given-up')
      await env.DB.exec("UPDATE deliveries SET state = 'given_up', due_at = NULL, tries = 11")
      return w
    },
    finds: 'webhook.target fail given_up',
    mend: 'resend it under Webhooks',
  },
  {
    mistake: 'no merchant certificate',
    plant: () => sound({ certificate: false }),
    finds: 'cert.bound warn absent',
    mend: 'npm run setup -- --cert',
  },
  {
    mistake: 'the certificate of another merchant',
    plant: () => sound({ certificate: 'wrong' }),
    finds: 'cert.bound fail refused',
    mend: 'make a certificate of this merchant',
    thorough: true,
  },
  {
    mistake: 'a certificate that is about to end',
    plant: () => sound({ vars: { WX_CERT_EXPIRES: '2026-12-10' } }),
    finds: 'cert.expiry warn soon',
    mend: 'npm run setup -- --cert',
  },
  {
    mistake: 'a certificate that has ended',
    plant: () => sound({ vars: { WX_CERT_EXPIRES: '2026-11-01' } }),
    finds: 'cert.expiry fail ended',
    mend: 'npm run setup -- --cert',
  },
  {
    mistake: 'a database far from WeChat',
    plant: () => sound({ wrapDb: inRegion('WEUR') }),
    finds: 'store.answers warn far',
    mend: '--location apac',
  },
  {
    mistake: 'a migration that was not applied',
    async plant() {
      const w = await sound()
      await migrations(
        'DELETE FROM d1_migrations WHERE name = (SELECT max(name) FROM d1_migrations)',
      )
      return w
    },
    finds: 'store.migrations fail behind',
    mend: 'npx wrangler d1 migrations apply DB --remote',
  },
  {
    mistake: 'a migration in the middle that was left out',
    async plant() {
      const w = await sound()
      await migrations("DELETE FROM d1_migrations WHERE name LIKE '0005%'")
      return w
    },
    finds: 'store.migrations fail behind',
    mend: 'npm run deploy',
  },
  {
    mistake: 'a database that is newer than the Worker',
    async plant() {
      const w = await sound()
      await migrations("INSERT INTO d1_migrations (name) VALUES ('9999_later.sql')")
      return w
    },
    finds: 'store.migrations warn ahead',
    mend: 'Deploy the newer version',
  },
  {
    mistake: 'a cron that has never run',
    plant: async () =>
      world({ vars: { ALERT_URL: BOT, WX_CERT_EXPIRES: '2027-11-23' }, group: GROUP_OK }),
    finds: 'cron.alive fail never',
    mend: 'it can take 15 minutes',
  },
  {
    mistake: 'a cron that stopped',
    async plant() {
      const w = await sound()
      w.advance(301)
      return w
    },
    finds: 'cron.alive fail silent',
    mend: 'Settings → Triggers',
  },
  {
    mistake: 'a cron that leaves work behind in every run',
    async plant() {
      const w = await sound()
      for (let run = 0; run < 5; run++) await w.cron()
      await env.DB.exec(`UPDATE runs SET report = json_set(report, '$.left', 7)`)
      return w
    },
    finds: 'cron.keeps_up warn behind',
    mend: 'raise TICK_CALLS',
  },
  {
    mistake: 'a plan that allows less than the budget',
    async plant() {
      const w = await sound()
      await env.DB.exec('UPDATE runs SET reduced_until = started_at + 3600')
      return w
    },
    finds: 'cron.keeps_up warn plan',
    mend: 'PLAN = "free"',
  },
  {
    mistake: 'a review that is open',
    async plant() {
      const w = await sound()
      await env.DB.exec(
        "INSERT INTO reviews (id, kind, subject, opened_at, evidence) VALUES ('r', 'late_payment', 's', 1795406400, '{}')",
      )
      return w
    },
    finds: 'reviews.open warn open',
    mend: 'Decide them under Reviews',
  },
  {
    mistake: 'a bill that is not compared by noon',
    async plant() {
      const w = await sound()
      await env.DB.exec(
        "INSERT INTO bills (day, state, due_at, last_error, counts) VALUES ('2026-11-22', 'waiting', 1795500000, '20007', '{}')",
      )
      return w
    },
    finds: 'bills.yesterday warn open',
    mend: 'ask WeChat to open the bill API',
  },
  {
    mistake: 'no archive',
    plant: () => sound({ archive: false }),
    finds: 'kv.keeps warn absent',
    mend: '[[kv_namespaces]]',
  },
  {
    mistake: 'a bot that wants a signature',
    async plant() {
      const errmsg = 'keywords not in content'
      return sound({ group: async () => Response.json({ errcode: 310_000, errmsg }) })
    },
    finds: 'alerts.target warn proof',
    mend: 'npx wrangler secret put ALERT_SECRET',
    thorough: true,
  },
  {
    mistake: 'the address of a bot that does not exist',
    async plant() {
      const errmsg = 'invalid webhook url'
      return sound({ group: async () => Response.json({ errcode: 93_000, errmsg }) })
    },
    finds: 'alerts.target warn refused',
    mend: 'Copy the bot’s whole address',
    thorough: true,
  },
]

describe('the doctor', () => {
  it('says of a sound installation that it is ready for money', async () => {
    const w = await sound()
    const report = await examine(w)

    expect(wrongIn(report)).toEqual([])
    expect(report).toMatchObject({ verdict: 'ready', summary: 'Ready for money', thorough: false })
    expect(report.checked_at).toBe(new Date(w.now()).toISOString().replace('.000Z', 'Z'))
    expect(report.checks.map(({ id }) => id).toSorted()).toEqual([
      'alerts.target',
      'bills.yesterday',
      'cert.bound',
      'cert.expiry',
      'config.features',
      'config.origins',
      'config.public_url',
      'config.rotation',
      'config.shape',
      'config.values',
      'cron.alive',
      'cron.keeps_up',
      'kv.keeps',
      'reviews.open',
      'store.answers',
      'store.migrations',
      'webhook.target',
      'wechat.backup',
      'wechat.binding',
      'wechat.clock',
      'wechat.key',
      'wechat.secret',
    ])
    // What nothing but a real payment shows is left to a person.
    const skipped = report.checks.filter(({ status }) => status === 'skip')
    expect(skipped.map(({ id, reason }) => `${id} ${reason}`)).toEqual(['wechat.binding by_hand'])
  })

  describe.each(MISTAKES)('finds $mistake', ({ plant, finds, mend, thorough }) => {
    it(`as ${finds}, and names the mend`, async () => {
      const w = await plant()
      const report = await examine(w, thorough === true ? 'POST' : 'GET')
      const wrong = wrongIn(report)

      expect(wrong.map(({ id, status, reason }) => `${id} ${status} ${reason}`).join(', ')).toBe(
        finds,
      )
      expect(wrong.map(({ remedy }) => remedy).join(' ')).toContain(mend)
      const failed = wrong.filter(({ status }) => status === 'fail').length
      expect(report.verdict).toBe(failed > 0 ? 'not_ready' : 'warnings')
      expect(report.summary).toBe(
        failed > 0
          ? `Not ready: ${failed}`
          : wrong.length === 1
            ? 'Works, 1 warning'
            : `Works, ${wrong.length} warnings`,
      )
    })
  })

  it('was given at least twenty mistakes to find', () => {
    expect(MISTAKES.length).toBeGreaterThanOrEqual(20)
  })
})

describe('a Worker whose configuration is wrong', () => {
  // The Worker uses only waitUntil; the platform's other members cannot be built by hand.
  const VARS = {
    WX_APPID: MERCHANT.appid,
    WX_MCH_ID: MERCHANT.mchId,
    WX_API_KEY: MERCHANT.apiKey,
    WX_APP_SECRET: MERCHANT.appSecret,
    MERCHANT_TOKEN: TOKEN,
    PUBLIC_URL: 'https://pay.test',
  }

  async function ask(
    vars: Readonly<Record<string, string>>,
    token = TOKEN,
    init: Readonly<{ method?: string }> = {},
  ) {
    const log = vi.spyOn(console, 'log').mockImplementation(() => {})
    const headers = token === '' ? {} : { authorization: `Bearer ${token}` }
    const request = new Request<unknown, IncomingRequestCfProperties>('https://pay.test/doctor', {
      headers,
      ...init,
    })
    const answer = await worker.fetch(request, { ...env, ...VARS, ...vars }, ignoresBackground)
    log.mockRestore()
    return answer
  }

  it('finds a required variable that is missing, and one that is malformed, by name and without a value', async () => {
    const answer = await ask({ WX_API_KEY: 'too-short', WX_MCH_ID: '', OPERATORS: 'not JSON' })
    expect(answer.status).toBe(200)
    const text = await answer.text()
    const report = JSON.parse(text) as Report

    expect(wrongIn(report).map(({ id, status, seen }) => [id, status, seen])).toEqual([
      ['config.values', 'fail', 'WX_MCH_ID, WX_API_KEY'],
      ['config.features', 'warn', 'OPERATORS'],
    ])
    expect(wrongIn(report)[0]?.remedy).toContain('npx wrangler secret put')
    expect(report.summary).toBe('Not ready: 1')
    const skipped = report.checks.filter(({ status }) => status === 'skip')
    expect(skipped.map(({ id }) => id)).toContain('wechat.key')
    expect(new Set(skipped.map(({ reason }) => reason))).toEqual(new Set(['needs_config']))
    expect(text).not.toContain('too-short')
    expect(text).not.toContain(TOKEN)
  })

  it('finds a database that is not bound', async () => {
    const log = vi.spyOn(console, 'log').mockImplementation(() => {})
    const request = new Request<unknown, IncomingRequestCfProperties>('https://pay.test/doctor', {
      headers: { authorization: `Bearer ${TOKEN}` },
    })
    const { DB: _, ...rest } = env
    // The type says that DB is always bound; a deployment without it is what this test is about.
    const answer = await worker.fetch(
      request,
      { ...rest, ...VARS } as unknown as Env,
      ignoresBackground,
    )
    log.mockRestore()
    const report = await answer.json<Report>()
    expect(wrongIn(report).map(({ id, seen }) => [id, seen])).toEqual([['config.values', 'DB']])
  })

  it('finds a secret that was pasted twice, and LATE_PAYMENT=refund without a certificate', async () => {
    const twice = await ask({ WX_APP_SECRET: MERCHANT.apiKey, LATE_PAYMENT: 'refund' })
    const report = await twice.json<Report>()
    expect(wrongIn(report)[0]).toMatchObject({
      id: 'config.values',
      seen: 'WX_APP_SECRET, WX_API_KEY, LATE_PAYMENT',
    })
  })

  it('answers nothing but the doctor, and the doctor nobody without a token', async () => {
    const wrong = { WX_API_KEY: 'too-short' }
    expect((await ask(wrong, '')).status).toBe(401)
    expect((await ask(wrong, `${TOKEN}x`)).status).toBe(401)
    const head = await ask(wrong, TOKEN, { method: 'HEAD' })
    expect([head.status, head.headers.get('allow')]).toEqual([405, 'GET, POST'])
    expect((await ask({ MERCHANT_TOKEN: 'too-short' }, 'too-short')).status).toBe(500)
  })
})
