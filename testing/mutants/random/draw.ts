/** Draws random one-operator mutants of given files. The same seed draws the same mutants of the same files. */
import { seeded } from '../../wire/seeded.ts'
import { type Edit, OPERATORS, type OperatorName } from './operators.ts'
import { nodesOf } from './syntax.ts'

/** A file below `src/`. */
export type SourceFile = Readonly<{ file: string; text: string }>

/** One broken place of a file. */
export type RandomMutant = Readonly<{
  /** File, line, column, operator, and what it does. */
  name: string
  /** The path below `src/`. */
  file: string
  operator: OperatorName
  /** The whole text of the broken file. */
  mutated: string
  /** The lines that differ, as a diff. */
  diff: string
}>

/** Draws up to `count` different mutants. Every possible mutant of the files is equally likely. */
export async function drawMutants(
  files: readonly SourceFile[],
  seed: number,
  count: number,
): Promise<readonly RandomMutant[]> {
  const all = (await Promise.all(files.map(mutantsOf))).flat()
  const { below } = seeded(seed)
  const drawn: RandomMutant[] = []
  while (drawn.length < count && all.length > 0)
    drawn.push(...all.splice(below(all.length), 1).map((make) => make()))
  return drawn
}

/** Every mutant of a file. Its texts are made only when it is drawn: there are thousands. */
async function mutantsOf({ file, text }: SourceFile): Promise<readonly (() => RandomMutant)[]> {
  const nodes = await nodesOf(text)
  const names = Object.keys(OPERATORS) as OperatorName[]
  return nodes.flatMap((node) =>
    names.flatMap((operator) =>
      OPERATORS[operator](node, text).map((edit) => () => mutant(file, text, operator, edit)),
    ),
  )
}

function mutant(file: string, text: string, operator: OperatorName, edit: Edit): RandomMutant {
  const { from, to, text: replacement } = edit
  const before = text.slice(0, from).split('\n')
  const place = `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`
  return {
    name: `${file}:${place} ${operator}: ${shorten(text.slice(from, to))} → ${shorten(replacement)}`,
    file,
    operator,
    mutated: text.slice(0, from) + replacement + text.slice(to),
    diff: diffOf(text, edit),
  }
}

function shorten(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ')
  return line.length > 40 ? `${line.slice(0, 39)}…` : line
}

function diffOf(text: string, { from, to, text: replacement }: Edit): string {
  const start = text.lastIndexOf('\n', from - 1) + 1
  const newline = text.indexOf('\n', to)
  const end = newline < 0 ? text.length : newline
  const lines = (mark: string, block: string) => block.split('\n').map((line) => `${mark} ${line}`)
  return [
    ...lines('-', text.slice(start, end)),
    ...lines('+', text.slice(start, from) + replacement + text.slice(to, end)),
  ].join('\n')
}
