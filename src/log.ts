/**
 * The only way into the log. Other systems' words are logged as they are, and could quote a key, a token or an openid, so
 * every line is guarded here.
 */
import type { Secret } from './lib/secret.ts'
import type { Log, LogEntry } from './ports/deps.ts'

/** The maximum length of a value, in UTF-16 code units. The longest of WeChat's words have 128. */
const VALUE_MAX = 800
/** A shorter secret would be found in ordinary words. No real one is so short. */
const SECRET_MIN = 8
/** How many characters of a long token remain, so that an operator can tell two openids apart. */
const SHOWN = 4
/** Fields whose values are numbers of orders, payments and the like, which may look like tokens. */
const NUMBERS: ReadonlySet<string> = new Set([
  'event',
  'ordercode',
  'out_trade_no',
  'out_refund_no',
  'transaction_id',
  'subject',
  'id',
  'path',
])
/**
 * A token: 24 or more characters without a break. An openid has 28, a key or a login code 32. `rid: …` of WeChat and
 * `reference = …` of Cloudflare are spared: their support asks for them.
 */
const TOKEN = /(?<!rid: |reference = |[\w+=-])[\w+=-]{24,}/g
/** Words of a program, such as SQLITE_CONSTRAINT_PRIMARYKEY. */
const PLAIN_NAME = /^(?:[a-z_-]+|[A-Z_]+)$/

/**
 * Guards a log.
 *
 * @param secrets The configured secrets. They are removed from every field.
 * @returns the log that all of the Worker writes to.
 */
export function guardedLog(write: Log, secrets: readonly Secret[]): Log {
  const guard = textGuard(secrets)
  return (entry) => {
    const safe: Record<string, LogEntry[string]> = {}
    for (const [name, value] of Object.entries(entry)) {
      safe[name] = typeof value === 'string' ? guard(name, value) : value
    }
    write({ ...safe, event: entry.event })
  }
}

/** Makes the guard of a text: `name` is the field in which it stands. */
export function textGuard(secrets: readonly Secret[]): (name: string, value: string) => string {
  const known = secrets.map((each) => each.reveal()).filter(({ length }) => length >= SECRET_MIN)

  return (name, value) => {
    const text = known.reduce((rest, each) => rest.replaceAll(each, '[secret]'), value)
    const safe = NUMBERS.has(name) ? text : text.replace(TOKEN, shorten)
    return safe.length > VALUE_MAX ? `${safe.slice(0, VALUE_MAX)}…` : safe
  }
}

const shorten = (token: string): string =>
  PLAIN_NAME.test(token) ? token : `${token.slice(0, SHOWN)}…`
