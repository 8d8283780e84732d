/** Reads YAML with Prettier's parser, so that no other one is needed. */
import { parsers } from 'prettier/plugins/yaml'

type Node = Readonly<{ type: string; value?: string; children?: readonly (Node | null)[] }>

/** @returns mappings as objects, sequences as arrays, scalars as text. @throws SyntaxError */
export function readYaml(text: string): unknown {
  const [document] = (parsers.yaml.parse(text, {} as never) as Node).children ?? []
  const [, body] = document?.children ?? []
  return valueOf(body?.children?.[0])
}

function valueOf(node: Node | null | undefined): unknown {
  if (node === null || node === undefined) return null
  const { children = [] } = node
  switch (node.type) {
    case 'null':
      return null
    case 'mapping':
    case 'flowMapping':
      return Object.fromEntries(children.map((item) => item?.children?.map(valueOf) ?? []))
    case 'sequence':
    case 'flowSequence':
      return children.map((item) => valueOf(item))
    case 'mappingKey':
    case 'mappingValue':
    case 'sequenceItem':
    case 'flowSequenceItem':
      return valueOf(children[0])
    case 'plain':
    case 'quoteDouble':
    case 'quoteSingle':
    case 'blockLiteral':
    case 'blockFolded':
      return node.value ?? ''
    default:
      throw new SyntaxError(`YAML: ${node.type} is not read here`)
  }
}
