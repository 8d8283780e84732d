/**
 * The tree keeps its own rules: who may import whom, what may be called where, how large a room may become,
 * and how plainly it is written.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '..')

/** What a use case may import besides the use cases below it. */
const BELOW_SERVICE = ['src/contract/', 'src/ports/', 'src/core/', 'src/lib/']
/** The two doors and the table of costs: the files directly under `service/`. */
const DOORS = 'src/service/*'

/** What the pages and the forms of the console are made of. */
const CONSOLE_ROOMS = [
  'src/console/story/',
  'src/console/http/',
  'src/console/view/',
  'src/console/words/',
  'src/routes/http/',
  'src/ports/',
  'src/core/',
  'src/lib/',
]

/**
 * The import rule: a file under a prefix may import its own folder and what the list names, types included. The
 * longest prefix that fits decides. `folder/` is everything below it, `folder/*` the files directly in it.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  // Entry points: they wire everything.
  'src/*': ['src/'],
  'src/lib/': [],
  'src/core/': ['src/lib/'],
  'src/core/order/': ['src/core/*', 'src/lib/'],
  'src/core/bill/': ['src/core/*', 'src/lib/'],
  'src/core/doctor/': ['src/core/*', 'src/core/bill/', 'src/lib/'],
  'src/ports/*': ['src/ports/bill/', 'src/core/', 'src/lib/'],
  'src/ports/bill/': ['src/ports/*', 'src/core/', 'src/lib/'],
  'src/contract/': ['src/ports/', 'src/core/', 'src/lib/'],
  // Use cases.
  'src/service/*': ['src/ports/', 'src/core/', 'src/lib/'],
  'src/service/refund/': [DOORS, ...BELOW_SERVICE],
  'src/service/order/': ['src/service/refund/', DOORS, ...BELOW_SERVICE],
  'src/service/pay/': ['src/service/order/', DOORS, ...BELOW_SERVICE],
  'src/service/notice/': ['src/service/order/', 'src/service/refund/', ...BELOW_SERVICE],
  'src/service/review/': ['src/service/order/', 'src/service/refund/', DOORS, ...BELOW_SERVICE],
  'src/service/bill/': ['src/service/order/', 'src/service/refund/', DOORS, ...BELOW_SERVICE],
  'src/service/webhook/': ['src/service/bill/', DOORS, ...BELOW_SERVICE],
  'src/service/run/': BELOW_SERVICE,
  'src/service/doctor/': BELOW_SERVICE,
  'src/service/recovery/': BELOW_SERVICE,
  'src/service/lists/': BELOW_SERVICE,
  // Edges: they translate, and call use cases.
  'src/cron/': ['src/service/', 'src/ports/', 'src/core/', 'src/lib/'],
  'src/routes/*': ['src/routes/', 'src/ports/', 'src/core/', 'src/lib/'],
  'src/routes/http/': ['src/ports/', 'src/core/', 'src/lib/'],
  'src/routes/': ['src/routes/http/', 'src/service/', ...BELOW_SERVICE],
  // The console: its rooms, from the frame down to the words.
  'src/console/*': [
    'src/console/',
    'src/routes/http/',
    'src/service/',
    'src/ports/',
    'src/core/',
    'src/lib/',
  ],
  'src/console/actions/': [
    ...CONSOLE_ROOMS,
    'src/console/pages/',
    'src/console/parts/',
    'src/service/',
  ],
  'src/console/pages/': [...CONSOLE_ROOMS, 'src/console/parts/', 'src/service/'],
  'src/console/parts/': [...CONSOLE_ROOMS, 'src/service/'],
  'src/console/story/': [
    'src/console/view/',
    'src/console/words/',
    'src/service/lists/',
    'src/ports/',
    'src/core/',
    'src/lib/',
  ],
  'src/console/http/': [
    'src/console/view/',
    'src/console/words/',
    'src/routes/http/',
    'src/core/',
    'src/lib/',
  ],
  'src/console/view/': [
    'src/console/words/',
    'src/routes/http/',
    'src/ports/',
    'src/core/',
    'src/lib/',
  ],
  'src/console/words/': [],
  // Adapters: they implement ports, and never see a use case or one another.
  'src/store/*': ['src/store/', 'src/ports/', 'src/core/', 'src/lib/'],
  'src/store/d1/': ['src/ports/', 'src/core/', 'src/lib/'],
  'src/store/due/': ['src/store/order/', 'src/store/d1/', 'src/ports/', 'src/core/', 'src/lib/'],
  'src/store/lists/': [
    'src/store/*',
    'src/store/order/',
    'src/store/bill/',
    'src/store/d1/',
    'src/ports/',
    'src/core/',
    'src/lib/',
  ],
  'src/store/': ['src/store/d1/', 'src/ports/', 'src/core/', 'src/lib/'],
  'src/webhooks/': ['src/ports/', 'src/core/', 'src/lib/'],
  'src/wechat/*': ['src/ports/', 'src/core/', 'src/lib/'],
  'src/wechat/bill/': ['src/ports/', 'src/core/', 'src/lib/'],
  'src/wechat/v2/*': ['src/wechat/v2/', 'src/wechat/*', 'src/ports/', 'src/core/', 'src/lib/'],
  'src/wechat/v2/wire/': ['src/core/', 'src/lib/'],
  'src/wechat/v2/': ['src/wechat/v2/wire/', 'src/ports/', 'src/core/', 'src/lib/'],
  // The simulator shares no code with src: two readings of the protocol.
  'simulator/lib/': [],
  'simulator/state/': ['simulator/lib/'],
  'simulator/protocol/': ['simulator/state/', 'simulator/lib/'],
  'simulator/bills/': ['simulator/protocol/', 'simulator/state/', 'simulator/lib/'],
  'simulator/refunds/': ['simulator/protocol/', 'simulator/state/', 'simulator/lib/'],
  'simulator/notices/': ['simulator/protocol/', 'simulator/state/', 'simulator/lib/'],
  'simulator/payer/': [
    'simulator/notices/',
    'simulator/protocol/',
    'simulator/state/',
    'simulator/lib/',
  ],
  'simulator/endpoints/': [
    'simulator/bills/',
    'simulator/refunds/',
    'simulator/protocol/',
    'simulator/state/',
    'simulator/lib/',
  ],
  'simulator/gateway/': [
    'simulator/endpoints/',
    'simulator/protocol/',
    'simulator/state/',
    'simulator/lib/',
  ],
  'simulator/': ['simulator/'],
  // Tools and test libraries.
  'openapi/': ['openapi/', 'src/'],
  'scripts/': ['scripts/', 'openapi/', 'examples/', 'testing/', 'simulator/', 'src/'],
  'bench/': ['bench/', 'scripts/', 'testing/', 'simulator/', 'src/'],
  'testing/': ['testing/', 'openapi/', 'simulator/', 'src/'],
  // Starts the whole system, as a command does.
  'testing/browser/console/': ['testing/', 'simulator/', 'src/', 'scripts/'],
}

/** The libraries of each folder. A new one needs a line here, and a reason in `docs/decisions/libraries.md`. */
const MAY_USE: Readonly<Record<string, readonly string[]>> = {
  'src/*': ['valibot'],
  'src/console/*': ['itty-router/Router'],
  'src/routes/': ['itty-router', 'itty-router/Router', 'valibot'],
  'src/wechat/': ['@noble/ciphers/aes.js', 'fast-xml-parser', 'js-md5', 'valibot'],
}

const BANNED: readonly (readonly [pattern: RegExp, allowedIn: RegExp, instead: string])[] = [
  [/\bDate\.now\(|new Date\(\)/, /^src\/platform\.ts$/, 'deps.now()'],
  [
    /(?<![.\w])fetch\(/,
    /^src\/(platform|worker|wechat\/transport|webhooks\/(alert-)?sender)\.ts$/,
    'a port',
  ],
  [/\bset(Timeout|Interval)\(/, /^src\/platform\.ts$/, 'deps.timers'],
  [/\bgetRandomValues\(|\brandomUUID\(/, /^src\/platform\.ts$/, 'deps.randomBytes'],
  [/\bMath\.random\(/, /$^/, 'deps.randomBytes'],
  [/\bparseFloat\(|\.toFixed\(/, /$^/, 'core/money.ts: money is an integer'],
  [/localeCompare/, /$^/, 'comparing by code unit'],
  [/AbortSignal\.timeout/, /$^/, 'withDeadline'],
  [/timingSafeEqual|digest\('MD5'/, /$^/, 'what every runtime has'],
  [/\bconsole\./, /^src\/platform\.ts$/, 'deps.log'],
  [/\bas any\b|: any\b|as unknown as|@ts-|\benum\b(?! )/, /$^/, 'a type'],
  [/\.stack\b/, /^src\/lib\/words\.ts$/, "detailsOf, which has the exception's words"],
  [
    /\.reveal\(\)/,
    /^src\/(assemble|config-features|log|use-case-config|wechat\/v2\/(wire\/sign|gateway|notices\/refund)|webhooks\/(signature|alert-sender)|routes\/http\/auth)\.ts$/,
    'leaving secrets alone',
  ],
  [/\b(SELECT|INSERT INTO|UPDATE|DELETE FROM)\s/, /^src\/store\//, 'the store'],
]

/** Tables of words may be longer than code. */
const LONG_FILES: readonly string[] = ['src/routes/http/problem.ts']
const LINES_MAX = 260
const FILES_MAX = 15
/** Who may take all of `Deps`: the run of the cron, the router, and what wires them. */
const TAKES_WHOLE_DEPS = [
  'src/assemble.ts',
  'src/console/respond.ts',
  'src/console/http/visit.ts',
  'src/cron/tick.ts',
  'src/respond.ts',
  'src/routes/router.ts',
]
/** Lines with words that hide who acts: `somebody`, `nobody`, … This may only fall. */
const VAGUE_LINES_MAX: Readonly<Record<string, number>> = {
  src: 0,
  simulator: 0,
  openapi: 0,
  scripts: 0,
  testing: 0,
}

type Source = Readonly<{ path: string; text: string }>

const sourcesIn = (folder: string): readonly Source[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.includes('node_modules'))
    .map((name) => join(folder, name))
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }))

const FOLDERS = ['src', 'simulator', 'openapi', 'scripts', 'testing']
const all = [...FOLDERS, 'bench'].flatMap(sourcesIn)
const sources = all.filter(({ path }) => path.startsWith('src/'))

/** Type imports and `import()` included. */
const importsOf = ({ text }: Source): readonly string[] =>
  [...text.matchAll(/(?:\bfrom\s+|\bimport\s*\(?)'([^']+)'/g)].map(([, target = '']) => target)

const localImportsOf = (source: Source): readonly string[] =>
  importsOf(source)
    .filter((target) => target.startsWith('.'))
    .map((target) => normalize(join(dirname(source.path), target)))

const fits = (path: string, prefix: string): boolean =>
  prefix.endsWith('/*') ? dirname(path) === prefix.slice(0, -2) : path.startsWith(prefix)

/** The longest prefix of a table that fits; of two as long, the one that names the files directly there. */
const entryFor = <T>(table: Readonly<Record<string, T>>, path: string): T | undefined =>
  Object.entries(table)
    .filter(([prefix]) => fits(path, prefix))
    .sort(([a], [b]) => b.length - a.length)[0]?.[1]

describe('imports', () => {
  it('follow the rule, for types, too', () => {
    const wrong = all.flatMap((source) =>
      localImportsOf(source)
        .filter((target) => dirname(target) !== dirname(source.path))
        .filter((target) => {
          const allowed = entryFor(MAY_IMPORT, source.path) ?? []
          return !allowed.some((prefix) => fits(target, prefix))
        })
        .map((target) => `${source.path} → ${target}`),
    )
    expect(wrong).toEqual([])
    expect(all.length).toBeGreaterThan(300)
  })

  it('have a rule for every folder, and no rule for a folder that is gone', () => {
    const unruled = all.filter(({ path }) => entryFor(MAY_IMPORT, path) === undefined)
    const idle = Object.keys(MAY_IMPORT).filter(
      (prefix) => !all.some(({ path }) => fits(path, prefix)),
    )
    expect(unruled.map(({ path }) => path)).toEqual([])
    expect(idle).toEqual([])
  })

  it('never form a circle of files', () => {
    const graph = new Map(all.map((source) => [source.path, localImportsOf(source)]))
    expect(circlesOf(graph)).toEqual([])
  })

  it('take libraries only where they belong, and nothing from Node in the Worker', () => {
    const wrong = sources.flatMap((source) =>
      importsOf(source)
        .filter((target) => !target.startsWith('.'))
        .filter((target) => !(entryFor(MAY_USE, source.path) ?? []).includes(target))
        .map((target) => `${source.path} → ${target}`),
    )
    expect(wrong).toEqual([])
  })

  it('bring few libraries into the simulator: for certificates, and to run a mini program in a browser', () => {
    const used = sourcesIn('simulator').flatMap((source) =>
      importsOf(source)
        .filter((target) => !/^(\.|node:)/.test(target))
        .map((target) => `${source.path} → ${target}`),
    )
    expect([...new Set(used)].toSorted()).toEqual([
      'simulator/phone/browser/screen.ts → glass-easel',
      'simulator/phone/browser/screen.ts → glass-easel-miniprogram-adapter',
      'simulator/phone/bundle.ts → esbuild',
      'simulator/phone/mini-program.ts → glass-easel-template-compiler',
      'simulator/server/certificates.ts → @peculiar/x509',
    ])
  })
})

describe('the source', () => {
  it('calls nothing that it should be given', () => {
    const code = (text: string): string => text.replace(/\/\*[^]*?\*\/|\/\/.*$/gm, '')
    const wrong = sources.flatMap(({ path, text }) =>
      BANNED.filter(
        ([pattern, allowedIn]) => !allowedIn.test(path) && pattern.test(code(text)),
      ).map(([, , instead]) => `${path}: use ${instead}`),
    )
    expect(wrong).toEqual([])
  })

  it('gives the whole of Deps to the entry points alone', () => {
    const whole = sources.filter(({ text }) => /:\s*(Http)?Deps\b(?!\[)/.test(text))
    expect(whole.map(({ path }) => path).sort()).toEqual(
      [...TAKES_WHOLE_DEPS, 'src/routes/http/routes.ts'].sort(),
    )
  })

  it('reads and writes rows in use cases alone: routes, the console and the cron call no store', () => {
    const edges = sources.filter(({ path }) => /^src\/(routes|console|cron)\//.test(path))
    const call = /\bdeps\.(orders|refunds|reviews|deliveries|bills|runs|lists)\b/
    expect(edges.filter(({ text }) => call.test(text)).map(({ path }) => path)).toEqual([])
  })

  it('has named exports alone, but for the Worker itself', () => {
    const withDefault = sources.filter(({ text }) => /^export default/m.test(text))
    expect(withDefault.map(({ path }) => path)).toEqual(['src/worker.ts'])
  })
})

describe('a room', () => {
  it(`has at most ${FILES_MAX} files`, () => {
    const counts = new Map<string, number>()
    for (const { path } of all) counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1)
    const large = [...counts].filter(([, count]) => count > FILES_MAX)
    expect(large.map(([folder, count]) => `${folder}: ${count}`)).toEqual([])
  })

  it(`has files of at most ${LINES_MAX} lines, in src`, () => {
    const long = sources
      .filter(({ path }) => !LONG_FILES.includes(path))
      .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
      .filter(({ lines }) => lines > LINES_MAX)
    expect(long).toEqual([])
  })
})

describe('words', () => {
  it.each(FOLDERS)('in %s say who acts', (folder) => {
    const vague = /\b(somebody|someone|nobody|anybody|whoever|whatever|whomever)\b/i
    const lines = sourcesIn(folder).flatMap(({ path, text }) =>
      text
        .split('\n')
        .flatMap((line, at) => (vague.test(line) ? [`${path}:${at + 1} ${line.trim()}`] : [])),
    )
    const most = VAGUE_LINES_MAX[folder] ?? 0
    expect(lines.length, lines.join('\n')).toBeLessThanOrEqual(most)
    // The limit falls with the number, so that it cannot rise again.
    expect(most - lines.length, `lower VAGUE_LINES_MAX.${folder} to ${lines.length}`).toBe(0)
  })
})

/** Strongly connected components of more than one file (Tarjan). */
function circlesOf(graph: ReadonlyMap<string, readonly string[]>): readonly (readonly string[])[] {
  const index = new Map<string, number>()
  const low = new Map<string, number>()
  const stack: string[] = []
  const circles: string[][] = []

  function visit(node: string): void {
    index.set(node, index.size)
    low.set(node, index.get(node) ?? 0)
    stack.push(node)
    for (const next of graph.get(node) ?? []) {
      if (!graph.has(next)) continue
      if (!index.has(next)) visit(next)
      else if (!stack.includes(next)) continue
      low.set(node, Math.min(low.get(node) ?? 0, low.get(next) ?? 0))
    }
    if (low.get(node) !== index.get(node)) return
    const circle = stack.splice(stack.indexOf(node))
    if (circle.length > 1) circles.push(circle.sort())
  }
  for (const node of graph.keys()) if (!index.has(node)) visit(node)
  return circles
}
