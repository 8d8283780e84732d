/** Reads what the setup needs of `wrangler.toml`. */
import { parse } from 'smol-toml'
import * as v from 'valibot'
import { Stop, text as words } from '../words.ts'

const Binding = v.looseObject({ binding: v.string() })
const Routes = v.array(
  v.union([
    v.string(),
    v.looseObject({ pattern: v.string(), custom_domain: v.optional(v.boolean()) }),
  ]),
)

/** What the setup reads of one environment; other keys stay as they are. */
const Section = v.looseObject({
  name: v.optional(v.string()),
  vars: v.optional(v.record(v.string(), v.unknown()), {}),
  secrets: v.optional(v.looseObject({ required: v.optional(v.array(v.string()), []) })),
  routes: v.optional(Routes, []),
  route: v.optional(v.unknown()),
  d1_databases: v.optional(
    v.array(
      v.looseObject({
        ...Binding.entries,
        database_name: v.optional(v.string()),
        database_id: v.optional(v.string()),
        migrations_dir: v.optional(v.string()),
      }),
    ),
    [],
  ),
  kv_namespaces: v.optional(
    v.array(v.looseObject({ ...Binding.entries, id: v.optional(v.string()) })),
    [],
  ),
  mtls_certificates: v.optional(
    v.array(v.looseObject({ ...Binding.entries, certificate_id: v.optional(v.string()) })),
    [],
  ),
  ratelimits: v.optional(
    v.array(
      v.looseObject({
        name: v.string(),
        namespace_id: v.string(),
        simple: v.object({ limit: v.number(), period: v.number() }),
      }),
    ),
    [],
  ),
})
export type Section = v.InferOutput<typeof Section>

const File = v.looseObject({
  ...Section.entries,
  name: v.string(),
  account_id: v.optional(v.string()),
  env: v.optional(v.record(v.string(), Section), {}),
})
type File = v.InferOutput<typeof File>

export type Environment = 'staging' | undefined

/** One environment of the file, as the setup needs it. */
export type Installation = Readonly<{
  accountId: string | undefined
  /** The Worker's name at Cloudflare. */
  worker: string
  vars: Readonly<Record<string, string>>
  secrets: readonly string[]
  database: Readonly<{ name: string; id: string | undefined; migrations: string }>
  kvId: string | undefined
  certificateId: string | undefined
  routes: Section['routes']
  /** Whether the file has named environments, so that wrangler must be told which one is meant. */
  hasEnvironments: boolean
}>

/** Reads the file. @throws Stop when it is no TOML, or lacks what the setup needs. */
export function readInstallation(text: string, environment: Environment): Installation {
  const file = readFile(text)
  const section = environment === undefined ? file : file.env[environment]
  if (section === undefined) {
    throw new Stop(
      words('wrangler.toml has no [env.staging].', 'wrangler.toml 中没有 [env.staging]。'),
    )
  }
  const database = section.d1_databases.find(({ binding }) => binding === 'DB')
  if (database?.database_name === undefined) {
    throw new Stop(
      words(
        'wrangler.toml has no database with binding = "DB" and a database_name. Restore it from this repository.',
        'wrangler.toml 中缺少 binding = "DB" 且带 database_name 的数据库。请从本仓库恢复。',
      ),
    )
  }
  if (section.route !== undefined || section.routes.length > 1) {
    throw new Stop(
      words(
        'wrangler.toml has several routes, and the setup knows one custom domain. Deploy by hand: docs/deploy.md.',
        'wrangler.toml 中有多个路由，而 setup 只支持一个自定义域名。请手动部署：docs/deploy.zh-CN.md。',
      ),
    )
  }
  return {
    accountId: file.account_id,
    worker: section.name ?? (environment === undefined ? file.name : `${file.name}-${environment}`),
    vars: Object.fromEntries(
      Object.entries(section.vars).map(([name, value]) => [name, String(value)]),
    ),
    secrets: section.secrets?.required ?? [],
    database: {
      name: database.database_name,
      id: database.database_id,
      migrations: database.migrations_dir ?? 'migrations',
    },
    kvId: section.kv_namespaces.find(({ binding }) => binding === 'KV')?.id,
    certificateId: section.mtls_certificates.find(({ binding }) => binding === 'WX_CERT')
      ?.certificate_id,
    routes: section.routes,
    hasEnvironments: Object.keys(file.env).length > 0,
  }
}

/** @throws Stop when it is no TOML, or lacks a name. */
export function readFile(text: string): File {
  let parsed: unknown
  try {
    parsed = parse(text)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new Stop(words(`wrangler.toml is not valid: ${why}`, `wrangler.toml 格式不正确：${why}`))
  }
  const read = v.safeParse(File, parsed)
  if (read.success) return read.output
  const where = v.getDotPath(read.issues[0]) ?? ''
  throw new Stop(
    words(
      `wrangler.toml: ${where} is not as wrangler reads it.`,
      `wrangler.toml：${where} 不符合要求。`,
    ),
  )
}

/** The custom domain of the routes; undefined when there is none. */
export function domainOf(routes: Section['routes']): string | undefined {
  const [route] = routes
  if (route === undefined) return undefined
  if (typeof route !== 'string' && route.custom_domain === true) return route.pattern
  throw new Stop(
    words(
      'wrangler.toml has a route that is no custom domain, and the setup knows custom domains only. Deploy by hand: docs/deploy.md.',
      'wrangler.toml 中的路由不是自定义域名，而 setup 只支持自定义域名。请手动部署：docs/deploy.zh-CN.md。',
    ),
  )
}

/** Whether the file has this environment. */
export const hasEnvironment = (text: string, environment: string): boolean =>
  Object.hasOwn(readFile(text).env, environment)
