/** How the doctor runs: for whom, how often, how long, what it leaves behind, and where people see it. */
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { consoleBrowser } from '../../testing/console-browser.ts'
import { MERCHANT, TOKEN, WEBHOOK_SECRET, world, type World } from '../../testing/world.ts'

type Check = Readonly<{
  id: string
  status: string
  reason: string
  seen: string | null
  name: string
  message: string
  remedy: string | null
}>
type Report = Readonly<{ summary: string; thorough: boolean; checked_at: string; checks: Check[] }>

const BOT = 'https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=the-key-of-the-group-0123456789'
const tokenOf = (name: string): string => `op_${name}_0123456789012345678901234567890123456789`

async function operators(people: Readonly<Record<string, 'viewer' | 'operator'>>): Promise<string> {
  const entries = Object.entries(people).map(async ([name, role]) => {
    const bytes = new TextEncoder().encode(tokenOf(name))
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
    const hex = [...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('')
    return [name, { token_sha256: hex, role }] as const
  })
  return JSON.stringify(Object.fromEntries(await Promise.all(entries)))
}

const as = (w: World, name: string, method = 'GET'): Promise<Response> =>
  w.fetch('/doctor', { method, headers: { authorization: `Bearer ${tokenOf(name)}` } })

const run = async (w: World, method = 'GET', lang = 'en'): Promise<Report> =>
  (await w.shop(method, `/doctor?lang=${lang}`)).json()

const findingOf = ({ checks }: Report, id: string): Check | undefined =>
  checks.find((each) => each.id === id)

/** Requests to WeChat that a run sends: key, backup, secret. */
const PROBES = 3

describe('the doctor', () => {
  it('answers people with a token, and a viewer as long as nothing leaves a trace', async () => {
    const w = world({
      vars: { OPERATORS: await operators({ viola: 'viewer', opal: 'operator' }) },
    })
    expect((await w.fetch('/doctor')).status).toBe(401)
    expect((await as(w, 'stranger')).status).toBe(401)
    expect((await as(w, 'viola')).status).toBe(200)
    expect((await as(w, 'viola', 'POST')).status).toBe(403)
    expect((await as(w, 'opal', 'POST')).status).toBe(200)
    expect(w.calls.filter((call) => call.endsWith('/refund'))).toHaveLength(1)
  })

  it('does not answer HEAD, whose sender would not see what WeChat was asked for', async () => {
    const w = world()
    const answer = await w.shop('HEAD', '/doctor')
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, POST'])
    expect(w.calls).toEqual([])
  })

  it('asks WeChat once in thirty seconds, however often it is called', async () => {
    const w = world()
    const [first] = await Promise.all([run(w), run(w)])
    w.advance(29)
    expect((await run(w)).checked_at).toBe(first.checked_at)
    expect(w.calls).toHaveLength(PROBES)

    w.advance(1)
    expect((await run(w)).checked_at).not.toBe(first.checked_at)
    expect(w.calls).toHaveLength(2 * PROBES)
  })

  it('judges the address of each request, also when it answers from memory', async () => {
    const w = world()
    expect(findingOf(await run(w), 'config.public_url')).toMatchObject({ status: 'ok' })
    const elsewhere = await w.shop('GET', 'https://other.test/doctor')
    expect(findingOf(await elsewhere.json<Report>(), 'config.public_url')).toMatchObject({
      status: 'fail',
      seen: 'https://pay.test, https://other.test',
    })
    expect(w.calls).toHaveLength(PROBES)
  })

  it('asks about an order that none of ours can be, and moves no money', async () => {
    const w = world()
    await run(w, 'POST')
    const numbers = w.wechat.books.history().flatMap((entry) => [entry.outTradeNo ?? []].flat())
    expect(numbers).toHaveLength(3)
    expect(numbers.every((number) => /^doctor\*[0-9a-f]{16}$/.test(number))).toBe(true)
    const outcomes = w.wechat.books.history().map(({ outcome }) => outcome)
    expect(outcomes.filter((outcome) => outcome?.startsWith('ORDERNOTEXIST'))).toHaveLength(3)
  })

  it('writes to KV and tells the group only when it is asked to', async () => {
    const texts: string[] = []
    const w = world({
      vars: { ALERT_URL: BOT },
      async group(request) {
        const { text } = await request.json<{ text: { content: string } }>()
        texts.push(text.content)
        return Response.json({ errcode: 0, errmsg: 'ok' })
      },
    })
    await run(w)
    expect(texts).toEqual([])
    expect((await env.KV.list({ prefix: 'doctor/' })).keys).toEqual([])

    const thorough = await run(w, 'POST')
    expect(texts).toEqual([expect.stringContaining('这是体检发来的测试消息')])
    expect(findingOf(thorough, 'kv.keeps')?.status).toBe('ok')
    expect((await env.KV.list({ prefix: 'doctor/' })).keys).toEqual([])
    expect(w.calls.filter((call) => call.endsWith('/refund'))).toHaveLength(1)
  })

  it('ends in time when neither WeChat nor the receiver answers', async () => {
    const w = world()
    const silence = new Promise<void>(() => {})
    for (const path of ['/pay/orderquery', '/sns/jscode2session']) w.holds.set(path, silence)
    w.receiver.answerAlways(() => new Promise<Response>(() => {}))
    const begun = performance.now()
    const report = await run(w)
    // Timers run a hundred times faster here, so ten seconds are a tenth of one.
    expect(performance.now() - begun).toBeLessThan(2_000)
    // Either the call ends first, or, on a busy machine, the check.
    const late = expect.stringMatching(/^(no_answer|absent|late)$/)
    for (const id of ['wechat.key', 'wechat.secret', 'wechat.backup', 'webhook.target']) {
      expect(findingOf(report, id)).toMatchObject({ reason: late })
    }
    expect(findingOf(report, 'store.migrations')?.status).toBe('ok')
  })

  it('looks at all else when the database is away, and says so once', async () => {
    const broken = (): Promise<never> => Promise.reject(new Error('D1_ERROR: internal error'))
    const w = world({
      wrapDb: (db) =>
        new Proxy(db, {
          get: (target, name) => {
            const value: unknown = name === 'batch' ? broken : Reflect.get(target, name)
            return typeof value === 'function' ? (value.bind(target) as unknown) : value
          },
        }),
    })
    const report = await run(w)
    expect(findingOf(report, 'store.answers')).toMatchObject({ status: 'fail', reason: 'away' })
    expect(findingOf(report, 'wechat.key')?.status).toBe('ok')
    expect(findingOf(report, 'reviews.open')).toMatchObject({ status: 'skip', reason: 'no_store' })
    expect(report.summary).toBe('Not ready: 1')
  })

  it('leaves what the isolate knows of WeChat as it was', async () => {
    const w = world()
    w.away.add('api.mch.weixin.qq.com')
    await run(w)
    w.away.clear()
    w.calls.length = 0
    const ordercode = await w.order('first')
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    expect(w.calls).toContain('api.mch.weixin.qq.com/pay/unifiedorder')
  })

  it('never shows a secret, whatever the other side says', async () => {
    const w = world({
      vars: { ALERT_URL: BOT, ALERT_SECRET: 'secret-of-the-bot-0123456789' },
      group: async () => Response.json({ errcode: 93_000, errmsg: `bad ${BOT} and ${TOKEN}` }),
    })
    const secrets = [
      MERCHANT.apiKey,
      MERCHANT.appSecret,
      TOKEN,
      WEBHOOK_SECRET,
      'the-key-of-the-group',
      'secret-of-the-bot',
    ]
    const shown = await (await w.shop('POST', '/doctor')).text()
    const kept = await env.DB.prepare('SELECT findings FROM checkups').first<string>('findings')
    expect(kept).toContain('alerts.target')
    for (const secret of secrets) {
      expect(shown).not.toContain(secret)
      expect(kept).not.toContain(secret)
      expect(JSON.stringify(w.log)).not.toContain(secret)
    }
  })

  it('speaks the language that is asked for, else that of the client, else English', async () => {
    const w = world()
    const zh = await run(w, 'GET', 'zh')
    expect(zh.summary).toBe('还不能收款：1 项不通过')
    expect(findingOf(zh, 'cron.alive')?.remedy).toContain('首次部署后')
    const client = await w.shop('GET', '/doctor', undefined, { 'accept-language': 'zh-CN,zh' })
    expect((await client.json<Report>()).summary).toBe(zh.summary)
    const none = await w.shop('GET', '/doctor')
    expect((await none.json<Report>()).summary).toBe('Not ready: 1')
  })
})

describe('the page of the checks', () => {
  it('shows that there was no run, starts one, and shows it to every isolate', async () => {
    const w = world()
    const browser = consoleBrowser(w)
    await browser.signIn()
    expect(await browser.page('/console/checks')).toContain('The doctor has not run yet')
    expect(w.calls).toEqual([])

    const done = await browser.submit('/console/checks')
    expect(done.location).toBe('/console/checks')
    expect(done.text).toContain('Not ready: 1')
    expect(done.text).toContain('After a first deployment it can take 15 minutes')
    expect(w.calls).toHaveLength(PROBES)

    // Another world is another isolate over the same database.
    const elsewhere = world()
    const other = consoleBrowser(elsewhere, 'zh')
    await other.signIn()
    const checks = await other.page('/console/checks')
    expect(checks).toContain('还不能收款：1 项不通过')
    expect(checks).toContain('应为：定时任务在运行')
    expect(elsewhere.calls).toEqual([])
  })

  it('puts what failed before everything else that needs a person', async () => {
    const w = world({ vars: { WX_APP_SECRET: '1'.repeat(32) } })
    const browser = consoleBrowser(w)
    await browser.signIn()
    expect(await browser.page('/console')).not.toContain('The AppSecret is not this AppID’s')
    await browser.submit('/console/checks')
    expect(await browser.page('/console')).toContain('The AppSecret is not this AppID’s')
  })

  it('starts no run for a viewer, for a form of another session, or for a look', async () => {
    const w = world({ vars: { OPERATORS: await operators({ viola: 'viewer' }) } })
    const browser = consoleBrowser(w)
    await browser.signIn(tokenOf('viola'), '')
    expect(await browser.page('/console/checks')).not.toContain('Run all checks')
    const csrf =
      /name="csrf" value="([0-9a-f]{64})"/.exec(await browser.page('/console'))?.[1] ?? ''
    expect((await browser.post('/console/checks', { csrf })).status).toBe(403)
    const shop = consoleBrowser(w)
    await shop.signIn()
    expect((await shop.post('/console/checks', { csrf: 'a'.repeat(64) })).status).toBe(403)
    expect(w.calls).toEqual([])
  })
})
