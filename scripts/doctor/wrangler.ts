/** What only wrangler can tell: the account, the secrets by name, the migrations, the end of the certificate. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { variables } from '../../src/config.ts'
import { type Finding, fine, finding } from '../../src/core/doctor/finding.ts'
import { COMPILE_CACHE, envWithoutVariables, ROOT } from '../local/worker-process.ts'

const CLI = join(ROOT, 'node_modules', 'wrangler', 'wrangler-dist', 'cli.js')
const CERTIFICATE_DAYS_MIN = 30
const DAY_MS = 86_400_000

/** What wrangler printed, and how it ended; `late`: it was stopped. */
export type Printed = Readonly<{ how: 'done' | 'failed' | 'late'; out: string }>

/** Runs a command of wrangler, without a terminal and without a question. Never rejects. */
export type Wrangler = (args: readonly string[]) => Promise<Printed>

/** @param environment The environment of `wrangler.toml`; undefined for the usual one. */
export const wranglerOf =
  (signal: AbortSignal, environment: string | undefined): Wrangler =>
  (args) =>
    new Promise((resolve) => {
      const env = {
        ...envWithoutVariables(),
        CI: '1',
        NO_COLOR: '1',
        FORCE_COLOR: '0',
        NODE_COMPILE_CACHE: COMPILE_CACHE,
        WRANGLER_HIDE_BANNER: 'true',
        WRANGLER_SEND_METRICS: 'false',
        WRANGLER_WRITE_LOGS: 'false',
      }
      const all = [
        '--no-warnings',
        '--',
        CLI,
        ...args,
        ...(environment === undefined ? [] : ['--env', environment]),
      ]
      execFile(process.execPath, all, { cwd: ROOT, env, signal }, (error, stdout, stderr) => {
        const how = signal.aborted ? 'late' : error === null ? 'done' : 'failed'
        resolve({ how, out: how === 'done' ? stdout : `${stdout}${stderr}` })
      })
    })

/**
 * All checks through wrangler, side by side. Each command is a process that takes seconds, so there is none that another one
 * makes needless: what works without a login shows no login.
 *
 * @param toml The text of `wrangler.toml`.
 */
export async function throughWrangler(
  wrangler: Wrangler,
  toml: string,
  nowMs = Date.now(),
): Promise<readonly Finding[]> {
  const bound = certificateIn(toml)
  const [secrets, migrations, certificates] = await Promise.all([
    wrangler(['secret', 'list']),
    wrangler(['d1', 'migrations', 'list', 'DB', '--remote']),
    bound === undefined ? undefined : wrangler(['mtls-certificate', 'list']),
  ])
  const answers = [secrets, migrations, certificates].filter((each) => each !== undefined)
  return [
    judgeLogin(answers),
    judged('cli.secrets', secrets, judgeSecrets),
    judged('cli.migrations', migrations, judgeMigrations),
    bound === undefined || certificates === undefined
      ? finding('cert.expiry', 'skip', 'unbound')
      : judged('cert.expiry', certificates, (id, out) => judgeCertificate(id, out, bound, nowMs)),
  ]
}

/** What wrangler says when it has no token, or Cloudflare does not accept it. */
const LOGGED_OUT =
  /CLOUDFLARE_API_TOKEN|wrangler login|not logged in|Authentication error|code: (9109|10000)/i

function judgeLogin(answers: readonly Printed[]): Finding {
  const id = 'cli.login'
  if (answers.some(({ how }) => how === 'done')) return fine(id)
  if (answers.some(({ out }) => LOGGED_OUT.test(out))) return finding(id, 'skip', 'logged_out')
  const [first] = answers.filter(({ how }) => how === 'failed')
  return first === undefined
    ? finding(id, 'skip', 'late')
    : finding(id, 'skip', 'failed', lastLine(first.out))
}

/** Judges what was printed, if the command could do its work. */
function judged(
  id: string,
  { how, out }: Printed,
  judge: (id: string, out: string) => Finding,
): Finding {
  if (how === 'done') return judge(id, out)
  if (how === 'late') return finding(id, 'skip', 'late')
  return LOGGED_OUT.test(out)
    ? finding(id, 'skip', 'logged_out')
    : finding(id, 'skip', 'failed', lastLine(out))
}

/** `cli.node`: this process is the Node that the project was tested with. */
export function node(version = process.versions.node): Finding {
  const wanted = readFileSync(join(ROOT, '.node-version'), 'utf8').trim().replace(/^v/, '')
  return major(version) === major(wanted)
    ? fine('cli.node', version)
    : finding('cli.node', 'warn', 'other', `${version} ≠ ${wanted}`)
}

const major = (version: string): string => version.split('.')[0] ?? ''

function judgeSecrets(id: string, out: string): Finding {
  const names = [...out.matchAll(/"name":\s*"([^"]+)"/g)].map(([, name]) => name)
  const missing = variables()
    .filter(({ name, isSecret, isOptional }) => isSecret && !isOptional && !names.includes(name))
    .map(({ name }) => name)
  return missing.length === 0 ? fine(id) : finding(id, 'fail', 'missing', missing.join(', '))
}

function judgeMigrations(id: string, out: string): Finding {
  if (out.includes('No migrations to apply')) return fine(id)
  const names = [...out.matchAll(/\d{4}_\w+\.sql/g)].map(([name]) => name)
  return names.length === 0
    ? finding(id, 'skip', 'failed', lastLine(out))
    : finding(id, 'fail', 'behind', names.join(', '))
}

/** The id of the certificate that is bound; undefined when none is. */
export const certificateIn = (toml: string): string | undefined =>
  /^\s*certificate_id\s*=\s*"([^"]+)"/m.exec(toml)?.[1]

function judgeCertificate(id: string, out: string, bound: string, nowMs: number): Finding {
  const block = out.split(/(?=^\s*ID:)/m).find((each) => each.includes(bound))
  if (block === undefined) return finding(id, 'fail', 'gone', bound)
  const ends = Date.parse(/Expires on:\s*(.+)/.exec(block)?.[1] ?? '')
  if (Number.isNaN(ends)) return finding(id, 'skip', 'unknown')
  const seen = new Date(ends).toISOString().slice(0, 10)
  if (ends <= nowMs) return finding(id, 'fail', 'ended', seen)
  return ends - nowMs < CERTIFICATE_DAYS_MIN * DAY_MS
    ? finding(id, 'warn', 'soon', seen)
    : fine(id, seen)
}

const lastLine = (out: string): string =>
  (out.split('\n').find((line) => /ERROR|error/.test(line)) ?? '')
    .replace(/^.*?ERROR\W*/, '')
    .trim()
    .slice(0, 200)
