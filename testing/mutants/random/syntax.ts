/** Parses TypeScript, and walks the part of it that runs: no types, no imports, no names of properties. */
import type { ParserOptions } from 'prettier'
import { parsers } from 'prettier/plugins/typescript'

/** A node of the syntax tree (ESTree), with the fields that the operators read. `range` is in UTF-16 code units. */
export type Node = Readonly<{
  type: string
  range: readonly [from: number, to: number]
  operator?: string
  computed?: boolean
  optional?: boolean
  raw?: string
  name?: string
  value?: unknown
  regex?: Readonly<{ pattern: string; flags: string }>
  left?: Node
  right?: Node
  argument?: Node | null
  test?: Node | null
  consequent?: Node
  alternate?: Node | null
  callee?: Node
  object?: Node
  property?: Node
  elements?: readonly (Node | null)[]
  properties?: readonly Node[]
}>

/** TypeScript's nodes that contain code. All others of its nodes are types, and gone when the code runs. */
const WITH_CODE = ['TSAsExpression', 'TSSatisfiesExpression', 'TSNonNullExpression']

/** Returns every node of the source that runs, in the order of the text. */
export async function nodesOf(source: string): Promise<readonly Node[]> {
  const options = { filepath: 'source.ts' } as ParserOptions
  const nodes: Node[] = []
  walk((await parsers.typescript.parse(source, options)) as Node, nodes)
  return nodes
}

function walk(node: Node, nodes: Node[]): void {
  nodes.push(node)
  for (const [key, value] of Object.entries(node)) {
    for (const child of [value].flat() as unknown[]) {
      if (isNode(child) && runs(node, key, child)) walk(child, nodes)
    }
  }
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value && 'range' in value

function runs(parent: Node, key: string, child: Node): boolean {
  if (key === 'comments' || key === 'tokens') return false
  if (child.type === 'ImportDeclaration' || key === 'source') return false
  if (child.type.startsWith('TS') && !WITH_CODE.includes(child.type)) return false
  if ((key === 'key' || key === 'property') && parent.computed !== true) return false
  return !(key === 'arguments' && isText(child) && explainsError(parent))
}

const isText = ({ type, value }: Node): boolean =>
  type === 'TemplateLiteral' || (type === 'Literal' && typeof value === 'string')

/** The words of an error are for people. No test pins them. */
const explainsError = ({ callee }: Node): boolean =>
  callee?.name === 'invariant' || callee?.name?.endsWith('Error') === true
