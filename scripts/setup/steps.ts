/** The steps of an installation, in their order. The dry run and the real run have the same list. */
import { readFileSync, writeFileSync } from 'node:fs'
import { finalText, wantedText } from './configuration.ts'
import { type Conflict, domainState } from './cloudflare/domain.ts'
import {
  databaseId,
  installationNow,
  missingMigrations,
  secretNames,
  uploadedCertificate,
  workerBindings,
} from './cloudflare/look.ts'
import { REQUIRED_VARS } from './ask/values.ts'
import { Stop, text, type Text } from './words.ts'
import type { World } from './world.ts'
import { diffLines, edit } from './toml/wrangler-edits.ts'
import { type Installation, readInstallation } from './toml/wrangler-file.ts'
import { SECRETS_FILE } from './wrangler.ts'

/** Whether a step is done, and what was seen. */
export type Look = Readonly<{ isDone: boolean; seen: Text }>

export type Step = Readonly<{
  id: 'account' | 'database' | 'certificate' | 'configuration' | 'migrations' | 'deploy' | 'domain'
  title: Text
  /** The commands that do it, as a person would type them. Secrets are dots. */
  commands: (world: World) => readonly string[]
  look: (world: World) => Promise<Look>
  run: (world: World) => Promise<void>
}>

const done = (seen: Text): Look => ({ isDone: true, seen })
const todo = (seen: Text): Look => ({ isDone: false, seen })
const DOTS = '••••'

/** Says which environment is meant. Without the flag, wrangler warns as soon as the file has one. */
function environmentArgs(world: World): readonly string[] {
  if (world.environment !== undefined) return ['--env', world.environment]
  return installationNow(world).hasEnvironments ? ['--env='] : []
}

const shown = (args: readonly string[]): string =>
  ['npx wrangler', ...args.map((each) => (/^[\w./=@:-]+$/.test(each) ? each : `'${each}'`))].join(
    ' ',
  )

const createArgs = (world: World): readonly string[] => [
  'd1',
  'create',
  installationNow(world).database.name,
  '--location',
  'apac',
]
const uploadArgs = (world: World): readonly string[] => {
  const { certificate } = world.answers
  return certificate === undefined
    ? []
    : [
        'mtls-certificate',
        'upload',
        '--cert',
        certificate.path,
        '--key',
        certificate.keyPath,
        '--name',
        installationNow(world).worker,
      ]
}
const migrateArgs = (world: World): readonly string[] => [
  'd1',
  'migrations',
  'apply',
  'DB',
  '--remote',
  ...environmentArgs(world),
]
const deployArgs = (world: World): readonly string[] => [
  'deploy',
  ...environmentArgs(world),
  ...(Object.keys(world.answers.secrets).length === 0 ? [] : ['--secrets-file', SECRETS_FILE]),
]
const attachArgs = (world: World): readonly string[] => [
  'triggers',
  'deploy',
  ...environmentArgs(world),
]

/** A command may report success without the effect that the next step needs. */
function require(isThere: boolean, what: Text): void {
  if (!isThere) throw new Stop(what)
}

const fileText = ({ configPath }: World): string => readFileSync(configPath, 'utf8')

/** Writes wrangler.toml, and shows the lines. */
function write(world: World, before: string, after: string): void {
  if (before === after) return
  writeFileSync(world.configPath, after)
  for (const line of diffLines(before, after)) world.print(`    ${line}`)
}

/** What the deployed Worker lacks of the file; undefined when it lacks nothing. */
async function whyDeploy(world: World): Promise<Text | undefined> {
  const wanted = readInstallation(await wantedText(world), world.environment)
  const bindings = await workerBindings(world, wanted.worker)
  if (bindings === undefined) return text('not deployed yet', '尚未部署')
  const there = await secretNames(world, wanted.worker)
  const names = [
    ...wanted.secrets.filter((name) => !there.includes(name)),
    ...differing(wanted, bindings, await databaseId(world)),
  ]
  if (names.length === 0) return undefined
  return text(
    `the deployed Worker differs: ${names.join(', ')}`,
    `已部署的 Worker 与配置不一致：${names.join(', ')}`,
  )
}

function differing(
  wanted: Installation,
  bindings: readonly Readonly<Record<string, unknown>>[],
  database: string | undefined,
): readonly string[] {
  const has = (type: string, name: string, key?: string, value?: string): boolean =>
    bindings.some(
      (each) =>
        each['type'] === type &&
        each['name'] === name &&
        (key === undefined || value === undefined || each[key] === value),
    )
  return [
    ...Object.entries(wanted.vars)
      .filter(([name, value]) => !has('plain_text', name, 'text', value))
      .map(([name]) => name),
    ...(has('d1', 'DB', 'id', database) || has('d1', 'DB', 'database_id', database) ? [] : ['DB']),
    ...(has('kv_namespace', 'KV', 'namespace_id', wanted.kvId) ? [] : ['KV']),
    ...(wanted.certificateId === undefined ||
    has('mtls_certificate', 'WX_CERT', 'certificate_id', wanted.certificateId)
      ? []
      : ['WX_CERT']),
  ]
}

/** Asks before anything is taken from another owner. @throws Stop when the person says no, or when there is none to ask. */
export async function agreeToConflicts(
  world: World,
  conflicts: readonly Conflict[],
): Promise<void> {
  const open = conflicts.filter(({ key }) => !world.approved.has(key))
  if (open.length === 0 || world.replaceDomain) return
  const list = (language: 'en' | 'zh') => open.map(({ says }) => says[language]).join('\n')
  const question = world.say(text(`${list('en')}\nReplace it?`, `${list('zh')}\n确定替换吗？`))
  if (world.ask !== undefined && (await world.ask.confirm(question))) {
    for (const { key } of open) world.approved.add(key)
    return
  }
  throw new Stop(
    text(
      `${list('en')}\nThe domain was not touched. Choose another --domain, delete the record, or add --replace-domain to take it over.`,
      `${list('zh')}\n域名未做改动。请换一个 --domain，或删除该记录；确认要接管时加上 --replace-domain。`,
    ),
  )
}

export const STEPS: readonly Step[] = [
  {
    id: 'account',
    title: text('Cloudflare account', 'Cloudflare 账号'),
    commands: () => ['npx wrangler whoami'],
    look: ({ account }) =>
      Promise.resolve(
        done(text(`${account.name} (${account.id})`, `${account.name} (${account.id})`)),
      ),
    run: () => Promise.resolve(),
  },
  {
    id: 'database',
    title: text('D1 database', 'D1 数据库'),
    commands: (world) => [shown(createArgs(world))],
    async look(world) {
      const { name } = installationNow(world).database
      const id = await databaseId(world)
      return id === undefined
        ? todo(text(`${name} does not exist`, `${name} 不存在`))
        : done(text(`${name} (${id})`, `${name} (${id})`))
    },
    async run(world) {
      await world.wrangler.run(createArgs(world))
      world.cloudflare.forget()
      const { name } = installationNow(world).database
      require((await databaseId(world)) !== undefined, text(
        `${name} was created, and is not in the list of databases.`,
        `${name} 已创建，但数据库列表中没有它。`,
      ))
    },
  },
  {
    id: 'certificate',
    title: text('merchant certificate', '商户证书'),
    commands: (world) =>
      world.answers.certificate === undefined ? [] : [shown(uploadArgs(world))],
    async look(world) {
      const { certificate } = world.answers
      if (certificate === undefined) {
        const id = installationNow(world).certificateId
        return done(
          id === undefined
            ? text(
                'none: refunds answer 501 until you give it with --cert apiclient_cert.pem',
                '没有：用 --cert apiclient_cert.pem 提供之前，退款接口返回 501',
              )
            : text(`bound (${id})`, `已绑定（${id}）`),
        )
      }
      const id = await uploadedCertificate(world, certificate.serial)
      return id === undefined
        ? todo(text(`${certificate.path} is not uploaded`, `${certificate.path} 尚未上传`))
        : done(text(`uploaded (${id})`, `已上传（${id}）`))
    },
    async run(world) {
      await world.wrangler.run(uploadArgs(world))
      world.cloudflare.forget()
      const { certificate } = world.answers
      require(certificate !== undefined &&
        (await uploadedCertificate(world, certificate.serial)) !== undefined, text(
        'The certificate was uploaded, and its serial number is not in the list.',
        '证书已上传，但列表中没有它的序列号。',
      ))
    },
  },
  {
    id: 'configuration',
    title: text('wrangler.toml', 'wrangler.toml'),
    commands: () => [],
    async look(world) {
      // Only a dry run comes here without all values. What it does not know it cannot write.
      const unknown = REQUIRED_VARS.map(({ name }) => name).filter(
        (name) => world.answers.vars[name] === undefined,
      )
      const names = unknown.join(', ')
      if (names !== '') return todo(text(`lacks ${names}`, `缺少 ${names}`))
      return (await wantedText(world)) === fileText(world)
        ? done(text('has all values', '配置已齐全'))
        : todo(text('lacks values', '缺少配置'))
    },
    async run(world) {
      write(world, fileText(world), await wantedText(world))
    },
  },
  {
    id: 'migrations',
    title: text('database migrations', '数据库迁移'),
    commands: (world) => [shown(migrateArgs(world))],
    async look(world) {
      const id = await databaseId(world)
      const missing = id === undefined ? undefined : await missingMigrations(world, id)
      if (missing?.length === 0) return done(text('all are applied', '全部完成'))
      return missing === undefined
        ? todo(text('none is applied', '尚未迁移'))
        : todo(text(`${missing.length} are missing`, `缺少 ${missing.length} 个`))
    },
    async run(world) {
      await world.wrangler.run(migrateArgs(world))
    },
  },
  {
    id: 'deploy',
    title: text('Worker and secrets', 'Worker 与密钥'),
    commands(world) {
      const names = Object.keys(world.answers.secrets)
      const input = names.map((name) => `"${name}":"${DOTS}"`).join(',')
      const command = shown(deployArgs(world))
      return [names.length === 0 ? command : `echo '{${input}}' | ${command}`]
    },
    async look(world) {
      const why = await whyDeploy(world)
      const { worker } = installationNow(world)
      return why === undefined ? done(text(`${worker} is deployed`, `${worker} 已部署`)) : todo(why)
    },
    async run(world) {
      const { secrets } = world.answers
      const hasSecrets = Object.keys(secrets).length > 0
      await world.wrangler.run(deployArgs(world), hasSecrets ? JSON.stringify(secrets) : undefined)
      world.cloudflare.forget()
      const why = await whyDeploy(world)
      require(why === undefined, text(
        `The deploy ended, and ${why?.en}.`,
        `部署已结束，但${why?.zh}。`,
      ))
    },
  },
  {
    id: 'domain',
    title: text('domain', '域名'),
    commands: (world) => [shown(attachArgs(world))],
    async look(world) {
      const { domain } = world.answers
      if (domain === '') return todo(text('no domain is given', '尚未提供域名'))
      const { isAttached, conflicts } = await domainState(world)
      if (isAttached) return done(text(`${domain} is attached`, `${domain} 已绑定`))
      const [conflict] = conflicts
      return todo(conflict?.says ?? text(`${domain} is not attached`, `${domain} 尚未绑定`))
    },
    async run(world) {
      const { domain } = world.answers
      const { conflicts } = await domainState(world)
      await agreeToConflicts(world, conflicts)
      const before = fileText(world)
      write(world, before, edit(before, world.environment, { domain }))
      try {
        await world.wrangler.run(attachArgs(world))
      } catch (error) {
        // The file has a domain only while the Worker has it.
        writeFileSync(world.configPath, before)
        throw error
      }
    },
  },
]

/** All lines of wrangler.toml that the steps would change. */
export const plannedDiff = async (world: World): Promise<readonly string[]> =>
  diffLines(fileText(world), await finalText(world))
