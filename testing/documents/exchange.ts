/** Reads a block of `http`: a request, an empty line, a status and the answer. */
import type { Block } from './markdown.ts'

/** A request and its answer. `isWhole` is false if the answer ends with `…`. */
export type Shown = Readonly<{
  method: string
  path: string
  /** The body of the request. */
  body: string | undefined
  status: number
  answer: string
  isWhole: boolean
}>

/** @throws Error when the block has another form. */
export function readExchange({ text }: Block): Shown {
  const found = /^([A-Z]+) (\/\S*)\n(?:([{[][^]*?[}\]])\n)?\n(\d{3})\n([^]*)$/.exec(text)
  if (found === null) throw new Error('not a request, an empty line, a status and an answer')
  const [, method = '', path = '', body, status, answer = ''] = found
  return { method, path, body, status: Number(status), ...readCut(answer) }
}

/** A text that may end with `…`, where the rest was left out. */
export function readCut(text: string): { answer: string; isWhole: boolean } {
  const isWhole = !text.endsWith('\n…')
  return { answer: isWhole ? text : text.slice(0, -'…'.length), isWhole }
}
