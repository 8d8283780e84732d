/**
 * The Worker as a process of its own: wrangler's development server by its API, because its command line cannot give a
 * Worker a binding that shows a client certificate. `worker-process.ts` starts it and tells it what to run in a message, so
 * that neither `ps` nor a file shows a key. What wrangler and the Worker say goes to stdout and stderr, as under `wrangler dev`.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  unstable_DevEnv as DevEnv,
  unstable_readConfig as readConfig,
  unstable_splitSqlQuery as splitSql,
} from 'wrangler'

export type DevWorkerOptions = {
  /** wrangler's configuration. */
  config: string
  /** Runs instead of the configuration's `main`. */
  main?: string | undefined
  port: number
  /** Where D1 and KV are kept, as under `--persist-to`. */
  persistDir: string
  migrationsDir: string
  vars: Readonly<Record<string, string>>
  /** Without it the Worker has no WX_CERT. */
  certificate?: CertificateBinding | undefined
  /** Whether a change of the code is run at once. */
  watch: boolean
}

/** The binding WX_CERT: whatever the URL, it goes to this one address, and shows the certificate there. */
export type CertificateBinding = {
  /** For example `127.0.0.1:8791`. */
  address: string
  /** A name in the server's certificate. */
  serverName: string
  /** What the server's certificate is verified with. */
  authority: string
  /** PEM, like the others. */
  cert: string
  key: string
}

/** Said to the parent once. */
export type DevWorkerReport = { ok: true } | { ok: false; why: string }

/** As `wrangler d1 migrations apply` has it: each goes on where the other stopped. */
const MIGRATIONS_TABLE = `CREATE TABLE IF NOT EXISTS d1_migrations (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  name       TEXT UNIQUE,
  applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
)`

const server = new DevEnv()

async function start(options: DevWorkerOptions): Promise<void> {
  const failed = new Promise<never>((_, reject) => {
    server.on('error', (event: unknown) => reject(event))
    // Only the first one: after that wrangler shows it, and lets requests wait until the code is mended.
    server.once('buildFailed', (event: unknown) => reject(event))
  })
  const loaded = new Promise((resolve) => server.once('reloadComplete', resolve))
  const started = server.startWorker(inputOf(options))
  await Promise.race([failed, Promise.all([started, server.proxy.ready.promise, loaded])])
  await migrate(options.migrationsDir)
  server.on('error', (event: unknown) => {
    process.stderr.write(`${explain(event)}\n`)
    process.exit(1)
  })
}

/** Of what `unstable_startWorker` takes, what `wrangler dev` would make of our command line. */
function inputOf(options: DevWorkerOptions) {
  const { config, main, port, persistDir, vars, certificate, watch } = options
  // Where there is an env file, wrangler leaves the developer's own .dev.vars, which hold real keys, alone.
  const envFile = join(persistDir, 'empty.env')
  writeFileSync(envFile, '')
  return {
    // The operator's own certificate is at Cloudflare; here its binding would only throw.
    config:
      certificate === undefined ? { ...readConfig({ config }), mtls_certificates: [] } : config,
    ...(main === undefined ? {} : { entrypoint: main }),
    envFiles: [envFile],
    bindings: {
      ...Object.fromEntries(
        // Some of them are secrets, and wrangler prints no value of that type.
        Object.entries(vars).map(([name, value]) => [name, { type: 'secret_text', value }]),
      ),
      ...(certificate === undefined ? {} : { WX_CERT: bindingOf(certificate) }),
    },
    sendMetrics: false,
    dev: {
      server: { hostname: '127.0.0.1', port, secure: false },
      inspector: false,
      persist: persistDir,
      remote: false,
      watch,
      inferOriginFromRoutes: false,
    },
  }
}

function bindingOf({ address, serverName, authority, cert, key }: CertificateBinding) {
  const tlsOptions = {
    keypair: { privateKey: key, certificateChain: cert },
    trustedCertificates: [authority],
  }
  const external = { address, https: { certificateHost: serverName, tlsOptions } }
  return { type: 'fetcher', fetcher: { external } }
}

/** In the Worker's own runtime: a second one on the same files would be locked out, and slower. */
async function migrate(directory: string): Promise<void> {
  const runtime = server.runtimes.find(({ mf }) => mf !== undefined)?.mf
  if (runtime === undefined) throw new Error('wrangler has started no runtime')
  const db = await runtime.getD1Database('DB')
  await db.prepare(MIGRATIONS_TABLE).run()
  const { results } = await db.prepare('SELECT name FROM d1_migrations').all<{ name: string }>()
  const applied = new Set(results.map(({ name }) => name))
  const names = readdirSync(directory).filter((name) => name.endsWith('.sql') && !applied.has(name))
  for (const name of names.sort()) {
    const statements = splitSql(readFileSync(join(directory, name), 'utf8'))
    const record = db.prepare('INSERT INTO d1_migrations (name) VALUES (?)').bind(name)
    await db.batch([...statements.map((sql) => db.prepare(sql)), record]).catch((cause) => {
      throw new Error(`The database could not be migrated by ${name}.`, { cause })
    })
  }
}

/** wrangler reports an error as it is, or as the cause of an event or of another error: what they say, from outside in. */
function explain(problem: unknown): string {
  const told: string[] = []
  let each = problem
  while (typeof each === 'object' && each !== null) {
    const { message, reason, cause }: Trouble = each
    const text = message ?? reason
    if (typeof text === 'string' && told.at(-1)?.includes(text) !== true) told.push(text)
    each = cause
  }
  return told.join('\n')
}

type Trouble = { message?: unknown; reason?: unknown; cause?: unknown }

function stop(): void {
  void server.teardown().finally(() => process.exit(0))
}

process.once('SIGTERM', stop)
// Whoever started this is gone, by a kill that it could not answer.
process.once('disconnect', stop)
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

process.once('message', (options: DevWorkerOptions) => {
  const report = (message: DevWorkerReport) => process.send?.(message)
  start(options).then(
    () => report({ ok: true }),
    (error: unknown) => report({ ok: false, why: explain(error) }),
  )
})
