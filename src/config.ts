/**
 * Reads the configuration. All variables are checked together,
 * so that an error names every variable that is wrong.
 */
import * as v from 'valibot'
import { err, ok, type Result } from './lib/result.ts'
import { Secret } from './lib/secret.ts'

/**
 * The default budget of one run of the cron: outbound calls
 * and SQL statements. The free plan allows 50 of each.
 */
const TICK_CALLS_DEFAULT = '40'
const TICK_STATEMENTS_DEFAULT = '50'
/**
 * The minimum budget of one run of the cron. With a smaller budget, a run could not afford a single item, and
 * no error would show this.
 */
const TICK_CALLS_MIN = 10
const TICK_STATEMENTS_MIN = 40
const PAY_ORIGIN_BACKUP = 'https://api2.mch.weixin.qq.com'

const text = (pattern: RegExp) => v.pipe(v.string(), v.regex(pattern))
const secret = (pattern: RegExp) =>
  v.pipe(
    text(pattern),
    v.transform((value) => new Secret(value)),
  )
const count = (min: number, max: number) =>
  v.pipe(text(/^\d{1,5}$/), v.transform(Number), v.minValue(min), v.maxValue(max))

/** The valibot schema of a URL's origin without a path, a query or a user. */
const origin = v.pipe(
  v.string(),
  v.check((value) => readOrigin(value) !== undefined),
  v.transform((value) => readOrigin(value) ?? ''),
)

/** The schema of the shop's address for webhooks: https, or http on this machine. */
const webhookUrl = v.pipe(
  v.string(),
  v.check((value) => URL.canParse(value) && isSafe(new URL(value))),
)
/** The form of a secret in Standard Webhooks: `whsec_`, then 24 to 64 random bytes in Base64. */
const WEBHOOK_SECRET = /^whsec_[0-9A-Za-z+/]{32,86}={0,2}$/

const Vars = v.object({
  WX_APPID: text(/^[0-9A-Za-z_-]{1,32}$/),
  WX_MCH_ID: text(/^\d{1,32}$/),
  WX_APP_SECRET: secret(/^[\x21-\x7e]{1,128}$/),
  WX_API_KEY: secret(/^[\x21-\x7e]{32}$/),
  WX_SIGN_TYPE: v.optional(v.picklist(['MD5', 'HMAC-SHA256']), 'MD5'),
  PUBLIC_URL: origin,
  WX_LOGIN_ORIGIN: v.optional(origin, 'https://api.weixin.qq.com'),
  WX_PAY_ORIGIN: v.optional(origin, 'https://api.mch.weixin.qq.com'),
  WX_PAY_ORIGIN_BACKUP: v.optional(origin),
  MERCHANT_TOKEN: secret(/^[\x21-\x7e]{32,512}$/),
  MERCHANT_TOKEN_OLD: v.optional(secret(/^[\x21-\x7e]{32,512}$/)),
  WX_API_KEY_OLD: v.optional(secret(/^[\x21-\x7e]{32}$/)),
  WEBHOOK_URL: v.optional(webhookUrl),
  WEBHOOK_SECRET: v.optional(secret(WEBHOOK_SECRET)),
  WEBHOOK_SECRET_OLD: v.optional(secret(WEBHOOK_SECRET)),
  LATE_PAYMENT: v.optional(v.picklist(['accept', 'refund']), 'accept'),
  SHARED_APPID: v.optional(v.picklist(['no', 'yes']), 'no'),
  TICK_CALLS: v.optional(count(TICK_CALLS_MIN, 10_000), TICK_CALLS_DEFAULT),
  TICK_STATEMENTS: v.optional(count(TICK_STATEMENTS_MIN, 10_000), TICK_STATEMENTS_DEFAULT),
})

/** The checked variables, with defaults filled in. README.md describes each of them. */
export type Vars = v.InferOutput<typeof Vars> & Readonly<{ WX_PAY_ORIGIN_BACKUP: string }>

/**
 * Checks the variables and bindings of the platform.
 *
 * @param env Their values by name. An empty value counts as missing.
 * @returns the checked variables, or the names that are missing or malformed, never their values.
 */
export function readConfig(env: object): Result<Vars, readonly string[]> {
  const given = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== '' && value !== undefined),
  )
  const parsed = v.safeParse(Vars, given)
  if (!parsed.success) {
    const names = parsed.issues.map((issue) => v.getDotPath(issue) ?? '')
    return err([...new Set(names)])
  }
  // PUBLIC_URL and WEBHOOK_URL must be https, because plain http can be read on the way. Only together with
  // a simulated WeChat on this machine is plain http allowed.
  const {
    PUBLIC_URL,
    WX_PAY_ORIGIN,
    WX_PAY_ORIGIN_BACKUP,
    WEBHOOK_URL,
    WEBHOOK_SECRET,
    LATE_PAYMENT,
  } = parsed.output
  const wrong: string[] = []
  if (!isLoopback(new URL(WX_PAY_ORIGIN))) {
    if (!isHttps(PUBLIC_URL)) wrong.push('PUBLIC_URL')
    if (WEBHOOK_URL !== undefined && !isHttps(WEBHOOK_URL)) wrong.push('WEBHOOK_URL')
  }
  // WEBHOOK_URL needs WEBHOOK_SECRET, because every webhook is signed. WEBHOOK_SECRET alone does no harm:
  // no webhook is sent.
  if (WEBHOOK_URL !== undefined && WEBHOOK_SECRET === undefined) wrong.push('WEBHOOK_SECRET')
  // LATE_PAYMENT=refund needs WX_CERT: WeChat refunds nothing without the merchant's certificate.
  if (LATE_PAYMENT === 'refund' && !('WX_CERT' in given)) wrong.push('LATE_PAYMENT')
  if (wrong.length > 0) return err(wrong)
  // If the primary origin is a simulated WeChat on this machine, the default backup is the same origin, so
  // that no call reaches the real WeChat.
  const backup = isLoopback(new URL(WX_PAY_ORIGIN)) ? WX_PAY_ORIGIN : PAY_ORIGIN_BACKUP
  return ok({ ...parsed.output, WX_PAY_ORIGIN_BACKUP: WX_PAY_ORIGIN_BACKUP ?? backup })
}

const isHttps = (url: string): boolean => url.startsWith('https://')

function readOrigin(value: string): string | undefined {
  const url = URL.canParse(value) ? new URL(value) : undefined
  if (url === undefined || (value !== url.origin && value !== `${url.origin}/`)) return undefined
  return isSafe(url) ? url.origin : undefined
}

const isSafe = (url: URL): boolean =>
  url.username === '' &&
  url.password === '' &&
  (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url)))

const isLoopback = (url: URL): boolean => ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
