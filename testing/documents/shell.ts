/** Reads the commands of a `sh` block, as far as documents need: quotes, comments, pipes, variables, `$(…)`. */
import { type Code, placeOf } from './markdown.ts'

/** One command of a line. */
export type Command = Code &
  Readonly<{
    /** Variables that are set for it: `NAME=value`. */
    env: Readonly<Record<string, string>>
    /** The program and its arguments, without quotes. */
    words: readonly string[]
  }>

const TOKEN =
  /\\\n|[^\S\n]+|(?<comment>#[^\n]*)|(?<end>&&|\|\||[|;\n&])|(?<to>\d?>>?\s*(?:&\d|\S+)|<\s*\S+)|(?<word>(?:'[^']*'|"(?:\\.|\$\([^()]*\)|[^"\\])*"|\$\((?:[^()]|\([^()]*\))*\)|\\[^\n]|[^\s'"|;&<>\\])+)/y

/** @throws Error for what this reader does not know, such as a loop or a text for standard input. */
export function commandsOf(code: Code): readonly Command[] {
  const commands: Command[] = []
  let words: string[] = []
  let [begin, last] = [0, 0]
  const { text } = code
  const finish = (): void => {
    const line = code.line + text.slice(0, begin).split('\n').length - 1
    if (words.length > 0) {
      commands.push({ ...code, line, text: text.slice(begin, last), ...withEnv(words) })
    }
    words = []
  }
  const token = new RegExp(TOKEN) // a text within `$(…)` is read meanwhile
  while (token.lastIndex < text.length) {
    const at = token.lastIndex
    const found = token.exec(text)
    if (found === null || text.startsWith('<<', at)) {
      throw new Error(`${placeOf(code)}: cannot read from here: ${text.slice(at)}`)
    }
    const { end, word } = found.groups ?? {}
    if (word !== undefined) {
      if (words.length === 0) begin = at
      words.push(unquoted(word))
      last = token.lastIndex
      for (const [, inner = ''] of word.matchAll(/\$\(((?:[^()]|\([^()]*\))*)\)/g)) {
        if (!word.startsWith("'")) commands.push(...commandsOf({ ...code, text: inner }))
      }
    }
    if (end !== undefined) finish()
  }
  finish()
  for (const {
    words: [first = ''],
  } of commands) {
    if (/^(if|for|while|until|case|function)$/.test(first))
      throw new Error(`${placeOf(code)}: cannot read ${first}`)
  }
  return commands
}

const unquoted = (word: string): string =>
  word.replace(
    /'([^']*)'|"((?:\\.|[^"\\])*)"|\\(.)/gs,
    (_, single?: string, double?: string, escaped?: string) =>
      single ?? double?.replace(/\\([\\"$`])/g, '$1') ?? escaped ?? '',
  )

function withEnv(all: readonly string[]): Pick<Command, 'env' | 'words'> {
  const isSetting = (word: string): boolean => /^[A-Za-z_]\w*=/.test(word)
  const given = all[0] === 'export' ? all.slice(1) : all
  const first = given.findIndex((word) => !isSetting(word))
  const end = first < 0 ? given.length : first
  const env = given.slice(0, end).map((word) => {
    const at = word.indexOf('=')
    return [word.slice(0, at), word.slice(at + 1)] as const
  })
  return { env: Object.fromEntries(env), words: given.slice(end) }
}
