/** What another system or an exception says, as one line that a log may keep. */

/** The maximum number of causes that are followed: an exception may be its own cause. */
const CAUSES_MAX = 5
/** A URL up to its path. What follows may hold a secret: the query of jscode2session has the AppSecret. */
const URL_REST = /(https?:\/\/[^\s/?#"'<>]+)[^\s"'<>)]*/g
/** Quoted text. The runtime and D1 quote the values that they complain about. */
const QUOTED = /"[^"]*"|`[^`]*`|(?<!\w)'[^']*'(?!\w)/g
const STACK_LINES_MAX = 5
const EXCERPT_BYTES_MAX = 4_096
const EXCERPT_CHARS_MAX = 200

/**
 * The names and messages of an exception and of its causes, outermost first. Quoted text is left out, because it may be a
 * value (an SQL parameter, a part of a message), and so is what follows the host of a URL.
 */
export function wordsOf(error: unknown): string {
  const said: string[] = []
  let each = error
  for (let count = 0; each instanceof Error && count < CAUSES_MAX; count++) {
    const { name, message } = each
    const text = message === '' ? name : name === 'Error' ? message : `${name}: ${message}`
    if (!said.some((earlier) => earlier.includes(message))) said.push(text)
    each = each.cause
  }
  if (said.length === 0) return `an exception of the type ${typeof error}`
  return said.join(': ').replace(URL_REST, '$1').replace(QUOTED, '"…"')
}

/** What the log says about an exception: its name, its words, and the top of its stack. */
export function detailsOf(
  error: unknown,
): Readonly<{ reason: string; error: string; stack: string | undefined }> {
  const words = wordsOf(error)
  if (!(error instanceof Error)) return { reason: 'unknown', error: words, stack: undefined }
  // The stack begins with the message, which may have several lines and quote anything.
  const calls = error.stack?.split('\n').filter((line) => /^ +at /.test(line))
  return { reason: error.name, error: words, stack: calls?.slice(0, STACK_LINES_MAX).join('\n') }
}

/** The beginning of another system's answer, as text on one line. Empty when there is none. */
export const excerptOf = (body: Uint8Array | undefined): string =>
  new TextDecoder()
    .decode(body?.subarray(0, EXCERPT_BYTES_MAX))
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, EXCERPT_CHARS_MAX)
