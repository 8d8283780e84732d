/**
 * Reads a Mermaid flowchart. Mermaid's own parser of flowcharts comes with all of Mermaid, which needs a browser: too much for
 * two pictures. This one knows one statement a line, and fails for everything else.
 */

const ID = String.raw`[A-Za-z]\w*`
const LABEL = String.raw`\[\("[^"]+"\)\]|\["[^"]+"\]|\("[^"]+"\)|\{"[^"]+"\}`
const ARROW = String.raw`-->|---|-\.->|==>|-- "[^"]+" -->|-->\|[^|]+\|`
const NODE = `(${ID})(${LABEL})?`
const STATEMENT = new RegExp(`^${NODE}(?: (?:${ARROW}) ${NODE})?$`)

/** @returns what is wrong, a line for each; also a node that is named once and has no label, since its name is misspelt. */
export function flowchartFaults(text: string): readonly string[] {
  const [head = '', ...lines] = text.split('\n').map((line) => line.trim())
  if (!/^(flowchart|graph) (TD|TB|BT|LR|RL)$/.test(head)) return [`not a flowchart: ${head}`]
  const faults: string[] = []
  const uses = new Map<string, { times: number; isLabelled: boolean }>()
  for (const line of lines) {
    if (line === '' || line.startsWith('%%')) continue
    const found = STATEMENT.exec(line)
    if (found === null) {
      faults.push(`not a node or an arrow: ${line}`)
      continue
    }
    const [, from, fromLabel, to, toLabel] = found
    for (const [id, label] of [
      [from, fromLabel],
      [to, toLabel],
    ] as const) {
      if (id === undefined) continue
      const { times, isLabelled } = uses.get(id) ?? { times: 0, isLabelled: false }
      uses.set(id, { times: times + 1, isLabelled: isLabelled || label !== undefined })
    }
  }
  const lonely = [...uses].filter(([, { times, isLabelled }]) => times === 1 && !isLabelled)
  return [...faults, ...lonely.map(([id]) => `named once, without a label: ${id}`)]
}
