/** The source keeps its own rules: who may import whom, and what may be called where. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '..')

/** Each layer may import only from itself and from those it stands on; for types, too. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  lib: ['lib'],
  core: ['core', 'lib'],
  ports: ['ports', 'core', 'lib'],
  contract: ['contract', 'ports', 'core', 'lib'],
  service: ['service', 'contract', 'ports', 'core', 'lib'],
  store: ['store', 'ports', 'core', 'lib'],
  wechat: ['wechat', 'ports', 'core', 'lib'],
  webhooks: ['webhooks', 'ports', 'core', 'lib'],
  routes: ['routes', 'service', 'contract', 'ports', 'core', 'lib'],
  cron: ['cron', 'service', 'ports', 'core', 'lib'],
  // The files beside the folders, where the parts meet.
  '': [
    '',
    'routes',
    'cron',
    'store',
    'wechat',
    'webhooks',
    'service',
    'contract',
    'ports',
    'core',
    'lib',
  ],
}

/** The libraries of each layer. Whatever is not here needs a line here, and a reason in the README. */
const MAY_USE: Readonly<Record<string, readonly string[]>> = {
  wechat: ['@noble/ciphers/aes.js', 'fast-xml-parser', 'js-md5', 'valibot'],
  routes: ['itty-router', 'itty-router/Router', 'valibot'],
  '': ['valibot'],
}

const BANNED: readonly (readonly [pattern: RegExp, allowedIn: RegExp, instead: string])[] = [
  [/\bDate\.now\(|new Date\(\)/, /^src\/platform\.ts$/, 'deps.now()'],
  [
    /(?<![.\w])fetch\(/,
    /^src\/(platform|worker|wechat\/transport|webhooks\/sender)\.ts$/,
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
  [
    /\.reveal\(\)/,
    /^src\/(assemble|wechat\/v2\/(wire\/sign|gateway|notices\/refund)|webhooks\/sender|routes\/http\/auth)\.ts$/,
    'leaving secrets alone',
  ],
  [/\b(SELECT|INSERT INTO|UPDATE|DELETE FROM)\s/, /^src\/store\//, 'the store'],
]

const files = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name))

const sources = files('src').map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }))

const importsOf = (text: string): string[] =>
  [...text.matchAll(/(?:from|import)\s*\(?'([^']+)'/g)].map(([, target = '']) => target)

const layerOf = (path: string): string => {
  const [, folder = '', ...rest] = path.split('/')
  return rest.length === 0 ? '' : folder
}

describe('the source', () => {
  it('is read by this test at all', () => {
    expect(sources.length).toBeGreaterThan(30)
    expect(new Set(sources.map(({ path }) => layerOf(path)))).toEqual(
      new Set(Object.keys(MAY_IMPORT)),
    )
  })

  it('imports in one direction', () => {
    const wrong = sources.flatMap(({ path, text }) =>
      importsOf(text)
        .filter((target) => target.startsWith('.'))
        .map((target) => layerOf(normalize(join(dirname(path), target))))
        .filter((layer) => !MAY_IMPORT[layerOf(path)]?.includes(layer))
        .map((layer) => `${path} → ${layer}`),
    )
    expect(wrong).toEqual([])
  })

  it('uses web-standard APIs only, and each library only where it belongs', () => {
    const wrong = sources.flatMap(({ path, text }) =>
      importsOf(text)
        .filter((target) => !target.startsWith('.'))
        .filter((target) => !MAY_USE[layerOf(path)]?.includes(target))
        .map((target) => `${path} → ${target}`),
    )
    expect(wrong).toEqual([])
  })

  it('calls nothing that it should be given', () => {
    const code = (text: string): string => text.replace(/\/\*[^]*?\*\/|\/\/.*$/gm, '')
    const wrong = sources.flatMap(({ path, text }) =>
      BANNED.filter(
        ([pattern, allowedIn]) => !allowedIn.test(path) && pattern.test(code(text)),
      ).map(([, , instead]) => `${path}: use ${instead}`),
    )
    expect(wrong).toEqual([])
  })

  it('keeps its files small and its exports named', () => {
    expect(sources.filter(({ text }) => text.split('\n').length > 260)).toEqual([])
    const withDefault = sources.filter(({ text }) => /^export default/m.test(text))
    expect(withDefault.map(({ path }) => path)).toEqual(['src/worker.ts'])
  })
})

describe('the simulator', () => {
  it('shares no code with the source: two readings of the protocol', () => {
    const wrong = files('simulator').flatMap((path) =>
      importsOf(readFileSync(join(ROOT, path), 'utf8'))
        .filter((target) => target.startsWith('.'))
        .map((target) => relative(ROOT, join(ROOT, dirname(path), target)))
        .filter((target) => !target.startsWith('simulator/'))
        .map((target) => `${path} → ${target}`),
    )
    expect(wrong).toEqual([])
  })

  it('needs one library, to make certificates', () => {
    const used = files('simulator').flatMap((path) =>
      importsOf(readFileSync(join(ROOT, path), 'utf8'))
        .filter((target) => !/^(\.|node:)/.test(target))
        .map((target) => `${path} → ${target}`),
    )
    expect([...new Set(used)]).toEqual(['simulator/server/certificates.ts → @peculiar/x509'])
  })
})
