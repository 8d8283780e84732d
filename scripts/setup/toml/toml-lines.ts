/** Changes single lines of a TOML file, so that its comments and its order stay. A writer of TOML would lose them. */

/** A table of the file: the first and the last line of its body, without its header. `end` is exclusive. */
type Range = Readonly<{ start: number; end: number }>

const HEADER = /^\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(#.*)?$/
const STRING = String.raw`(?:"(?:[^"\\]|\\.)*"|'[^']*')`

/** A TOML string. */
export const quoted = (value: string): string => JSON.stringify(value)

const headerOf = (line: string): string | undefined => {
  const [, brackets = '', name = ''] = HEADER.exec(line) ?? []
  return name === '' ? undefined : `${brackets}${name}`
}

/** All bodies under a header: `[vars` is a table, `[[kv_namespaces` one of an array; '' is what stands before all tables. */
function rangesOf(lines: readonly string[], header: string): readonly Range[] {
  const ranges: Range[] = []
  let name = ''
  let start = 0
  const close = (end: number): void => {
    if (name === header) ranges.push({ start, end })
  }
  for (const [at, line] of lines.entries()) {
    const next = headerOf(line)
    if (next === undefined) continue
    close(at)
    name = next
    start = at + 1
  }
  close(lines.length)
  return ranges
}

/** Whether a line has content: no comment, not empty. */
const isEntry = (line: string): boolean => /^\s*[^\s#]/.test(line)

/** Where a new entry of a table goes: after its last one. */
function afterEntries(lines: readonly string[], { start, end }: Range): number {
  for (let at = end; at > start; at--) if (isEntry(lines[at - 1] ?? '')) return at
  return start
}

/** Sets a string of a table, and keeps the comment behind it. A table that does not exist is added at the end. */
export function setString(text: string, table: string, key: string, value: string): string {
  const lines = text.split('\n')
  const range = rangesOf(lines, table === '' ? '' : `[${table}`)[0]
  if (range === undefined) return `${text.trimEnd()}\n\n[${table}]\n${key} = ${quoted(value)}\n`
  return setIn(lines, range, key, value)
}

/** Sets a string of that table of an array that has the given binding. Unchanged if there is none. */
export function setInArray(
  text: string,
  array: string,
  binding: string,
  key: string,
  value: string,
): string {
  const lines = text.split('\n')
  const named = new RegExp(String.raw`^\s*binding\s*=\s*["']${binding}["']`)
  const range = rangesOf(lines, `[[${array}`).find(({ start, end }) =>
    lines.slice(start, end).some((line) => named.test(line)),
  )
  return range === undefined ? text : setIn(lines, range, key, value)
}

function setIn(lines: readonly string[], range: Range, key: string, value: string): string {
  const entry = new RegExp(String.raw`^(\s*${key}\s*=\s*)${STRING}(.*)$`)
  const at = lines.slice(range.start, range.end).findIndex((line) => entry.test(line))
  const [before = `${key} = `, after = ''] =
    at < 0 ? [] : (entry.exec(lines[range.start + at] ?? '')?.slice(1) ?? [])
  const line = `${before}${quoted(value)}${after}`
  return at < 0
    ? lines.toSpliced(afterEntries(lines, range), 0, line).join('\n')
    : lines.with(range.start + at, line).join('\n')
}

const ROUTES = /^\s*(#\s*)?routes\s*=\s*\[.*\]\s*(#.*)?$/

/** The entry of one custom domain. */
export const routesOf = (domain: string): string =>
  `routes = [{ pattern = ${quoted(domain)}, custom_domain = true }]`

/** Replaces the line with the routes of a table, or the commented line in its place, or adds one. */
export function setRoutes(text: string, table: string, line: string): string {
  const lines = text.split('\n')
  const range = rangesOf(lines, table === '' ? '' : `[${table}`)[0]
  if (range === undefined) return text
  const body = lines.slice(range.start, range.end)
  const entry = body.findIndex((each) => ROUTES.test(each) && isEntry(each))
  const at = entry >= 0 ? entry : body.findIndex((each) => ROUTES.test(each))
  return at < 0
    ? lines.toSpliced(afterEntries(lines, range), 0, line).join('\n')
    : lines.with(range.start + at, line).join('\n')
}

/**
 * Adds a binding of a certificate: in place of the commented one, else at the end.
 *
 * @param array `mtls_certificates`, or that of an environment.
 */
export function addCertificate(text: string, array: string, id: string): string {
  const block = [`[[${array}]]`, 'binding = "WX_CERT"', `certificate_id = ${quoted(id)}`]
  const lines = text.split('\n')
  const at = lines.findIndex((line) => /^#\s*\[\[mtls_certificates\]\]\s*$/.test(line))
  const isTemplate =
    /^#\s*binding\s*=\s*"WX_CERT"/.test(lines[at + 1] ?? '') &&
    /^#\s*certificate_id\s*=/.test(lines[at + 2] ?? '')
  return array === 'mtls_certificates' && at >= 0 && isTemplate
    ? lines.toSpliced(at, block.length, ...block).join('\n')
    : `${text.trimEnd()}\n\n${block.join('\n')}\n`
}
