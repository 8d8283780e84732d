/** Reads what `wrangler dev` prints: the Worker's own words, and much that nobody asked for. */
import { stripVTControlCharacters } from 'node:util'

export type WorkerLine =
  /** The Worker's structured log. */
  | { kind: 'log'; event: string; fields: Readonly<Record<string, unknown>> }
  | { kind: 'request'; method: string; path: string; status: number; ms: number }
  /** An error of the build or of the runtime, or what somebody's console.log said. */
  | { kind: 'text'; text: string }
  | { kind: 'reloaded' }
  | { kind: 'noise'; text: string }

const REQUEST = /^\[wrangler:info\] ([A-Z]+) (\S+) (\d{3}) .*\((\d+)ms\)$/
const NOISE =
  /^(\s*$|Using secrets|Your Worker has access|Binding +Resource|env\.|⎔|🌀|\[wrangler:|To access your)/u

/** A reader for one stream of one process: a warning goes on over several lines. */
export function workerLineReader(): (raw: string) => WorkerLine {
  let inWarning = false
  return (raw) => {
    const text = stripVTControlCharacters(raw).trimEnd()
    if (text.startsWith('▲ [WARNING]')) inWarning = true
    else if (/^\S/.test(text)) inWarning = false
    return inWarning ? { kind: 'noise', text } : readLine(text)
  }
}

function readLine(text: string): WorkerLine {
  const [, method, path, status, ms] = REQUEST.exec(text) ?? []
  if (method !== undefined && path !== undefined) {
    return { kind: 'request', method, path, status: Number(status), ms: Number(ms) }
  }
  if (text.includes('Local server updated and ready')) return { kind: 'reloaded' }
  if (NOISE.test(text)) return { kind: 'noise', text }
  return readLog(text) ?? { kind: 'text', text }
}

function readLog(text: string): WorkerLine | undefined {
  if (!text.startsWith('{')) return undefined
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || !('event' in value)) return undefined
    const { event, ...fields } = value
    return typeof event === 'string' ? { kind: 'log', event, fields } : undefined
  } catch {
    return undefined
  }
}

/** What is worth a line of somebody's attention; `undefined` is what passes every minute and says nothing. */
export function describeWorkerLine(line: WorkerLine, verbose: boolean): string | undefined {
  switch (line.kind) {
    case 'log':
      return describeLog(line.event, line.fields, verbose)
    case 'request':
      if (!verbose && (line.path === '/health' || line.path.startsWith('/cdn-cgi/')))
        return undefined
      return `${line.method} ${line.path} → ${line.status} (${line.ms} ms)`
    case 'text':
      return line.text
    case 'reloaded':
      return 'runs the code you just changed'
    case 'noise':
      return verbose && line.text.trim() !== '' ? line.text : undefined
  }
}

function describeLog(
  event: string,
  fields: Readonly<Record<string, unknown>>,
  verbose: boolean,
): string | undefined {
  // A tick that found nothing to do says so every minute.
  if (event === 'tick_finished' && fields['due'] === 0 && !verbose) return undefined
  // Mostly the same number twice.
  const { out_trade_no: outTradeNo, ...others } = fields
  const shown = outTradeNo === fields['ordercode'] ? others : fields
  const pairs = Object.entries(shown).map(([name, value]) => `${name}=${String(value)}`)
  return [event, ...pairs].join(' ')
}
