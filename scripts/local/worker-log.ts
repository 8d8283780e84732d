/** Parses what wrangler's development server prints: the Worker's log, requests, and much noise. */
import { stripVTControlCharacters } from 'node:util'

/** One parsed line of the output. */
export type WorkerLine =
  /** An entry of the Worker's structured log. */
  | { kind: 'log'; event: string; fields: Readonly<Record<string, unknown>> }
  /** A request that the Worker has answered. */
  | { kind: 'request'; method: string; path: string; status: number; ms: number }
  /** An error of the build or of the runtime, or any other text from console.log. */
  | { kind: 'text'; text: string }
  /** The Worker was reloaded after a change of its code. */
  | { kind: 'reloaded' }
  /** wrangler's own messages, of no interest unless --verbose. */
  | { kind: 'noise'; text: string }

const REQUEST = /^\[wrangler:info\] ([A-Z]+) (\S+) (\d{3}) .*\((\d+)ms\)$/
const NOISE =
  /^(\s*$|Using secrets|Your Worker has access|Binding +Resource|env\.|⎔|🌀|\[wrangler:|To access your)/u

/** @returns a parser for one stream of one process. It has state, because a warning of wrangler spans several lines. */
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

/** @returns the text to show, or undefined for a line of no interest, such as an empty cron run. `verbose` shows every line. */
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
      return 'reloaded with the changed code'
    case 'noise':
      return verbose && line.text.trim() !== '' ? line.text : undefined
  }
}

function describeLog(
  event: string,
  fields: Readonly<Record<string, unknown>>,
  verbose: boolean,
): string | undefined {
  // A run of the cron without due work logs this every minute.
  if (event === 'tick_finished' && fields['due'] === 0 && !verbose) return undefined
  // The out_trade_no of a first attempt equals the ordercode: print it once.
  const { out_trade_no: outTradeNo, ...others } = fields
  const shown = outTradeNo === fields['ordercode'] ? others : fields
  const pairs = Object.entries(shown).map(([name, value]) => `${name}=${String(value)}`)
  return [event, ...pairs].join(' ')
}
