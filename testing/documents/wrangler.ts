/** Judges a command line of wrangler by wrangler's own table of its commands. */
import { experimental_getWranglerCommands as wranglerCommands } from 'wrangler'

const { registry, globalFlags } = wranglerCommands()

/** What wrangler says of an argument, as far as it is judged here. */
type Argument = Readonly<{
  type?: string
  alias?: string | readonly string[]
  choices?: readonly unknown[]
  array?: boolean
  demandOption?: boolean | string
}>
type Arguments = Readonly<Record<string, Argument>>

/**
 * @param words What stands behind `wrangler`.
 * @param isMention Whether a sentence only names the command, so that what it is to act on may be missing.
 * @returns what is wrong; undefined when wrangler would take it.
 */
export function wranglerFault(words: readonly string[], isMention: boolean): string | undefined {
  let node = registry
  let rest = words
  for (;;) {
    const next = node.subtree.get(rest[0] ?? '')
    if (next === undefined) break
    node = next
    rest = rest.slice(1)
  }
  const { definition } = node
  if (definition === undefined || definition.type === 'alias') {
    return `wrangler has no command ${words.join(' ')}`
  }
  if (definition.type === 'namespace') {
    return rest.length === 0 && isMention ? undefined : `not a command: wrangler ${words.join(' ')}`
  }
  const { args: own = {}, positionalArgs = [] } = definition
  return argumentsFault({ ...globalFlags, ...own }, positionalArgs, rest, isMention)
}

function argumentsFault(
  all: Arguments,
  places: readonly string[],
  words: readonly string[],
  isMention: boolean,
): string | undefined {
  const flags = Object.entries(all).filter(([name]) => !places.includes(name))
  const given = new Set<string>()
  const positionals: string[] = []
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? ''
    if (!word.startsWith('-')) {
      positionals.push(word)
      continue
    }
    const [, dashes = '', name = '', inline] = /^(--?)(?:no-)?([^=]+)(?:=(.*))?$/s.exec(word) ?? []
    const found = flags.find(([key, argument]) => namesOf(key, argument).includes(name))
    if (found === undefined || (dashes === '-') !== (name.length === 1)) {
      return `wrangler does not know ${word}`
    }
    const [key, argument] = found
    given.add(key)
    if (argument.type === 'boolean') continue
    const value = inline ?? words[++at]
    if (value === undefined) return `${word} needs a value`
    const { choices } = argument
    if (choices !== undefined && !choices.includes(value)) {
      return `${word} takes ${choices.join(', ')}, not ${value}`
    }
  }
  const isMany = places.some((name) => all[name]?.array === true)
  if (!isMany && positionals.length > places.length) return `too much: ${positionals.join(' ')}`
  const missing = [
    ...flags.filter(([key]) => !given.has(key)),
    ...places.slice(positionals.length).flatMap((name) => Object.entries({ [name]: all[name] })),
  ].filter(([, argument]) => argument?.demandOption === true)
  // A sentence may name a command alone. One that has arguments can be copied, so it must be whole.
  if (missing.length === 0 || (isMention && words.length === 0)) return undefined
  return `missing: ${missing.map(([name]) => name).join(', ')}`
}

const namesOf = (name: string, { alias }: Argument): readonly string[] => [
  name,
  ...(alias === undefined ? [] : [alias].flat()),
]
