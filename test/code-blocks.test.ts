/**
 * Every piece of code in the documents is right: each language has its check, and a block without one fails. What starts
 * processes is in test/scripts/documents.
 */
import { globSync } from 'node:fs'
import { CHECKS as VALIDATORS, OPERATIONS } from 'virtual:contract'
import { beforeEach, describe, expect, it } from 'vitest'
import { checker, violations } from '../testing/contract/checker.ts'
import { makeExamples } from '../testing/contract/examples.ts'
import {
  allCommands,
  commandFault,
  type DocumentedCommand,
  readCurl,
  stepsOf,
} from '../testing/documents/commands.ts'
import { readCut, readExchange } from '../testing/documents/exchange.ts'
import { flowchartFaults } from '../testing/documents/flowchart.ts'
import { loggedFields } from '../testing/documents/log-lines.ts'
import {
  allBlocks,
  allInlineCodes,
  type Block,
  type Code,
  DOCUMENTS,
  placeOf,
  readMarkdown,
  ROOT,
  textOf,
} from '../testing/documents/markdown.ts'
import { playCode } from '../testing/documents/shop-and-phone.ts'
import { typeFaults } from '../testing/documents/type-check.ts'
import { readYaml } from '../testing/documents/yaml.ts'
import { MUTANTS } from '../testing/mutants/list.ts'
import type { Mutant } from '../testing/mutants/mutant.ts'
import { Sqlite } from '../testing/simulation/d1/sqlite.ts'

type Check = (blocks: readonly Block[]) => readonly string[] | Promise<readonly string[]>

/** Judges one block after the other. An exception is a fault, too. */
const each =
  (judge: (block: Block) => readonly string[] | Promise<readonly string[]>): Check =>
  async (blocks) => {
    const faults = blocks.map(async (block) => {
      const found = await Promise.resolve(block)
        .then(judge)
        .catch((error: unknown) => [String(error)])
      return found.map((fault) => `${placeOf(block)}: ${fault}`)
    })
    return (await Promise.all(faults)).flat()
  }

/** What is done with the blocks of each language. */
const CHECKS: Readonly<Record<string, Check>> = {
  sh: () => [], // below, with the commands of sentences and workflows
  js: typesFit,
  ts: typesFit,
  http: each(exchangeFaults),
  json: each(jsonFaults),
  yaml: each(({ text }) => workflowFaults(readYaml(text))),
  mermaid: each(({ text }) => flowchartFaults(text)),
  md: each(({ text }) => linkFaults(text)),
  '': each(outputFaults),
  text: each(outputFaults),
}

/** A mistake in each language. */
const WRONG: readonly Block[] = Object.entries({
  js: 'fetch(`${WXPAY_ULR}/orders`)',
  ts: 'const fen: number = "88.00"',
  http: 'GET /order/20261123-7F3K\n\n200\n{}',
  json: '{ "a": 1, }',
  yaml: 'jobs:\n  a:\n    steps:\n      - uses: actions/checkout@v6',
  mermaid: 'flowchart LR\n  a["A"] --> b["B"]\n  a --> bb',
  md: '[a](http:/example.com)',
  text: 'done',
}).map(([language, text]) => ({ document: `wrong.${language}`, line: 0, language, text }))

const BLOCKS = allBlocks()
const blocksIn = (language: string): readonly Block[] =>
  BLOCKS.filter((block) => block.language === language)

describe('the code blocks of the documents', () => {
  it('are in languages that have a check', () => {
    const unknown = BLOCKS.filter(({ language }) => !(language in CHECKS))
    expect(unknown.map((block) => `${placeOf(block)}: ${block.language}`)).toEqual([])
    expect(BLOCKS.length).toBeGreaterThan(60)
  })

  it.each(Object.entries(CHECKS))('of the language "%s" are right', async (language, check) => {
    expect(await check(blocksIn(language))).toEqual([])
  })

  it.each(WRONG)('of the language "$language" are read: a wrong one is seen', async (block) => {
    expect(await CHECKS[block.language]?.([block])).toHaveLength(1)
  })
})

/** The documents that exist in both languages. */
const PAIRS = DOCUMENTS.filter((path) => path.endsWith('.zh-CN.md')).map((chinese) => ({
  english: chinese.replace('.zh-CN.md', '.md'),
  chinese,
}))

describe('a document in two languages', () => {
  // The shorter one may leave out pictures and outputs.
  const isCode = ({ language }: Block): boolean => !['mermaid', 'text', ''].includes(language)
  /** The code without what readers read: comments, messages, the language of the answer. */
  const bare = ({ text }: Block): string =>
    text
      .replace(/(^|\s+)(#|\/\/) .*$/gm, '')
      .replace(/--message "[^"]*"/g, '--message "…"')
      .replace(/(\s--)? --lang zh\b(?= *$)| --lang zh\b/gm, '')
      .replace(/"body":"[^"]*"/g, '"body":"…"')
      .replace(/ +/g, ' ')

  it.each(PAIRS)('has the same code: $english', ({ english, chinese }) => {
    const [first, second] = [english, chinese].map((document) =>
      readMarkdown(document)
        .blocks.filter(isCode)
        .map((block) => [block.language, bare(block)]),
    )
    expect(second).toEqual(first)
  })
})

describe('the commands of the documents', () => {
  const commands = allCommands()

  it('are scripts and programs that exist, with arguments where they take some', () => {
    const faults = commands.flatMap((command) => {
      const fault = commandFault(command)
      return fault === undefined ? [] : [`${placeOf(command)}: ${command.text}: ${fault}`]
    })
    expect(faults).toEqual([])
    expect(commands.length).toBeGreaterThan(150)
  })

  it('send with curl what openapi.json allows', () => {
    const calls = commands.filter(({ words: [program] }) => program === 'curl')
    expect(calls.flatMap(curlFaults)).toEqual([])
    expect(calls.length).toBeGreaterThan(5)
  })

  it('run SQL that the tables of the database allow', () => {
    const texts: readonly Code[] = [
      ...allInlineCodes().filter(({ text }) =>
        /^(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH) /.test(text),
      ),
      ...commands.flatMap((command) => {
        const { words } = command
        const at = words.indexOf('--command')
        return at < 0 || !words.includes('execute')
          ? []
          : [{ ...command, text: words[at + 1] ?? '' }]
      }),
    ]
    const database = new Sqlite()
    for (const code of texts) {
      const explain = (): unknown => database.run({ sql: `EXPLAIN ${code.text}`, values: [] })
      expect(explain, placeOf(code)).not.toThrow()
    }
    expect(texts.length).toBeGreaterThan(0)
  })
})

describe('the code for a shop that comes from tenpay', () => {
  it.each(['docs/coming-from-tenpay.md', 'docs/coming-from-tenpay.zh-CN.md'])(
    'registers an order and lets the phone pay it: %s',
    async (document) => {
      const texts = readMarkdown(document).blocks.map(({ text }) => text)
      expect(await playCode(texts)).toMatchObject({
        state: 'paid',
        total_fee: 8_800,
        body: '商店-图书',
        openid: expect.stringMatching(/^o/),
      })
    },
  )

  it('throws what the Worker says when it refuses the order', async () => {
    const [registering = ''] = readMarkdown('docs/coming-from-tenpay.md').blocks.map(
      ({ text }) => text,
    )
    const free = registering.replace('total_fee: 8800', 'total_fee: 0')
    await expect(playCode([free])).rejects.toThrow('total_fee')
  })
})

it('The mutant that CONTRIBUTING.md shows is in the list', () => {
  const [block] = readMarkdown('CONTRIBUTING.md').blocks.filter(({ language }) => language === 'ts')
  // oxlint-disable-next-line typescript/no-implied-eval -- it is an object of our own document
  const shown = new Function(`return (${block?.text}\n)`)() as Mutant
  const listed = MUTANTS.find(({ name }) => name === shown.name)
  // The list names more tests than the document has room for.
  expect(listed).toEqual({ ...shown, tests: expect.arrayContaining([...shown.tests]) })
  const [, only = ''] = /--only '([^']+)'/.exec(textOf('CONTRIBUTING.md')) ?? []
  expect(shown.name).toContain(only)
})

describe('the questions to the log in docs/operations.md', async () => {
  const [, section = ''] = textOf('docs/operations.md').split('\n## Asking the log\n')
  const rows = [...(section.split('\n## ')[0]?.matchAll(/^\|([^|]*)\|([^|]*)\|([^|]*)\|$/gm) ?? [])]
    .map(([, question = '', filter = '', show = '']) => ({
      question: question.trim(),
      filter,
      show,
    }))
    .slice(2)
  const codesIn = (text: string): string[] =>
    [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code)
  const logged = await loggedFields()
  const source = globSync('src/**/*.ts', { cwd: ROOT }).map(textOf).join('\n')

  it.each(rows)('$question', ({ filter, show }) => {
    const conditions = codesIn(filter).map((code) => code.split(/ !?= /))
    const events = conditions.flatMap(([field, value]) =>
      field === 'event' ? [value] : value === undefined ? [field] : [],
    )
    const named = events.filter((event) => event !== 'event' && event !== undefined)
    for (const event of named) expect(source).toContain(`'${event}'`)
    // A word behind a colon is a value.
    const fields = [
      ...conditions.flatMap(([field = '', value]) => (value === undefined ? [] : [field])),
      ...codesIn(show.replace(/: `[^`]+`/g, '')),
    ]
    const known = new Set(
      named.length === 1
        ? logged.get(named[0] ?? '')
        : [...logged.values()].flatMap((one) => [...one]),
    )
    expect(fields.filter((field) => !known.has(field))).toEqual([])
  })

  it('are eight', () => expect(rows).toHaveLength(8))
})

/** What tsc says of all blocks, and of the wrong ones: it starts once. */
let typeErrors: readonly string[] | undefined

function typesFit(blocks: readonly Block[]): readonly string[] {
  typeErrors ??= typeFaults(
    [...BLOCKS, ...WRONG].filter(({ language }) => /^[jt]s$/.test(language)),
  )
  return typeErrors.filter((fault) => blocks.some(({ document }) => fault.startsWith(document)))
}

beforeEach(() => void violations.splice(0))

/** Whole answers, for those that `docs/api.md` shows in part. */
const examples = makeExamples()

async function exchangeFaults(block: Block): Promise<readonly string[]> {
  const { method, path, body, status, answer, isWhole } = readExchange(block)
  const real = [...(await examples).values()].find(
    (one) => one.method === method && one.path === path && pretty(one.answer).startsWith(answer),
  )
  if (real === undefined && !isWhole) return ['no test knows how the answer goes on']
  const whole = real?.answer ?? answer
  const isJson = /^[{[]/.test(whole)
  const type = !isJson
    ? 'text/plain'
    : status < 400
      ? 'application/json'
      : 'application/problem+json'
  const request = new Request(`https://pay.test${path}`, { method })
  const headers = { 'content-type': type }
  violations.splice(0)
  await checker.exchange(request, body, new Response(whole, { status, headers }))
  return violations.splice(0)
}

const pretty = (answer: string): string =>
  answer.startsWith('{') ? JSON.stringify(JSON.parse(answer), null, 2) : answer

async function jsonFaults({ text }: Block): Promise<readonly string[]> {
  const { answer, isWhole } = readCut(text)
  const webhook = (await examples).get('webhook')?.answer ?? ''
  const isWebhook = pretty(webhook).startsWith(answer)
  if (!isWhole && !isWebhook) return ['no test knows how it goes on']
  const value: unknown = JSON.parse(isWebhook ? webhook : answer)
  if (!isWebhook) return []
  const headers = { 'webhook-id': 'x', 'webhook-timestamp': '1' }
  const request = { method: 'POST', headers, body: JSON.stringify(value) }
  await checker.webhook(new Request('https://shop.test', request))
  return violations.splice(0)
}

/** The actions that the repository's own workflows use, with the commit that each is pinned to. */
const PINNED = globSync('.github/workflows/*.yml', { cwd: ROOT }).flatMap((path) =>
  stepsOf(readYaml(textOf(path))).flatMap(({ uses }) => uses ?? []),
)

/** A file without jobs is no workflow: it only has to be YAML. */
function workflowFaults(value: unknown): readonly string[] {
  const { jobs, on, permissions } = value as Readonly<Record<string, unknown>>
  if (jobs === undefined) return []
  const steps = stepsOf(value)
  return [
    ...(steps.length === 0 ? ['no job has steps'] : []),
    ...(on === undefined && steps.length > 1 ? ['nothing starts it'] : []),
    ...(permissions === undefined && steps.length > 1 ? ['it has no permissions'] : []),
    ...steps.flatMap(({ uses, run }) => {
      if ((uses === undefined) === (run === undefined)) return ['a step has uses or run']
      return uses === undefined || PINNED.includes(uses)
        ? []
        : [`not as in .github/workflows: ${uses}`]
    }),
  ]
}

const linkFaults = (text: string): readonly string[] => {
  const targets = [...text.matchAll(/\]\(([^)\s]*)\)/g)].map(([, target = '']) => target)
  if (targets.length === 0) return ['no test knows Markdown without links']
  return targets.filter((target) => !/^https:\/\/[\w.-]+\/\S*$/.test(target))
}

/** What shows an output, and the test that compares it. A block without a language behind `npm start` belongs to the first. */
const COMPARED: Readonly<Record<string, string>> = {
  'docs/architecture.md': 'test/architecture.test.ts',
}

function outputFaults({ document }: Block): readonly string[] {
  if (document in COMPARED) return []
  const isPlayed = allCommands().some(
    (command) =>
      command.document === document && command.text.startsWith('npm start') && !command.isMention,
  )
  return isPlayed ? [] : ['no test compares this output; see test/scripts/documents']
}

const CRON = /^\/cdn-cgi\/handler\/scheduled\?cron=[^&]+$/

function curlFaults(command: DocumentedCommand): readonly string[] {
  const { method, url, body } = readCurl(command)
  const fault = (what: string): readonly string[] => [`${placeOf(command)}: ${what}`]
  if (CRON.test(url.pathname + url.search)) return []
  // The simulated WeChat and the example shop have no document: these commands are right if they run.
  if (/^127\.0\.0\.1:(8790|8800)$/.test(url.host)) return []
  if (!/^((127\.0\.0\.1|localhost):8787|pay\.example\.com)$/.test(url.host)) {
    return fault(`not an address of this system: ${url.host}`)
  }
  const found = OPERATIONS.find(
    (one) =>
      one.method === method &&
      new RegExp(`^${one.path.replace(/\{\w+\}/g, '[^/]+')}$`).test(url.pathname),
  )
  if (found === undefined) return fault(`openapi.json has no ${method} ${url.pathname}`)
  if (body === undefined) return found.body === null ? [] : fault('the body is missing')
  const validate = VALIDATORS[found.body ?? '']
  return validate?.(JSON.parse(body)) === true ? [] : fault(`not a body of ${found.id}: ${body}`)
}
