/** Which commands stand in the documents, and what can be said about them without running them. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { allBlocks, allInlineCodes, type Block, type Code, ROOT, textOf } from './markdown.ts'
import { type Command, commandsOf } from './shell.ts'
import { readYaml } from './yaml.ts'

/** A command of a document. A mention stands in a sentence; the others are there to be copied. */
export type DocumentedCommand = Command & Readonly<{ isMention: boolean }>

/** What is a command when a sentence has it between backticks. */
const MENTION =
  /^(npm (start|test|ci|run)|npx|wrangler|curl|jq|node|openssl|git) |^npm (start|test|ci)$/

/** The commands of a block: of a shell, and of the steps of a workflow. */
export function commandsOfBlock(block: Block): readonly DocumentedCommand[] {
  const copied = (code: Code) => commandsOf(code).map((each) => ({ ...each, isMention: false }))
  if (block.language === 'sh') return copied(block)
  if (block.language !== 'yaml') return []
  return stepsOf(readYaml(block.text)).flatMap(({ run }) =>
    run === undefined ? [] : copied({ ...block, text: run }),
  )
}

/** All commands of all documents. The CHANGELOG also tells of commands as they were, so its sentences are left out. */
export const allCommands = (): readonly DocumentedCommand[] => [
  ...allBlocks().flatMap(commandsOfBlock),
  ...allInlineCodes()
    .filter(({ document, text }) => document !== 'CHANGELOG.md' && MENTION.test(text))
    .flatMap(commandsOf)
    .map((each) => ({ ...each, isMention: true })),
]

/** A step of a job of a workflow, as GitHub reads it. */
export type Step = Readonly<{ uses?: string; run?: string; with?: unknown; env?: unknown }>

/** The steps of all jobs; none if it is not a workflow. */
export const stepsOf = (value: unknown): readonly Step[] =>
  Object.values(
    (value as { jobs?: Record<string, { steps?: readonly Step[] }> }).jobs ?? {},
  ).flatMap(({ steps = [] }) => steps)

/** The npm scripts of this repository. */
export const SCRIPTS = (
  JSON.parse(textOf('package.json')) as { scripts: Readonly<Record<string, string>> }
).scripts

/** Programs that are not ours: documents may use them, and nothing of their arguments is checked. */
const OTHER_PROGRAMS = [
  'cd',
  'cp',
  'date',
  'echo',
  'git',
  'jq',
  'mkdir',
  'openssl',
  'printf',
  'read',
  'tee',
]

/** A script of npm as a call: its name, and the arguments behind `--`. Undefined for another command. */
export function scriptCall({
  words,
}: Command): { script: string; args: readonly string[] } | undefined {
  const [program, verb = '', ...rest] = words
  if (program !== 'npm' || verb === 'ci') return undefined
  const [script = '', ...more] = verb === 'run' ? rest : [verb, ...rest]
  return { script, args: more[0] === '--' ? more.slice(1) : more }
}

/** The file that a script of npm starts, and nothing else; undefined for another script. */
export const fileOf = (script: string): string | undefined =>
  /^node (?:-- )?(\S+\.ts)$/.exec(SCRIPTS[script] ?? '')?.[1]

/** What stands behind `wrangler` or `npx wrangler`; undefined for another command. */
export function wranglerWords({
  words: [first, second, ...rest],
}: Command): readonly string[] | undefined {
  if (first === 'npx' && second === 'wrangler') return rest
  return first === 'wrangler' ? [second, ...rest].filter((word) => word !== undefined) : undefined
}

/** @returns what is wrong with a command as far as its words show; undefined if nothing is. */
export function commandFault(command: DocumentedCommand): string | undefined {
  const { words } = command
  const [program = '', second = ''] = words
  if (words.length === 0 || OTHER_PROGRAMS.includes(program)) return undefined
  if (wranglerWords(command) !== undefined || program === 'curl') return undefined // judged by their own tables
  if (program === 'npm' && second === 'ci')
    return words.length === 2 ? undefined : 'npm ci takes nothing'
  if (program === 'npx' && second === 'vitest') return vitestFault(words.slice(2))
  const file = program === 'node' ? second : words[2]
  if (program === 'node' || (program === 'npx' && second === 'node')) {
    return file === undefined || existsSync(join(ROOT, file)) ? undefined : `there is no ${file}`
  }
  const call = scriptCall(command)
  if (call === undefined) return `no test knows what ${program} ${second} is`
  const text = SCRIPTS[call.script]
  if (text === undefined) return `package.json has no script ${call.script}`
  const hasSeparator = words.includes('--')
  if (call.args.length > 0 && !hasSeparator)
    return `npm takes ${call.args[0]} for its own: -- is missing`
  if (call.args.length === 0 || text.startsWith('node ')) return undefined
  return text.startsWith('vitest ')
    ? vitestFault(['run', ...call.args])
    : `${call.script} takes no arguments`
}

const CONFIGURATIONS = ['vitest.config.ts', 'testing/mutants/pure.config.ts']

/** `run`, `--project` and paths are what documents use. */
function vitestFault([verb, ...rest]: readonly string[]): string | undefined {
  if (verb !== 'run') return `vitest ${verb} does not end`
  for (let at = 0; at < rest.length; at++) {
    const word = rest[at] ?? ''
    if (word === '--project') {
      const project = rest[++at] ?? ''
      const isKnown = CONFIGURATIONS.some((path) => textOf(path).includes(`name: '${project}'`))
      if (!isKnown) return `vitest has no project ${project}`
    } else if (!existsSync(join(ROOT, word))) return `there is no ${word}`
  }
  return undefined
}

/** What a call of curl sends. */
export type CurlCall = Readonly<{ method: string; url: URL; body: string | undefined }>

/** Reads the arguments of curl that documents use. @throws Error for another one. */
export function readCurl({ words }: Command): CurlCall {
  let method: string | undefined
  let body: string | undefined
  const urls: string[] = []
  for (let at = 1; at < words.length; at++) {
    const word = words[at] ?? ''
    if (word === '-X') method = words[++at]
    else if (word === '-d') body = words[++at]
    else if (word === '-H') at++
    else if (/^-[sSifLN]+$/.test(word)) continue
    else if (word.startsWith('-')) throw new Error(`no test knows curl ${word}`)
    else urls.push(word)
  }
  const [url] = urls
  if (url === undefined || urls.length > 1) throw new Error(`one address, not ${urls.length}`)
  return { method: method ?? (body === undefined ? 'GET' : 'POST'), url: new URL(url), body }
}
