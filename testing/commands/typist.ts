/** A person at a terminal: waits for each text to appear, then types. */
import { PassThrough } from 'node:stream'

export const ENTER = '\r'
export const CTRL_C = '\x03'

export type Typist = Readonly<{
  input: PassThrough
  output: PassThrough
  /** Everything that the terminal showed. */
  shown: () => string
  /** The texts that did not appear. */
  waiting: () => readonly string[]
}>

/** @param script What must appear, and what is then typed. One key is typed alone; a text key by key, as a terminal sends it, and then Enter. */
export function typist(script: readonly (readonly [appears: string, keys: string])[]): Typist {
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => {} })
  const output = Object.assign(new PassThrough(), { isTTY: true, columns: 200, rows: 50 })
  const left = [...script]
  let shown = ''
  let seen = 0
  const type = (): void => {
    const [next] = left
    if (next === undefined) return
    const [appears, keys] = next
    const at = shown.indexOf(appears, seen)
    if (at < 0) return
    left.shift()
    seen = at + appears.length
    // One key answers yes or no; Enter would answer the next question.
    const typed = keys.length === 1 ? [keys] : [...keys.split(''), ENTER]
    // The prompt listens only after it has drawn itself.
    setImmediate(() => {
      for (const key of typed) input.write(key)
    })
  }
  output.setEncoding('utf8').on('data', (chunk: string) => {
    shown += chunk
    type()
  })
  return { input, output, shown: () => shown, waiting: () => left.map(([appears]) => appears) }
}
