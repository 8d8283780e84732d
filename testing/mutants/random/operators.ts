/** The operators of the random mutants. Each says for a node of the syntax tree how it can be broken. */
import type { Node } from './syntax.ts'

/** Replaces the text from `from` to `to`, in UTF-16 code units. */
export type Edit = Readonly<{ from: number; to: number; text: string }>
type Operator = (node: Node, source: string) => readonly Edit[]

const SWAPPED: Readonly<Record<string, string>> = {
  '===': '!==',
  '!==': '===',
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '+': '-',
  '-': '+',
  '*': '/',
  '/': '*',
  '%': '*',
  '&&': '||',
  '||': '&&',
  '+=': '-=',
  '-=': '+=',
  '??=': '=',
  '++': '--',
  '--': '++',
}

const SWAPPED_CALLS: Readonly<Record<string, string>> = {
  find: 'findLast',
  findLast: 'find',
  some: 'every',
  every: 'some',
  min: 'max',
  max: 'min',
  startsWith: 'endsWith',
  endsWith: 'startsWith',
}

/** Statements that can be deleted. Without a declaration, the code could not be loaded. */
const DELETABLE = [
  'ExpressionStatement',
  'IfStatement',
  'ThrowStatement',
  'BreakStatement',
  'ContinueStatement',
  'ForOfStatement',
  'WhileStatement',
]

/** What each operator does, by its name. */
export const OPERATORS = {
  'operator swapped': ({ type, operator = '', left, right, argument, range }, source) => {
    const swapped = SWAPPED[operator]
    if (swapped === undefined || type === 'UnaryExpression') return []
    const [from, to] = [left?.range[1] ?? range[0], right?.range[0] ?? range[1]]
    const isPostfix = left === undefined && argument?.range[0] === range[0]
    const at = source.indexOf(operator, isPostfix ? argument.range[1] : from)
    return at < 0 || at >= to ? [] : [{ from: at, to: at + operator.length, text: swapped }]
  },
  'operand dropped': (node, source) =>
    node.type === 'LogicalExpression' ? [node.left, node.right].flatMap(only(node, source)) : [],
  'branch dropped': (node, source) =>
    node.type === 'ConditionalExpression'
      ? [node.consequent, node.alternate].flatMap(only(node, source))
      : [],
  'condition negated': ({ type, test }, source) =>
    !test || type === 'SwitchCase' ? [] : [over(test, `!(${textOf(test, source)})`)],
  'negation dropped': (node, source) =>
    node.type === 'UnaryExpression' && (node.operator === '!' || node.operator === '-')
      ? only(node, source)(node.argument)
      : [],
  'boolean flipped': (node) =>
    typeof node.value === 'boolean' ? [over(node, String(!node.value))] : [],
  'number changed': (node) => {
    const { value } = node
    if (typeof value === 'bigint')
      return [over(node, `(${value + 1n}n)`), over(node, `(${value - 1n}n)`)]
    if (typeof value !== 'number') return []
    return [over(node, `(${value + 1})`), over(node, `(${value - 1})`)]
  },
  'string emptied': (node) => {
    if (node.type !== 'TemplateLiteral' && (node.type !== 'Literal' || !isText(node.value)))
      return []
    return [over(node, "''")]
  },
  'anchor dropped': (node) => {
    if (node.regex === undefined) return []
    const { pattern, flags } = node.regex
    return [pattern.replace(/^\^/, ''), pattern.replace(/(?<!\\)\$$/, '')]
      .filter((rest) => rest !== pattern && rest !== '')
      .map((rest) => over(node, `/${rest}/${flags}`))
  },
  'call swapped': ({ type, callee }) => {
    const swapped = SWAPPED_CALLS[callee?.property?.name ?? '']
    if (type !== 'CallExpression' || callee?.property === undefined) return []
    return swapped === undefined ? [] : [over(callee.property, swapped)]
  },
  'statement deleted': (node) => (DELETABLE.includes(node.type) ? [over(node, ';')] : []),
  'return removed': (node) => (node.type === 'ReturnStatement' ? [over(node, ';')] : []),
  'element dropped': ({ type, elements }) =>
    type === 'ArrayExpression' ? dropEach(elements ?? []) : [],
  'property dropped': ({ type, properties }) =>
    // `{ a: undefined }` without `a` is the same to every reader.
    type === 'ObjectExpression'
      ? dropEach(properties ?? [], (each) => (each.value as Node | undefined)?.name !== 'undefined')
      : [],
} satisfies Readonly<Record<string, Operator>>

/** The name of an operator. */
export type OperatorName = keyof typeof OPERATORS

const isText = (value: unknown): boolean => typeof value === 'string' && value !== ''

const textOf = ({ range: [from, to] }: Node, source: string): string => source.slice(from, to)

const over = ({ range: [from, to] }: Node, text: string): Edit => ({ from, to, text })

/** Replaces the node by one of its parts. */
const only =
  (node: Node, source: string) =>
  (part: Node | null | undefined): readonly Edit[] =>
    !part ? [] : [over(node, `(${textOf(part, source)})`)]

/** Drops each item of a list, with the comma that separates it from the next item or from the one before. */
function dropEach(
  items: readonly (Node | null)[],
  isDroppable: (item: Node) => boolean = () => true,
): readonly Edit[] {
  return items.flatMap((item, at) => {
    if (item === null || !isDroppable(item)) return []
    const [before, next] = [items[at - 1], items[at + 1]]
    if (next) return [{ from: item.range[0], to: next.range[0], text: '' }]
    return [{ from: before?.range[1] ?? item.range[0], to: item.range[1], text: '' }]
  })
}
