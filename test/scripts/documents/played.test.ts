/**
 * The commands of the documents run as they stand there, one document after the other, beside one `npm start`. Addresses,
 * the number of the sample order and what stands for a secret or an earlier answer are replaced; what only real accounts
 * can answer is listed.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../../scripts/local/ports.ts'
import { environmentOf, newProject, writeCertificate } from '../../../testing/cloudflare/project.ts'
import { startStandIn } from '../../../testing/cloudflare/stand-in.ts'
import { tool, type Tool } from '../../../testing/commands/command.ts'
import { commandsOfBlock, fileOf, scriptCall } from '../../../testing/documents/commands.ts'
import {
  type Block,
  DOCUMENTS,
  placeOf,
  readMarkdown,
  ROOT,
} from '../../../testing/documents/markdown.ts'
import type { Command } from '../../../testing/documents/shell.ts'

/** What is not run here, and why not. Its options are checked all the same: options.test.ts. */
const NOT_RUN: readonly (readonly [command: RegExp, why: string])[] = [
  [
    /^(npx wrangler|npm run deploy(:staging)?|npm run types|git|echo|openssl)\b/,
    'changes an account or the repository',
  ],
  [
    /^npm run setup($| -- --env | -- --lang zh$)/,
    'asks a person; test/scripts/setup.test.ts answers it',
  ],
  [/^npm run demo$/, 'test/scripts/demo.test.ts runs it'],
  [/^npm run (bench|load) /, 'takes half an hour or more'],
]

const READY_MS = 180_000
const TOKEN = 'demo-merchant-token-not-a-secret-at-all'
const SAMPLE = /sample-\d{4}-\d{6}-[a-z0-9]{3}/g
const SECRETS = {
  WX_APP_SECRET: 'app-secret-0123456789abcdef01234',
  WX_API_KEY: 'api-key-0123456789abcdef01234567',
  MERCHANT_TOKEN: 'merchant-token-0123456789abcdef0123456789',
}

/** A running `npm start`. */
type Stack = Readonly<{ tool: Tool; worker: string; wechat: string; sample: string }>

const folder = mkdtempSync(join(tmpdir(), 'wxpay-edge-documents-'))
let common: Stack
/** The one that the present document's commands talk to. */
let stack: Stack
/** What the present document has started besides, and the address of its shop. */
let started: { output: () => string; stop: () => Promise<unknown> }[] = []
let shop = 'http://127.0.0.1:8800'
/** The answer to the last command, from which a person copies. */
let answer = ''

async function startStack(...more: readonly string[]): Promise<Stack> {
  const [port, wechatPort] = [await freePort(), await freePort()]
  const where = ['--port', `${port}`, '--wechat-port', `${wechatPort}`]
  const running = tool('start', [...where, '--persist', join(folder, `database-${port}`), ...more])
  const [, sample = ''] = await running.prints(/npm run pay -- (\S+) /, READY_MS)
  const [worker, wechat] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${wechatPort}`]
  return { tool: running, worker, wechat, sample }
}

const stopped = async ({ tool: running }: Stack): Promise<void> => {
  running.signal('SIGINT')
  await running.exited
}

beforeAll(async () => {
  common = stack = await startStack()
}, READY_MS)
afterEach(async () => {
  for (const { stop } of started) await stop()
  started = []
  stack = common
})
afterAll(async () => {
  await stopped(common)
  rmSync(folder, { recursive: true, force: true })
})

type Ran = Readonly<{ code: number | null; output: string }>
type Options = Readonly<{
  cwd?: string
  env?: Readonly<Record<string, string | undefined>>
  /** What happens once the output has this text. */
  when?: readonly [prints: string, act: (child: ChildProcess) => void]
}>

function run(program: string, args: readonly string[], options: Options = {}): Promise<Ran> {
  const { cwd = folder, env = {}, when: [awaited, act] = [] } = options
  const surroundings = {
    ...process.env,
    NO_COLOR: '1',
    FORCE_COLOR: undefined,
    LANG: 'en',
    LC_ALL: '',
  }
  const child = spawn(program, args, {
    cwd,
    env: { ...surroundings, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 120_000,
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      const isNew = awaited !== undefined && !output.includes(awaited)
      output += text
      if (isNew && output.includes(awaited)) act?.(child)
    })
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject).once('close', (code) => resolve({ code, output }))
  })
}

/** Starts what a script of npm starts. */
const script = (name: string, args: readonly string[], options?: Options): Promise<Ran> =>
  run(process.execPath, ['--', join(ROOT, fileOf(name) ?? ''), ...args], options)

/** The addresses and the order of this run, in place of those in the document. */
const here = (word: string): string =>
  word
    .replace(/^http:\/\/(127\.0\.0\.1|localhost):8787/, stack.worker)
    .replace('http://127.0.0.1:8790', stack.wechat)
    .replace('http://127.0.0.1:8800', shop)
    .replace(/^https:\/\/pay\.example\.com/, stack.worker)
    .replace(SAMPLE, stack.sample)
    .replace(/THE-([A-Z]+)/, (_, name: string) => fieldOf(answer, name.toLowerCase()))

/** A field of an answer, in place of the word that tells a person to put it in. */
function fieldOf(json: string, name: string): string {
  const value = (JSON.parse(json) as Readonly<Record<string, unknown>>)[name]
  expect(value, `${name} in ${json}`).toBeTypeOf('string')
  return value as string
}

/** How each program runs. */
const RUNS: Readonly<Record<string, (args: readonly string[], command: Command) => Promise<Ran>>> =
  {
    'npm ci': () => {
      const looking = ['ci', '--dry-run', '--offline', '--no-audit', '--no-fund']
      return run('npm', looking, { cwd: ROOT })
    },
    'npm start': async (args) => {
      if (args.includes('--webhook')) {
        shop = `http://127.0.0.1:${await freePort()}`
        const own = (stack = await startStack(...args.map(here)))
        started.push({ output: own.tool.output, stop: () => stopped(own) })
      }
      return { code: 0, output: stack.tool.output() }
    },
    'npx node': ([, file = '', ...args], { env }) => {
      const more = ['--port', new URL(shop).port, '--worker', stack.worker]
      return background([join(ROOT, file), ...args.map(here), ...more], env)
    },
    curl: (args) => run('curl', ['-sS', '--fail-with-body', '--max-time', '30', ...args.map(here)]),
    pay: (args) => {
      const given = [...args.map(here), '--worker', stack.worker, '--wechat', stack.wechat]
      return script('pay', given, {
        when: ['the cron queries WeChat', (child) => void passTime(child)],
      })
    },
    doctor: (args) => script('doctor', args.map(here), { env: { MERCHANT_TOKEN: TOKEN } }),
    operator: async (args) => {
      const file = join(folder, 'operators.json')
      if (!existsSync(file)) writeFileSync(file, '{}')
      const ran = await script('operator', args)
      const value = ran.output.split('\n').find((line) => line.startsWith('{'))
      if (value !== undefined) writeFileSync(file, value)
      return ran
    },
    simulator: async (args) => {
      // It does not end by itself: Ctrl-C when it has said everything.
      const printed = await script('simulator', ['--port', '0', ...args], {
        when: ['curl --cacert', (child) => void child.kill('SIGINT')],
      })
      const isWritten = existsSync(join(folder, 'certificates', 'apiclient_cert.pem'))
      expect(isWritten).toBe(args.includes('--certificates'))
      return printed
    },
    setup: (args, { env }) => setUp(args, env),
  }

/** Starts a server that runs until the document ends. @returns when it has said that it listens. */
async function background(args: readonly string[], env: Command['env']): Promise<Ran> {
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'close')
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  started.push({
    output: () => output,
    stop: async () => {
      child.kill('SIGINT')
      await exited
    },
  })
  await expect.poll(() => output, { timeout: READY_MS }).toContain('http://')
  return { code: 0, output }
}

/** Runs the cron as it would run in the next minutes, until the process has ended. */
async function passTime(child: ChildProcess): Promise<void> {
  for (let minutes = 2; child.exitCode === null && child.signalCode === null; minutes++) {
    const query = `cron=*+*+*+*+*&time=${Date.now() + minutes * 60_000}`
    await fetch(`${stack.worker}/cdn-cgi/handler/scheduled?${query}`)
    await sleep(1_000)
  }
}

/** Runs `npm run setup` against a stand-in for Cloudflare, in a folder like a fresh clone. */
async function setUp(args: readonly string[], env: Command['env']): Promise<Ran> {
  const cloudflare = await startStandIn()
  const project = newProject()
  try {
    await writeCertificate(project.folder, '1900009191')
    const values = { 'wx…': 'wx0123456789abcdef', '19…': '1900009191' }
    const given = args.map((word) => (word in values ? values[word as keyof typeof values] : word))
    const secrets = Object.fromEntries(
      Object.entries(SECRETS).filter(([name]) => env[name] !== undefined || args.length === 1),
    )
    const more = ['--config', project.configPath, '--no-doctor', '--lang', 'en']
    const wanted = {
      WX_APPID: values['wx…'],
      WX_MCH_ID: values['19…'],
      PUBLIC_URL: 'pay.example.com',
    }
    return await script('setup', [...given, ...more], {
      cwd: project.folder,
      env: environmentOf(
        project.env,
        cloudflare.env,
        secrets,
        args.includes('--yes') ? {} : wanted,
      ),
    })
  } finally {
    await cloudflare.close()
    project.remove()
  }
}

/** Lines as they are compared: with the addresses of the documents, without figures that differ from run to run. */
const comparable = (text: string): string[] =>
  text
    .replaceAll(stack.worker, 'http://127.0.0.1:8787')
    .replaceAll(stack.wechat, 'http://127.0.0.1:8790')
    .replace(SAMPLE, 'sample-…')
    .replace(/\d{8}-\d{6}-[A-Z0-9]{4}/g, 'ORDER')
    .replace(/\b[\d.]+ (s|ms)\b/g, 'N $1')
    .split('\n')
    .map((line) => line.trim().replace(/ +/g, ' '))
    .filter((line) => line !== '' && line !== '…')

const usedReasons = new Set<RegExp>()
/** Commands that have run: what is the same in both languages runs once. */
const ran = new Map<string, Promise<Ran>>()

/** The variables of a shell in which the commands of one document run. */
type Shell = Map<string, string>

/** Puts in the values of `$NAME`, and the output of `$(…)`. */
const expanded = (word: string, shell: Shell): string =>
  word.replace(/\$\(([^()]*)\)|\$(\w+)/g, (_, inner?: string, name = '') =>
    inner === undefined
      ? (shell.get(name) ?? '')
      : execFileSync('sh', ['-c', inner], { encoding: 'utf8' }).trim(),
  )

/** Runs a command. Undefined for one that is not run here, or that only sets variables. */
function play(given: Command, shell: Shell): Promise<Ran> | undefined {
  const words = given.words.map((word) => expanded(word, shell))
  const env = Object.fromEntries(
    Object.entries(given.env).map(([name, value]) => [name, expanded(value, shell)]),
  )
  if (words.length === 0) for (const [name, value] of Object.entries(env)) shell.set(name, value)
  if (words[0] === 'read') shell.set(words.at(-1) ?? '', TOKEN) // a person pastes it
  // `date` has run within `$(…)`.
  if (['read', 'date', undefined].includes(words[0])) return undefined
  const text = words.join(' ')
  const [reason] = NOT_RUN.find(([pattern]) => pattern.test(text)) ?? []
  if (reason !== undefined) {
    usedReasons.add(reason)
    return undefined
  }
  const call = scriptCall(given)
  const how = RUNS[words.slice(0, 2).join(' ')] ?? RUNS[call?.script ?? words[0] ?? '']
  if (how === undefined) expect.fail(`${placeOf(given)}: no test runs ${text}`)
  const command = { ...given, words, env }
  const key = JSON.stringify([stack.worker, words, env])
  const running = ran.get(key) ?? how(scriptCall(command)?.args ?? words.slice(1), command)
  ran.set(key, running)
  return running
}

const documents = DOCUMENTS.filter((document) =>
  readMarkdown(document).blocks.some((block) => commandsOfBlock(block).length > 0),
)
const isOutput = ({ language }: Block): boolean => ['text', ''].includes(language)

describe('the commands of the documents run', () => {
  it.each(documents)('%s', { timeout: 300_000 }, async (document) => {
    const { blocks } = readMarkdown(document)
    const shell: Shell = new Map()
    let printed = ''
    for (const command of blocks.flatMap(commandsOfBlock)) {
      const { code = 0, output = '' } = (await play(command, shell)) ?? {}
      expect(code, `${placeOf(command)}: ${command.text}\n${output}`).toBe(0)
      printed += `${output}\n`
      if (output.startsWith('{')) answer = output
    }
    const all = (): string => [printed, ...started.map(({ output }) => output())].join('\n')
    for (const block of blocks.filter(isOutput)) {
      for (const line of comparable(block.text)) {
        await expect.poll(() => comparable(all()), { message: placeOf(block) }).toContain(line)
      }
    }
  })

  it('but those that are listed, all of which documents have', () => {
    expect(NOT_RUN.filter(([pattern]) => !usedReasons.has(pattern))).toEqual([])
  })
})
