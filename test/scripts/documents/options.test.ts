/** The options of every command in the documents are those that the command itself knows: its --help, wrangler's own table. */
import { execFile, spawnSync } from 'node:child_process'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  allCommands,
  type DocumentedCommand,
  fileOf,
  scriptCall,
  wranglerWords,
} from '../../../testing/documents/commands.ts'
import { placeOf, ROOT } from '../../../testing/documents/markdown.ts'
import { wranglerFault } from '../../../testing/documents/wrangler.ts'

const commands = allCommands()
const told = (command: DocumentedCommand, fault: string): string =>
  `${placeOf(command)}: ${command.text}: ${fault}`

type Help = Readonly<{ code: number; output: string }>

/** Starts a script with these arguments and `--help`: it reads all arguments first, and refuses what it does not know. */
async function helpOf(script: string, args: readonly string[]): Promise<Help> {
  const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined, LANG: 'en', LC_ALL: '' }
  const given = ['--', fileOf(script) ?? '', ...args, '--help']
  return promisify(execFile)(process.execPath, given, { cwd: ROOT, env, timeout: 60_000 }).then(
    ({ stdout }) => ({ code: 0, output: stdout }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({
      code,
      output: `${stdout}${stderr}`,
    }),
  )
}

/** One process for each script: it gets all options that documents give it, and the longest list of other words. */
const calls = new Map<string, readonly string[]>()
for (const command of commands) {
  const { script, args } = scriptCall(command) ?? { script: '', args: [] }
  if (args.length === 0 || fileOf(script) === undefined) continue
  const [words, known] = parted(calls.get(script) ?? [])
  const [own, options] = parted(args)
  calls.set(script, [...(own.length > words.length ? own : words), ...known, ...options])
}

function parted(
  args: readonly string[],
): readonly [words: readonly string[], options: readonly string[]] {
  const first = args.findIndex((word) => word.startsWith('-'))
  return first < 0 ? [args, []] : [args.slice(0, first), args.slice(first)]
}

describe('the scripts that the documents call', () => {
  const helps = new Map<string, Help>()
  beforeAll(async () => {
    const waiting = [...calls]
    const start = async (): Promise<void> => {
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
        helps.set(next[0], await helpOf(...next))
      }
    }
    await Promise.all([start(), start(), start()])
  })

  it('know every option that is given', () => {
    const refused = [...helps].filter(([, { code }]) => code !== 0)
    const where = (output: string): string[] => {
      const [option = '--'] = /--[\w-]+/.exec(output) ?? []
      return commands.filter(({ words }) => words.includes(option)).map((one) => told(one, ''))
    }
    expect(refused.map(([script, { output }]) => [script, output, where(output)])).toEqual([])
    expect(calls.size).toBeGreaterThan(10)
  })

  it('name in their help every word that an option is given, such as a plan or a part', () => {
    const missing = [...calls].flatMap(([script, args]) => {
      const words = args.flatMap((word, at) =>
        /^--\w/.test(args[at - 1] ?? '') && /^[a-z][a-z,]+$/.test(word) ? word.split(',') : [],
      )
      const { output = '' } = helps.get(script) ?? {}
      return words
        .filter((word) => !new RegExp(`\\b${word}\\b`).test(output))
        .map((word) => [script, word])
    })
    expect(missing).toEqual([])
  })

  it('refuse an option that they do not have', async () => {
    const { code, output } = await helpOf('load', ['--plann', 'paid'])
    expect([code, output]).toEqual([1, expect.stringContaining("Unknown option '--plann'")])
  })
})

describe('the commands of wrangler in the documents', () => {
  const all = commands.flatMap((command) => {
    const words = wranglerWords(command)
    return words === undefined ? [] : [{ command, words }]
  })

  it('are known to wrangler, with every option and all that is required', () => {
    const faults = all.flatMap(({ command, words }) => {
      const fault = wranglerFault(words, command.isMention)
      return fault === undefined ? [] : [told(command, fault)]
    })
    expect(faults).toEqual([])
    expect(all.length).toBeGreaterThan(30)
  })

  it.each([
    ['d1 crate wxpay-edge', 'not a command'],
    ['d1 create wxpay-edge --location asia', 'takes weur'],
    ['d1 create', 'missing: name'],
    ['d1 migrations apply DB --remot', 'does not know --remot'],
    ['versions list and more', 'too much'],
    ['versions upload --tag', 'needs a value'],
    ['frobnicate', 'no command'],
  ])('are judged: %s', (line, fault) => {
    expect(wranglerFault(line.split(' '), false)).toContain(fault)
  })
})

describe('the filters of jq in the documents', () => {
  const filters = commands.filter(({ words: [program] }) => program === 'jq')
  /** As `wrangler tail --format json` prints an invocation. */
  const invocation = JSON.stringify({
    logs: [{ message: ['{"event":"webhook_tried","state":"delivered"}'] }, { message: ['a word'] }],
  })
  const hasJq = spawnSync('jq', ['--version']).status === 0

  it.skipIf(!hasJq)('find the line that they ask for', () => {
    for (const filter of filters) {
      const [program = '', ...args] = filter.words
      const { stdout, stderr } = spawnSync(program, args, { input: invocation, encoding: 'utf8' })
      expect([stderr, stdout.trim()], placeOf(filter)).toEqual([
        '',
        '{"event":"webhook_tried","state":"delivered"}',
      ])
    }
    expect(filters.length).toBeGreaterThan(0)
  })
})
