/** docs/architecture.md is true: its picture shows the imports of src as they are, its map the folders. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
const DOCUMENT = 'docs/architecture.md'
/** The node that stands for the files directly under src. */
const ENTRY = 'entry'

const document = readFileSync(join(ROOT, DOCUMENT), 'utf8')

/** Lines of every mermaid block that draw an arrow. */
const arrowLines = [...document.matchAll(/^```mermaid\n([^]*?)^```$/gm)]
  .flatMap(([, block = '']) => block.split('\n'))
  .filter((line) => line.includes('-->'))

/** The form that this test can read: `  routes --> service`, one arrow a line. */
const ARROW = /^ {2}[a-z]+ --> [a-z]+$/
const drawn = new Set(arrowLines.map((line) => line.trim()))

const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => join('src', name))

/** Type imports and `import()` included. */
const importsOf = (text: string): string[] =>
  [...text.matchAll(/(?:from|import)\s*\(?'(\.[^']+)'/g)].map(([, target = '']) => target)

const layerOf = (path: string): string => {
  const [folder = '', ...rest] = relative('src', path).split('/')
  return rest.length === 0 ? ENTRY : folder
}

/** Each import between two layers as an arrow, with one file that makes it. */
const used = new Map<string, string>()
for (const path of files) {
  for (const target of importsOf(readFileSync(join(ROOT, path), 'utf8'))) {
    const imported = normalize(join(dirname(path), target))
    const [from, to] = [layerOf(path), layerOf(imported)]
    if (from !== to) used.set(`${from} --> ${to}`, `${path} imports ${imported}`)
  }
}

describe('the picture of the layers', () => {
  it('has arrows in the form that this test reads, each of them once', () => {
    expect(arrowLines.filter((line) => !ARROW.test(line))).toEqual([])
    expect(arrowLines).toHaveLength(drawn.size)
  })

  it('has a node for every layer', () => {
    const nodes = new Set([...drawn].flatMap((arrow) => arrow.split(' --> ')))

    expect([...nodes].sort()).toEqual([...new Set(files.map(layerOf))].sort())
  })

  it('has an arrow for every import between layers, and no other arrow', () => {
    const missing = [...used].filter(([arrow]) => !drawn.has(arrow))
    const unused = [...drawn].filter((arrow) => !used.has(arrow))

    expect({
      [`missing in ${DOCUMENT}`]: missing.map(([arrow, why]) => `${arrow}   (${why})`),
      [`in ${DOCUMENT}, and no file of src imports so`]: unused,
    }).toEqual({
      [`missing in ${DOCUMENT}`]: [],
      [`in ${DOCUMENT}, and no file of src imports so`]: [],
    })
  })
})

/** The paths in the map: one line for each, indented below its folder; or several that share a line. */
function mapped(): string[] {
  const [, map = ''] = /## The map[^]*?^```\n([^]*?)^```$/m.exec(document) ?? []
  const above: string[] = []
  return map.split('\n').flatMap((line) => {
    const depth = line.search(/\S/) / 2
    if (depth < 0) return []
    const [names = ''] = line.trim().split(/ {2,}/)
    const paths = names.split(' ').map((name) => [...above.slice(0, depth), name].join(''))
    above[depth] = names
    return paths
  })
}

describe('the map', () => {
  const paths = new Set(mapped())

  it('names what is there', () => {
    const gone = [...paths].filter((path) => !path.includes('*') && !existsSync(join(ROOT, path)))

    expect(gone).toEqual([])
  })

  it('has every layer, every room, and every folder of the simulator', () => {
    const folders = (path: string): string[] =>
      readdirSync(join(ROOT, path), { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => `${path}${name}/`)
    const layers = folders('src/')
    const all = [...layers, ...layers.flatMap(folders), ...folders('simulator/')]

    expect(all.filter((folder) => !paths.has(folder))).toEqual([])
  })
})
