/** `npm run dev`: the Worker under `wrangler dev`, with your own variables and a local database. */
import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs, parseEnv, promisify } from 'node:util'
import { variables } from '../src/config.ts'
import { CliError, run } from './cli/command.ts'
import { onInterrupt } from './cli/interrupt.ts'
import { bold, cyan, dim, say, yellow } from './cli/terminal.ts'
import { type ProcessGroup, spawnGroup } from './local/process-group.ts'
import {
  COMPILE_CACHE,
  envWithoutVariables,
  requireWrangler,
  ROOT,
} from './local/worker-process.ts'

const CLI = join(ROOT, 'node_modules', 'wrangler', 'wrangler-dist', 'cli.js')
/** As wrangler's own launcher starts Node. `--` must follow, or Node itself would read an --env-file meant for wrangler. */
const NODE_OPTIONS = ['--no-warnings']
/** The options of `wrangler dev` that this script must understand. */
const OPTIONS = {
  'env-file': { type: 'string', multiple: true },
  env: { type: 'string', short: 'e' },
  config: { type: 'string', short: 'c' },
  'persist-to': { type: 'string' },
  help: { type: 'boolean' },
} as const

const HELP = `Runs the Worker under \`wrangler dev\` with the variables in .dev.vars, on a local database.
Calls go to the REAL WeChat unless WX_LOGIN_ORIGIN and WX_PAY_ORIGIN name another one. Ctrl-C stops everything.

Usage: npm run dev -- [options of wrangler dev]

  --env-file <file>  read this file instead of .dev.vars
  --port <number>    port of the Worker, default 8787
  --help             print this text; \`npx wrangler dev --help\` lists the other options

First copy .dev.vars.example to .dev.vars and fill it in. Changed variables need a restart; changed code is reloaded.
Without keys of your own: \`npm start\` runs the Worker and a simulated WeChat.
`

async function main(): Promise<number> {
  const given = process.argv.slice(2)
  const { values } = parseArgs({ args: given, options: OPTIONS, strict: false })
  if (values.help === true) {
    process.stdout.write(HELP)
    return 0
  }
  requireWrangler()
  const interrupted = onInterrupt()
  const vars = readVars(filesOf(values))
  await migrate(values, interrupted)
  if (interrupted.aborted) return 0

  // wrangler drops every name of .dev.vars that is neither in `[vars]` nor in `[secrets] required`, so optional secrets
  // would be missing. `--var` always works.
  const secretArguments = Object.entries(vars).flatMap(([name, value]) => [
    '--var',
    `${name}:${value}`,
  ])
  const wrangler = startWrangler(given, secretArguments)
  wrangler.child.on('message', announce)
  interrupted.addEventListener('abort', () => void wrangler.stop(), { once: true })
  const code = await wrangler.exited
  return interrupted.aborted ? 0 : (code ?? 1)
}

type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS; strict: false }>>['values']

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined

/** The files with variables, as wrangler would choose them. Later files win. */
function filesOf(values: Values): readonly string[] {
  const named = (values['env-file'] ?? []).filter((file) => typeof file === 'string')
  if (named.length > 0) return named.map((file) => resolve(ROOT, file))
  const environment = textOf(values.env)
  const own = join(ROOT, `.dev.vars.${environment}`)
  return [environment !== undefined && existsSync(own) ? own : join(ROOT, '.dev.vars')]
}

/** Reads the Worker's variables. @throws CliError that says what to do when a file is missing. */
function readVars(files: readonly string[]): Record<string, string> {
  const read: Record<string, string | undefined> = {}
  for (const file of files) {
    if (!existsSync(file)) {
      throw new CliError(
        `${file} does not exist. Copy .dev.vars.example to .dev.vars and fill it in, or run \`npm start\`, which needs no keys.`,
      )
    }
    Object.assign(read, parseEnv(readFileSync(file, 'utf8')))
  }
  const known = new Set(variables().map(({ name }) => name))
  const unknown = Object.keys(read).filter((name) => !known.has(name))
  if (unknown.length > 0) {
    say(
      yellow(
        `Not a variable of this Worker, so ignored: ${unknown.join(', ')}. README.md lists all.`,
      ),
    )
  }
  return Object.fromEntries(
    Object.entries(read).flatMap(([name, value]) =>
      value === undefined || !known.has(name) ? [] : [[name, value]],
    ),
  )
}

/** Applies the missing migrations to the database that `wrangler dev` will use. */
async function migrate(values: Values, signal: AbortSignal): Promise<void> {
  const shared = (['config', 'env', 'persist-to'] as const).flatMap((name) => {
    const value = textOf(values[name])
    return value === undefined ? [] : [`--${name}`, value]
  })
  say(dim('Migrating the local database (the first time takes half a minute) …'))
  const command = [...NODE_OPTIONS, '--', CLI, 'd1', 'migrations', 'apply', 'DB', '--local']
  const env = { ...wranglerEnv(), CI: '1' } // CI: wrangler does not ask
  try {
    await promisify(execFile)(process.execPath, [...command, ...shared], { cwd: ROOT, env, signal })
  } catch (error) {
    if (signal.aborted) return
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    throw new CliError(`The local database could not be migrated:\n${stdout}${stderr}`)
  }
}

const wranglerEnv = (): NodeJS.ProcessEnv => ({
  ...envWithoutVariables(),
  NODE_COMPILE_CACHE: COMPILE_CACHE,
})

function startWrangler(given: readonly string[], secretArguments: readonly string[]): ProcessGroup {
  const preload = new URL('local/dev-arguments.ts', import.meta.url).href
  const command = [...NODE_OPTIONS, '--import', preload, '--', CLI, 'dev', ...given]
  const wrangler = spawnGroup(command, {
    cwd: ROOT,
    env: wranglerEnv(),
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    onError: (message) => say.error(message),
  })
  wrangler.child.send([...secretArguments], () => {})
  return wrangler
}

/** Prints how to run the cron by hand, once wrangler says where the Worker listens. */
function announce(message: unknown): void {
  if (typeof message !== 'string') return
  const { event, ip, port } = JSON.parse(message) as Record<string, unknown>
  if (event !== 'DEV_SERVER_READY') return
  const origin = `http://${String(ip)}:${String(port)}`
  say()
  say(`Worker at ${bold(origin)}. No cron runs here; each call of this runs it once:`)
  say(cyan(`  curl "${origin}/cdn-cgi/handler/scheduled?cron=*+*+*+*+*"`))
  say()
}

await run(main)
