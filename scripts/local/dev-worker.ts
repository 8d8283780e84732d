/**
 * The process in which the Worker runs. It uses wrangler's development server through its API, because the command
 * line `wrangler dev` cannot give a Worker a binding that presents a client certificate. `worker-process.ts` starts
 * this process and sends it the options in a message, so that no key shows up in `ps` or in a file. wrangler and the
 * Worker print to stdout and stderr, as under `wrangler dev`.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  unstable_DevEnv as DevEnv,
  unstable_readConfig as readConfig,
  unstable_splitSqlQuery as splitSql,
} from 'wrangler'

/** The configuration with which `wrangler` runs a development Worker. */
export type DevWorkerOptions = {
  /** Path of wrangler's configuration file. */
  config: string
  /** Path of an entry file that replaces `main` of the configuration. */
  main?: string | undefined
  port: number
  /** The directory in which D1 and KV are stored, like wrangler's `--persist-to`. */
  persistDir: string
  migrationsDir: string
  /** Variables and secrets of the Worker. */
  vars: Readonly<Record<string, string>>
  /** The binding WX_CERT; undefined for a Worker without it. */
  certificate?: CertificateBinding | undefined
  /** Whether the Worker reloads when its source code changes. */
  watch: boolean
}

/**
 * The binding WX_CERT. Every request through it goes to this one address, regardless of its URL, with the client
 * certificate.
 */
export type CertificateBinding = {
  /** Host and port of the simulated WeChat's TLS listener, for example `127.0.0.1:8791`. */
  address: string
  /** A name that the certificate of the server at `address` contains. */
  serverName: string
  /** PEM of the certificate authority that signed the certificate of the server at `address`. */
  authority: string
  /** PEM of the client certificate that the merchant shows to WeChat. */
  cert: string
  /** PEM of the private key of the client certificate `cert`. */
  key: string
}

/** The only message that the process sends to its parent: that the Worker is ready, or why it did not start. */
export type DevWorkerReport = { ok: true } | { ok: false; why: string }

/**
 * The table in which `wrangler d1 migrations apply` stores the names of the migrations that it applied. This process
 * uses the same table, so that no migration is applied by both wrangler and this process.
 */
const MIGRATIONS_TABLE = `CREATE TABLE IF NOT EXISTS d1_migrations (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  name       TEXT UNIQUE,
  applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
)`

const server = new DevEnv()

async function start(options: DevWorkerOptions): Promise<void> {
  const failed = new Promise<never>((_, reject) => {
    server.on('error', (event: unknown) => reject(event))
    // Only the first build may fail the start. When a later build fails, wrangler prints the error and holds requests
    // until the code is fixed.
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

/** Builds the input of wrangler's `startWorker`, as `wrangler dev` builds it from its command line. */
function inputOf(options: DevWorkerOptions) {
  const { config, main, port, persistDir, vars, certificate, watch } = options
  // The empty env file keeps wrangler from reading the developer's .dev.vars, which may contain real keys.
  const envFile = join(persistDir, 'empty.env')
  writeFileSync(envFile, '')
  return {
    // A Worker without WX_CERT also loses the binding of the configuration file. The certificate of that binding is
    // stored at Cloudflare, so a request through the binding would throw on this machine.
    config:
      certificate === undefined ? { ...readConfig({ config }), mtls_certificates: [] } : config,
    ...(main === undefined ? {} : { entrypoint: main }),
    envFiles: [envFile],
    bindings: {
      ...Object.fromEntries(
        // All variables have the type secret_text, because some are secrets, and wrangler prints other types.
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

/**
 * Applies the missing migrations through the Worker's own runtime, because a second runtime could not lock the
 * database files.
 */
async function migrate(directory: string): Promise<void> {
  const runtime = server.runtimes.find(({ mf }) => mf !== undefined)?.mf
  if (runtime === undefined) throw new Error('wrangler did not start a runtime')
  const db = await runtime.getD1Database('DB')
  await db.prepare(MIGRATIONS_TABLE).run()
  const { results } = await db.prepare('SELECT name FROM d1_migrations').all<{ name: string }>()
  const applied = new Set(results.map(({ name }) => name))
  const names = readdirSync(directory).filter((name) => name.endsWith('.sql') && !applied.has(name))
  for (const name of names.sort()) {
    const statements = splitSql(readFileSync(join(directory, name), 'utf8'))
    const record = db.prepare('INSERT INTO d1_migrations (name) VALUES (?)').bind(name)
    await db.batch([...statements.map((sql) => db.prepare(sql)), record]).catch((cause) => {
      throw new Error(`Migration ${name} failed.`, { cause })
    })
  }
}

/**
 * Joins the messages of a problem and of its causes, outermost first. wrangler reports an Error, or an event with
 * an Error as its cause.
 */
function explain(problem: unknown): string {
  const messages: string[] = []
  let each = problem
  while (typeof each === 'object' && each !== null) {
    const { message, reason, cause }: Trouble = each
    const text = message ?? reason
    if (typeof text === 'string' && messages.at(-1)?.includes(text) !== true) messages.push(text)
    each = cause
  }
  return messages.join('\n')
}

type Trouble = { message?: unknown; reason?: unknown; cause?: unknown }

function stop(): void {
  void server.teardown().finally(() => process.exit(0))
}

process.once('SIGTERM', stop)
// A parent that is killed with SIGKILL cannot stop this process, but its IPC channel closes then.
process.once('disconnect', stop)
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

process.once('message', (options: DevWorkerOptions) => {
  const report = (message: DevWorkerReport) => process.send?.(message)
  start(options).then(
    () => report({ ok: true }),
    (error: unknown) => report({ ok: false, why: explain(error) }),
  )
})
