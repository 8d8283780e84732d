/** `npm run setup` from end to end: the real wrangler, against a stand-in for Cloudflare's API. */
import { execFileSync, spawn } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Interrupted } from '../../scripts/cli/interrupt.ts'
import type { Options } from '../../scripts/setup/ask/options.ts'
import type { Report } from '../../scripts/setup/report.ts'
import { setUp } from '../../scripts/setup/setup.ts'
import { readInstallation } from '../../scripts/setup/toml/wrangler-file.ts'
import {
  ACCOUNT_ID,
  draftWorker,
  newDatabase,
  newNamespace,
} from '../../testing/cloudflare/account.ts'
import { no } from '../../testing/cloudflare/answer.ts'
import {
  environmentOf,
  newProject,
  type Project,
  writeCertificate,
} from '../../testing/cloudflare/project.ts'
import { API_TOKEN, type StandIn, startStandIn } from '../../testing/cloudflare/stand-in.ts'
import { descendants, stillRunning } from '../../testing/commands/command.ts'
import { CTRL_C, ENTER, type Typist, typist } from '../../testing/commands/typist.ts'

const ROOT = join(import.meta.dirname, '../..')
const MIGRATIONS = readdirSync(join(ROOT, 'src/store/migrations')).filter((name) =>
  name.endsWith('.sql'),
)
const DOMAIN = 'pay.example.com'
const WORKER = 'wxpay-edge'
const SECRETS = {
  WX_APP_SECRET: 'app-secret-0123456789abcdef01234',
  WX_API_KEY: 'api-key-0123456789abcdef01234567',
  MERCHANT_TOKEN: 'merchant-token-0123456789abcdef0123456789',
}
const VALUES = { WX_APPID: 'wx0123456789abcdef', WX_MCH_ID: '1900009191', PUBLIC_URL: DOMAIN }
const OPTIONS: Omit<Options, 'configPath'> = {
  isDryRun: false,
  isYes: true,
  isJson: false,
  withDoctor: false,
  replaceDomain: false,
  withoutCertificate: false,
  environment: undefined,
  language: 'en',
  account: undefined,
  certificate: undefined,
  certificateKey: undefined,
  values: VALUES,
}

let cloudflare: StandIn
let project: Project
beforeEach(async () => {
  cloudflare = await startStandIn()
  project = newProject()
})
afterEach(async () => {
  await cloudflare.close()
  project.remove()
})

type Run = Readonly<{
  report: Report
  /** What was printed. */
  out: string
  /** The calls of this run that changed something. */
  changes: string[]
}>

type Given = Readonly<{
  options?: Partial<Options>
  env?: Readonly<Record<string, string>>
  person?: Typist
  doctor?: readonly string[]
  signal?: AbortSignal
}>

async function run({ options, env = SECRETS, person, doctor, signal }: Given = {}): Promise<Run> {
  const begin = cloudflare.calls.length
  let out = ''
  const report = await setUp(
    { ...OPTIONS, configPath: project.configPath, ...options },
    {
      env: environmentOf(project.env, cloudflare.env, env),
      signal: signal ?? new AbortController().signal,
      terminal: person,
      print: (line = '') => void (out += `${line}\n`),
      doctor,
      typed: ['--domain', DOMAIN, '--yes'],
      nowMs: Date.now(),
    },
  )
  const changes = cloudflare.calls.slice(begin).filter(({ isChange }) => isChange)
  return { report, out, changes: changes.map(({ line }) => line) }
}

const states = ({ report }: Run) =>
  Object.fromEntries(report.steps.map(({ id, state }) => [id, state]))
const installation = () => readInstallation(project.config(), undefined)
const fail = (line: RegExp, message = 'out of order') =>
  cloudflare.failures.push([line, no(400, 10_000, message)])
const appliedMigrations = (): unknown[] =>
  cloudflare.account.databases
    .flatMap(({ sql }) => sql.prepare('SELECT name FROM d1_migrations').all())
    .map(({ name }) => name)

/** A doctor that writes down what it was given. */
function doctorWithExit(code: number): string[] {
  const script = join(project.folder, 'doctor.mjs')
  const log = join(project.folder, 'doctor.json')
  writeFileSync(
    script,
    `import { writeFileSync } from 'node:fs'
     writeFileSync(${JSON.stringify(log)}, JSON.stringify([process.argv.slice(2), process.env.MERCHANT_TOKEN.length]))
     console.log('the doctor spoke')
     process.exit(${code})`,
  )
  return [script]
}

/** Collects the command lines of all processes until it is stopped. */
function watchCommandLines(): () => Promise<string> {
  let seen = ''
  let isOver = false
  const watching = (async () => {
    while (!isOver) {
      seen += execFileSync('ps', ['-A', '-ww', '-o', 'args='], { encoding: 'utf8' })
      await sleep(150)
    }
  })()
  return async () => {
    isOver = true
    await watching
    return seen
  }
}

describe('npm run setup', { timeout: 240_000 }, () => {
  it('installs everything in order, keeps secrets to itself, and changes nothing the second time', async () => {
    const certificate = await writeCertificate(project.folder, VALUES.WX_MCH_ID)
    const stopWatching = watchCommandLines()

    const first = await run({
      options: { certificate, withDoctor: true },
      doctor: doctorWithExit(0),
    })
    const commandLines = await stopWatching()

    expect(first.report).toMatchObject({
      result: 'installed',
      exit_code: 0,
      account: { id: ACCOUNT_ID, name: 'Shop' },
      url: `https://${DOMAIN}`,
      doctor: { exit_code: 0 },
    })
    const made = first.changes.filter((line) => !line.endsWith('/query'))
    expect(made.slice(0, 7)).toEqual([
      'POST /d1/database',
      'POST /mtls_certificates',
      'POST /storage/kv/namespaces',
      `PUT /workers/scripts/${WORKER}`,
      `POST /workers/scripts/${WORKER}/subdomain`,
      `PUT /workers/scripts/${WORKER}/schedules`,
      `POST /workers/scripts/${WORKER}/subdomain`,
    ])
    // `wrangler triggers deploy` sends these two at the same time.
    expect(made.slice(7).toSorted()).toEqual([
      `PUT /workers/scripts/${WORKER}/domains/records`,
      `PUT /workers/scripts/${WORKER}/schedules`,
    ])
    const { databases, certificates, workers, domains } = cloudflare.account
    expect(databases).toMatchObject([{ name: WORKER, location: 'apac' }])
    expect(appliedMigrations()).toEqual(MIGRATIONS)
    expect(Object.fromEntries(workers.get(WORKER)?.secrets ?? [])).toEqual(SECRETS)
    expect(workers.get(WORKER)?.bindings).toEqual(
      expect.arrayContaining([
        { type: 'plain_text', name: 'WX_APPID', text: VALUES.WX_APPID },
        expect.objectContaining({ name: 'WX_CERT', certificate_id: certificates[0]?.id }),
      ]),
    )
    expect(workers.get(WORKER)?.schedules).toEqual([{ cron: '* * * * *' }])
    expect([...domains]).toEqual([[DOMAIN, WORKER]])
    expect(installation()).toMatchObject({
      certificateId: certificates[0]?.id,
      routes: [{ pattern: DOMAIN, custom_domain: true }],
      vars: {
        ...VALUES,
        PUBLIC_URL: `https://${DOMAIN}`,
        WX_CERT_EXPIRES: certificates[0]?.expires_on.slice(0, 10),
      },
    })
    // The migrations come before the code that needs them, and no deploy knows a domain that was not looked at.
    const lines = first.changes.map((line) => line.replace(/[0-9a-f-]{36}/, 'id'))
    expect(lines.lastIndexOf('POST /d1/database/id/query')).toBeLessThan(
      lines.indexOf(`PUT /workers/scripts/${WORKER}`),
    )

    const doctorSaw: unknown = JSON.parse(readFileSync(join(project.folder, 'doctor.json'), 'utf8'))
    expect(doctorSaw).toEqual([
      [`https://${DOMAIN}`, '--lang', 'en', '--timeout', '30'],
      SECRETS.MERCHANT_TOKEN.length,
    ])
    expect(first.out).toContain('the doctor spoke')

    const values = Object.values(SECRETS)
    expect(commandLines).toContain('--secrets-file /dev/stdin')
    for (const secret of [...values, API_TOKEN]) {
      expect(first.out).not.toContain(secret)
      expect(commandLines).not.toContain(secret)
    }
    expect(project.filesWith(values)).toEqual([])

    const config = project.config()
    const second = await run({ options: { certificate } })

    expect(second).toMatchObject({ changes: [], report: { result: 'nothing_to_do', exit_code: 0 } })
    expect(second.out).toContain('Nothing to do: everything is in place.')
    expect(project.config()).toBe(config)
  })

  it('stops at the first step that fails, says how to go on, and goes on from there', async () => {
    const certificate = await writeCertificate(project.folder, VALUES.WX_MCH_ID)
    const order = ['database', 'certificate', 'configuration', 'migrations', 'deploy', 'domain']
    const breaks: readonly (readonly [step: string, line: RegExp])[] = [
      ['database', /^POST \/d1\/database$/],
      ['certificate', /^POST \/mtls_certificates$/],
      ['migrations', /^POST .*\/query$/],
      ['deploy', /^PUT \/workers\/scripts\/wxpay-edge$/],
      ['domain', /^PUT .*\/domains\/records$/],
    ]
    for (const [step, line] of breaks) {
      // The look at the migrations is the same call as a migration. So the first migration meets a table of its name.
      if (step === 'migrations')
        cloudflare.account.databases[0]?.sql.exec('CREATE TABLE orders (x)')
      else fail(line, `${step} is out of order`)

      const broken = await run({ options: { certificate } })
      cloudflare.failures.length = 0
      cloudflare.account.databases[0]?.sql.exec('DROP TABLE IF EXISTS orders')

      const at = order.indexOf(step)
      expect(broken.report).toMatchObject({ result: 'failed', exit_code: 1 })
      expect(broken.report.error).toContain(
        step === 'migrations' ? 'already exists' : `${step} is out of order`,
      )
      expect(states(broken)).toMatchObject({ account: 'was_done', [step]: 'failed' })
      for (const later of order.slice(at + 1)) expect(states(broken)[later]).toBe('not_done')
      expect(broken.out).toContain(`Go on with: npm run setup -- --domain ${DOMAIN} --yes`)
      expect(broken.changes.some((each) => line.test(each))).toBe(true)
      expect(installation().routes).toEqual([])
      expect(project.filesWith(Object.values(SECRETS))).toEqual([])
    }

    const last = await run({ options: { certificate } })

    expect(states(last)).toEqual({
      account: 'was_done',
      database: 'was_done',
      certificate: 'was_done',
      configuration: 'was_done',
      migrations: 'was_done',
      deploy: 'was_done',
      domain: 'done',
    })
    expect(last.report).toMatchObject({ result: 'installed', exit_code: 0 })
    expect(cloudflare.account.databases).toHaveLength(1)
    expect(cloudflare.account.certificates).toHaveLength(1)
  })

  it('completes what was half done, and takes a domain only when it is told to', async () => {
    const { account } = cloudflare
    account.databases.push(newDatabase(WORKER))
    const orphan = newNamespace(`${WORKER}-kv`)
    account.namespaces.push(newNamespace('other'), orphan)
    account.workers.set(WORKER, draftWorker({ WX_API_KEY: 'set-by-hand' }))
    account.dnsRecords.push({ name: DOMAIN, type: 'A', content: '203.0.113.7' })
    const { WX_API_KEY: _there, ...missing } = SECRETS

    const refused = await run({ env: missing })

    expect(refused).toMatchObject({ changes: [], report: { result: 'refused', exit_code: 1 } })
    expect(refused.out).toContain(`${DOMAIN} has a DNS record`)
    expect(refused.out).toContain('--replace-domain')

    const agreed = await run({ env: missing, options: { replaceDomain: true } })

    expect(agreed.report).toMatchObject({ result: 'installed', exit_code: 0 })
    expect(agreed.changes).not.toContain('POST /storage/kv/namespaces')
    expect(installation().kvId).toBe(orphan.id)
    expect(Object.fromEntries(account.workers.get(WORKER)?.secrets ?? [])).toEqual({
      ...missing,
      WX_API_KEY: 'set-by-hand',
    })
    expect([...account.domains]).toEqual([[DOMAIN, WORKER]])
    expect(account.dnsRecords).toEqual([])
    expect(await run({ env: missing })).toMatchObject({
      changes: [],
      report: { result: 'nothing_to_do' },
    })
  })

  it('sets up staging with a database, secrets and a domain of its own, beside production', async () => {
    const { account } = cloudflare
    account.workers.set(WORKER, draftWorker({ WX_API_KEY: 'of production' }))
    account.domains.set(DOMAIN, WORKER)
    account.dnsRecords.push({ name: 'test.example.com', type: 'AAAA', content: '2001:db8::1' })
    // A token that may not look at DNS: only Cloudflare's own comparison shows the record, once there is a Worker.
    fail(/^GET .*\/dns_records$/)
    cloudflare.failures.push([/^GET .*\/dns_records$/, no(403, 10_000, 'no permission')])
    project.writeConfig(
      project.config().replace(/^# (routes = .*)$/m, '$1'), // production's domain, which staging must not take
    )
    const before = project.config()
    const options = {
      environment: 'staging' as const,
      values: { ...VALUES, PUBLIC_URL: 'test.example.com' },
    }

    const conflict = await run({ options })

    expect(conflict.report).toMatchObject({ result: 'failed', environment: 'staging' })
    expect(states(conflict)).toMatchObject({ deploy: 'done', domain: 'failed' })
    expect(conflict.out).toContain('The domain was not touched.')
    expect([...account.domains]).toEqual([[DOMAIN, WORKER]])
    expect(account.dnsRecords).toHaveLength(1)

    const agreed = await run({
      options: { ...options, replaceDomain: true, withDoctor: true },
      doctor: doctorWithExit(1),
    })

    expect(agreed.report).toMatchObject({
      result: 'installed',
      worker: `${WORKER}-staging`,
      next: 'npm run doctor -- https://test.example.com --env staging',
    })
    expect([...account.domains]).toEqual([
      [DOMAIN, WORKER],
      ['test.example.com', `${WORKER}-staging`],
    ])
    expect(account.databases.map(({ name }) => name)).toEqual([`${WORKER}-staging`])
    expect(account.namespaces.map(({ title }) => title)).toEqual([`${WORKER}-staging-kv`])
    expect(Object.fromEntries(account.workers.get(`${WORKER}-staging`)?.secrets ?? [])).toEqual(
      SECRETS,
    )
    expect(account.workers.get(WORKER)).toEqual(draftWorker({ WX_API_KEY: 'of production' }))
    expect(project.config().startsWith(before.trimEnd())).toBe(true)
  })
})

describe('npm run setup changes nothing', { timeout: 60_000 }, () => {
  const unchanged = (each: Run, report: object): void => {
    expect(each).toMatchObject({ changes: [], report })
    expect(project.config()).toBe(readFileSync(join(ROOT, 'wrangler.toml'), 'utf8'))
  }

  it('in a dry run, which shows the commands of the real one with dots for secrets', async () => {
    const dry = await run({ options: { isDryRun: true } })

    unchanged(dry, { result: 'planned', exit_code: 0, missing: [] })
    expect(dry.report.steps.flatMap(({ commands }) => commands)).toEqual([
      'npx wrangler d1 create wxpay-edge --location apac',
      'npx wrangler d1 migrations apply DB --remote',
      `echo '{"WX_APP_SECRET":"••••","WX_API_KEY":"••••","MERCHANT_TOKEN":"••••"}' | npx wrangler deploy --secrets-file /dev/stdin`,
      'npx wrangler triggers deploy',
    ])
    expect(dry.report.changes).toContain('  25 + WX_MCH_ID = "1900009191"  # your merchant number')
    for (const secret of Object.values(SECRETS)) expect(dry.out).not.toContain(secret)
    expect(dry.report.next).toBe(`npm run setup -- --domain ${DOMAIN} --yes`)
    expect(dry.out).toContain(`To carry it out: ${dry.report.next}`)
  })

  it('in a dry run without values, which lists what the real run needs', async () => {
    const dry = await run({ options: { isDryRun: true, values: {} }, env: {} })

    unchanged(dry, { result: 'planned', exit_code: 0 })
    expect(dry.report.missing).toEqual([
      'WX_APPID',
      'WX_MCH_ID',
      'PUBLIC_URL',
      'WX_APP_SECRET',
      'WX_API_KEY',
      'MERCHANT_TOKEN',
    ])
    expect(dry.report.steps.find(({ id }) => id === 'configuration')).toMatchObject({
      state: 'to_do',
      seen: 'lacks WX_APPID, WX_MCH_ID, PUBLIC_URL',
    })
  })

  it('in a dry run without a login, which shows the steps of a first installation and exits with 2', async () => {
    const env = { ...SECRETS, CLOUDFLARE_API_TOKEN: '' }
    const dry = await run({ options: { isDryRun: true }, env })

    unchanged(dry, { result: 'could_not_look', exit_code: 2 })
    expect(dry.out).toContain('npx wrangler d1 create wxpay-edge --location apac')
    expect(dry.out).toContain('npx wrangler login')
  })

  it('without a login, or with one that Cloudflare refuses', async () => {
    unchanged(await run({ env: { ...SECRETS, CLOUDFLARE_API_TOKEN: '' } }), {
      result: 'could_not_look',
      exit_code: 2,
    })
    const refused = await run({ env: { ...SECRETS, CLOUDFLARE_API_TOKEN: 'wrong' } })
    unchanged(refused, { result: 'could_not_look', exit_code: 2 })
    expect(refused.report.error).toContain('Invalid access token')
  })

  it('without a network', async () => {
    const env = { ...SECRETS, CLOUDFLARE_API_BASE_URL: 'http://127.0.0.1:1' }
    unchanged(await run({ env }), { result: 'could_not_look', exit_code: 2 })
  })

  it('without a terminal when values are missing, and names all of them at once', async () => {
    const poor = await run({
      options: { values: { WX_MCH_ID: 'wx0123456789abcdef' } },
      env: { WX_API_KEY: 'too short' },
    })

    unchanged(poor, { result: 'refused', exit_code: 1 })
    for (const name of [
      '--appid / WX_APPID',
      '--domain / PUBLIC_URL',
      'WX_APP_SECRET',
      'MERCHANT_TOKEN',
    ]) {
      expect(poor.report.error).toContain(name)
    }
    expect(poor.report.error).toContain('WX_MCH_ID: A merchant number is 8 to 10 digits.')
    expect(poor.report.error).toContain('WX_API_KEY: The API V2 key has exactly 32 characters.')
    expect(poor.report.error).not.toContain('too short')
    expect(cloudflare.calls.every(({ line }) => /accounts|secrets/.test(line))).toBe(true)
  })

  it('without a terminal and without --yes', async () => {
    unchanged(await run({ options: { isYes: false } }), { result: 'refused', exit_code: 1 })
  })

  it('with several accounts and no choice; the choice is written down', async () => {
    const other = { id: 'c'.repeat(32), name: 'Trial' }
    cloudflare.account.accounts.push(other)

    const open = await run()
    unchanged(open, { result: 'refused', exit_code: 1 })
    expect(open.report.error).toContain(`${other.id}  Trial`)

    const chosen = await run({ options: { account: 'Trial', isDryRun: true } })
    expect(chosen.report).toMatchObject({ result: 'planned', account: other })
    expect(chosen.report.changes.join('\n')).toContain(`+ account_id = "${other.id}"`)

    unchanged(await run({ options: { account: 'Nobody' } }), { result: 'refused', exit_code: 1 })
  })

  it.each([
    [
      'database',
      'database_name = "wxpay-edge"',
      'database_name = "wxpay-edge"\ndatabase_id = "gone"',
    ],
    ['KV namespace', 'binding = "KV"', 'binding = "KV"\nid = "gone"'],
    [
      'certificate',
      '# The merchant certificate,',
      '[[mtls_certificates]]\nbinding = "WX_CERT"\ncertificate_id = "gone"\n#',
    ],
  ])('in a wrong account: the %s of wrangler.toml is not there', async (what, line, withId) => {
    project.writeConfig(project.config().replace(line, withId))

    const wrong = await run()

    expect(wrong).toMatchObject({ changes: [], report: { result: 'refused', exit_code: 1 } })
    expect(wrong.report.error).toContain(
      `names the ${what} gone, which is not in the account "Shop"`,
    )
  })

  it('in a wrong account: it has no zone for the domain', async () => {
    const wrong = await run({ options: { values: { ...VALUES, PUBLIC_URL: 'pay.shop.cn' } } })
    unchanged(wrong, { result: 'refused', exit_code: 1 })
    expect(wrong.report.error).toContain(
      'pay.shop.cn is in no zone of the account "Shop" (example.com)',
    )
  })

  it.each([
    [
      'a DNS record',
      () =>
        cloudflare.account.dnsRecords.push({
          name: DOMAIN,
          type: 'CNAME',
          content: 'old.example.com',
        }),
      `${DOMAIN} has a DNS record (CNAME old.example.com)`,
    ],
    [
      'another Worker',
      () => cloudflare.account.domains.set(DOMAIN, 'shop'),
      `${DOMAIN} is the domain of the Worker "shop"`,
    ],
  ])('when the domain belongs to %s, also with --yes', async (_owner, prepare, why) => {
    prepare()
    const conflict = await run()
    unchanged(conflict, { result: 'refused', exit_code: 1 })
    expect(conflict.report.error).toContain(why)
  })

  it('when the Worker would lose a domain that it has', async () => {
    cloudflare.account.workers.set(WORKER, draftWorker(SECRETS))
    cloudflare.account.domains.set('old.example.com', WORKER)
    const conflict = await run()
    unchanged(conflict, { result: 'refused', exit_code: 1 })
    expect(conflict.report.error).toContain(`old.example.com is attached to ${WORKER} now`)
  })
})

describe('at a terminal, npm run setup', { timeout: 60_000 }, () => {
  const ANSWERS = [
    ['AppID of the mini program', VALUES.WX_APPID],
    ['merchant number', '190000919x'],
    ['A merchant number is 8 to 10 digits.', '\x7f1'],
    ['domain of this Worker', DOMAIN],
    ['AppSecret of the mini program', SECRETS.WX_APP_SECRET],
    ['API V2 key', SECRETS.WX_API_KEY],
    ['plan of the Cloudflare account', ENTER],
    ['Path of the merchant certificate', ENTER],
  ] as const
  const asking = { options: { isYes: false, values: {} }, env: {} }

  it('asks for each value with where to find it, shows the plan, and takes no for an answer', async () => {
    const person = typist([...ANSWERS, ['Do this?', 'n']])

    const asked = await run({ ...asking, person })

    expect(person.waiting()).toEqual([])
    expect(asked).toMatchObject({ changes: [], report: { result: 'refused', exit_code: 1 } })
    expect(asked.out).toContain('"MERCHANT_TOKEN":"••••"')
    expect(asked.out).toContain('+ PLAN = "paid"')
    expect(person.shown()).toContain('mp.weixin.qq.com')
    for (const secret of [SECRETS.WX_APP_SECRET, SECRETS.WX_API_KEY]) {
      expect(person.shown() + asked.out).not.toContain(secret)
    }
    expect(asked.out).not.toContain('MERCHANT_TOKEN, shown only now')
  })

  it('asks before a domain is taken from another owner, and Enter means no', async () => {
    cloudflare.account.domains.set(DOMAIN, 'shop')
    const options = { isYes: false, withoutCertificate: true, values: { ...VALUES, PLAN: 'paid' } }

    const careful = typist([['Replace it?', ENTER]])
    expect(await run({ person: careful, options })).toMatchObject({
      changes: [],
      report: { result: 'refused', exit_code: 1 },
    })
    const bold = typist([
      ['Replace it?', 'y'],
      ['Do this?', 'n'],
    ])
    await run({ person: bold, options })
    expect([careful.waiting(), bold.waiting()]).toEqual([[], []])
    expect([...cloudflare.account.domains]).toEqual([[DOMAIN, 'shop']])
  })

  it('can be given up at a question with Ctrl-C: 130, nothing was changed', async () => {
    const person = typist([...ANSWERS.slice(0, 3), ['domain of this Worker', CTRL_C]])
    const given = await run({ ...asking, person })
    expect(given).toMatchObject({ changes: [], report: { result: 'interrupted', exit_code: 130 } })
    expect(given.out).toContain('Nothing was changed.')
  })

  it('shows the new MERCHANT_TOKEN once, also when a step after the deploy fails or is interrupted', async () => {
    const controller = new AbortController()
    cloudflare.account.databases.push(newDatabase(WORKER))
    for (const name of MIGRATIONS) {
      const sql = cloudflare.account.databases[0]?.sql
      sql?.exec(
        `CREATE TABLE IF NOT EXISTS d1_migrations (name TEXT); INSERT INTO d1_migrations VALUES ('${name}')`,
      )
    }
    // Ctrl-C as soon as the Worker is deployed.
    void (async () => {
      while (!cloudflare.account.workers.has(WORKER)) await sleep(20)
      controller.abort(new Interrupted())
    })()
    const person = typist([...ANSWERS, ['Do this?', ENTER]])

    const cut = await run({ ...asking, person, signal: controller.signal })

    const token = cloudflare.account.workers.get(WORKER)?.secrets.get('MERCHANT_TOKEN') ?? ''
    expect(token).toMatch(/^[0-9a-f]{64}$/)
    expect(cut.report).toMatchObject({ result: 'interrupted', exit_code: 130 })
    expect(cut.out.split(token)).toHaveLength(2)
    expect(cut.out).toContain("Put it into the secrets of your shop's server")
    expect(JSON.stringify(cut.report)).not.toContain(token)
    expect(project.filesWith([token])).toEqual([])
  })
})

describe('the command', { timeout: 60_000 }, () => {
  const start = (args: readonly string[]) => {
    const child = spawn(
      process.execPath,
      ['--', join(ROOT, 'scripts/setup.ts'), '--config', project.configPath, ...args],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: environmentOf(project.env, cloudflare.env, SECRETS, VALUES),
      },
    )
    const seen = { out: '', errors: '' }
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (seen.out += chunk))
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (seen.errors += chunk))
    const exited = new Promise<number | null>((resolve) => child.once('close', resolve))
    return { child, seen, exited }
  }

  it('prints one JSON document with --json, and everything else to standard error', async () => {
    const { seen, exited } = start(['--json', '--dry-run', '--lang', 'zh'])
    expect(await exited).toBe(0)
    expect(JSON.parse(seen.out)).toMatchObject({
      result: 'planned',
      exit_code: 0,
      environment: 'production',
      worker: WORKER,
      steps: expect.arrayContaining([
        expect.objectContaining({ id: 'database', title: 'D1 数据库' }),
      ]),
    })
    expect(seen.errors).toContain('仅预演')
  })

  it('leaves no process behind after Ctrl-C: 130, with what was done and what was not', async () => {
    const { child, seen, exited } = start(['--yes', '--no-doctor'])
    while (!seen.out.includes('→ D1 database\n→') && !seen.out.includes('✓ D1 database '))
      await sleep(50)
    await expect
      .poll(() => descendants(child.pid ?? 0).length, { timeout: 20_000 })
      .toBeGreaterThan(0)
    const children = descendants(child.pid ?? 0)

    child.kill('SIGINT')

    expect(await exited).toBe(130)
    expect(stillRunning(children)).toEqual([])
    expect(seen.out).toContain('Not done: ')
    expect(seen.out).toContain('Go on with: npm run setup -- --config')
  })

  it.each([
    [['--env', 'production'], '--env takes "staging"'],
    [['--no-cert', '--cert', 'x.pem'], '--no-cert does not go with --cert'],
    [['--cert-key', 'x.pem'], '--cert-key needs --cert'],
    [['--lang', 'fr'], '--lang takes "en" or "zh"'],
    [['--api-key', 'x'], 'See --help'],
  ])('refuses %j with a sentence', async (args, why) => {
    const { seen, exited } = start(args)
    expect([await exited, seen.errors]).toEqual([1, expect.stringContaining(why)])
    expect(seen.errors).not.toContain('    at ')
  })
})
