/** Parses the output of wrangler's development server: the Worker's log, its requests, and wrangler's messages. */
import { stripVTControlCharacters } from 'node:util'

/** One parsed line of the development server's output. */
export type WorkerLine =
  /** An entry of the Worker's structured log. */
  | { kind: 'log'; event: string; fields: Readonly<Record<string, unknown>> }
  /** A request that the Worker has answered. */
  | { kind: 'request'; method: string; path: string; status: number; ms: number }
  /** An error of the build or of the runtime, or any other text from console.log. */
  | { kind: 'text'; text: string }
  /** The Worker was reloaded after a change of its code. */
  | { kind: 'reloaded' }
  /** A message of wrangler itself, shown only with `--verbose`. */
  | { kind: 'noise'; text: string }

const REQUEST = /^\[wrangler:info\] ([A-Z]+) (\S+) (\d{3}) .*\((\d+)ms\)$/
const NOISE =
  /^(\s*$|Using secrets|Your Worker has access|Binding +Resource|env\.|⎔|🌀|\[wrangler:|To access your)/u

/**
 * Creates a parser for the lines of one output stream. Each stream needs its own parser, which remembers whether it
 * is inside a warning, because wrangler's warnings span several lines.
 */
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

/**
 * Formats a line for the user; undefined hides it. Routine lines, such as a run of the cron without due work, are
 * shown only if `verbose` is set.
 */
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
  // The cron logs tick_finished every minute. Without due work the line is hidden.
  if (event === 'tick_finished' && fields['due'] === 0 && !verbose) return undefined
  // The out_trade_no of an order's first attempt equals the ordercode, so it is printed only once.
  const { out_trade_no: outTradeNo, ...others } = fields
  const shown = outTradeNo === fields['ordercode'] ? others : fields
  const pairs = Object.entries(shown).map(([name, value]) => `${name}=${String(value)}`)
  return [event, ...pairs].join(' ')
}
