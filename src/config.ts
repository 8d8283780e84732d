/**
 * Reads the configuration. A wrong value that paying, booking or refunding needs stops the Worker. A wrong value
 * of any other feature only switches this feature off, because payments must not stop for it.
 */
import * as v from 'valibot'
import { err, ok, type Result } from './lib/result.ts'
import { Secret } from './lib/secret.ts'
import { readOperators } from './operators.ts'
import type { FeatureOff } from './ports/deps.ts'
import { webhookKey } from './webhooks/secret.ts'

/**
 * The minimum budget of one run of the cron. With a smaller budget, a run could not afford a single item, and
 * no error would show this.
 */
const TICK_CALLS_MIN = 10
const TICK_STATEMENTS_MIN = 40
/** The default of NOTICE_CONFIRM_FROM, in fen: 1000 yuan. */
const NOTICE_CONFIRM_FROM_DEFAULT = '100000'
const PAY_ORIGIN_BACKUP = 'https://api2.mch.weixin.qq.com'

/** Marks the schema of a secret, which never stands in `[vars]`. */
const SECRET = { isSecret: true }
const text = (pattern: RegExp) => v.pipe(v.string(), v.regex(pattern))
const secret = (pattern: RegExp) =>
  v.pipe(
    text(pattern),
    v.transform((value) => new Secret(value)),
    v.metadata(SECRET),
  )
const count = (min: number, max: number) =>
  v.pipe(text(/^\d{1,5}$/), v.transform(Number), v.minValue(min), v.maxValue(max))

const fen = v.pipe(text(/^\d{1,10}$/), v.transform(Number))

/** The valibot schema of a URL's origin without a path, a query or a user. */
const origin = v.pipe(
  v.string(),
  v.check((value) => readOrigin(value) !== undefined),
  v.transform((value) => readOrigin(value) ?? ''),
)

/** The variables that paying, booking and refunding need. */
const Essential = v.object({
  WX_APPID: text(/^[0-9A-Za-z_-]{1,32}$/),
  WX_MCH_ID: text(/^\d{1,32}$/),
  WX_APP_SECRET: secret(/^[\x21-\x7e]{1,128}$/),
  WX_APP_SECRET_OLD: v.optional(secret(/^[\x21-\x7e]{1,128}$/)),
  WX_API_KEY: secret(/^[\x21-\x7e]{32}$/),
  WX_SIGN_TYPE: v.optional(v.picklist(['MD5', 'HMAC-SHA256']), 'MD5'),
  PUBLIC_URL: origin,
  WX_LOGIN_ORIGIN: v.optional(origin, 'https://api.weixin.qq.com'),
  WX_PAY_ORIGIN: v.optional(origin, 'https://api.mch.weixin.qq.com'),
  WX_PAY_ORIGIN_BACKUP: v.optional(origin),
  MERCHANT_TOKEN: secret(/^[\x21-\x7e]{32,512}$/),
  MERCHANT_TOKEN_OLD: v.optional(secret(/^[\x21-\x7e]{32,512}$/)),
  WX_API_KEY_OLD: v.optional(secret(/^[\x21-\x7e]{32}$/)),
  REQUIRE_OPENID: v.optional(v.picklist(['no', 'yes']), 'no'),
  LATE_PAYMENT: v.optional(v.picklist(['accept', 'refund']), 'accept'),
  NOTICE_CONFIRM_FROM: v.optional(fen, NOTICE_CONFIRM_FROM_DEFAULT),
  REFUNDS: v.optional(v.picklist(['on', 'paused']), 'on'),
  SHARED_APPID: v.optional(v.picklist(['no', 'yes']), 'no'),
  PLAN: v.optional(v.picklist(['paid', 'free']), 'paid'),
  TICK_CALLS: v.optional(count(TICK_CALLS_MIN, 10_000)),
  TICK_STATEMENTS: v.optional(count(TICK_STATEMENTS_MIN, 10_000)),
})

const webhookSecret = v.pipe(
  v.string(),
  v.startsWith('whsec_'),
  v.check((value) => webhookKey(value) !== undefined),
  v.transform((value) => new Secret(value)),
  v.metadata(SECRET),
)

/** The shop's webhooks. WEBHOOK_SECRET alone does no harm: nothing is sent. */
const Webhooks = v.pipe(
  v.object({
    WEBHOOK_URL: v.optional(
      v.pipe(
        v.string(),
        v.check((value) => URL.canParse(value) && isSafe(new URL(value))),
      ),
    ),
    WEBHOOK_SECRET: v.optional(webhookSecret),
    WEBHOOK_SECRET_OLD: v.optional(webhookSecret),
    WX_PAY_ORIGIN: v.optional(v.string()),
  }),
  v.forward(
    v.check(({ WEBHOOK_URL, WX_PAY_ORIGIN }) => isPrivate(WEBHOOK_URL, WX_PAY_ORIGIN)),
    ['WEBHOOK_URL'],
  ),
  // Every webhook is signed.
  v.forward(
    v.check(({ WEBHOOK_URL: url, WEBHOOK_SECRET: key }) => url === undefined || key !== undefined),
    ['WEBHOOK_SECRET'],
  ),
)

/** The people who may sign in beside the shop. */
const Operators = v.object({
  OPERATORS: v.optional(
    v.pipe(
      v.string(),
      v.rawTransform(({ dataset, addIssue, NEVER }) => {
        const operators = readOperators(dataset.value)
        if (operators.ok) return operators.value
        addIssue()
        return NEVER
      }),
      v.metadata(SECRET),
    ),
  ),
})

/** The limit of the refunds of one day, in fen. A day may have many orders, so it has more digits than an order. */
const RefundLimit = v.object({
  REFUND_LIMIT_DAY: v.optional(v.pipe(text(/^\d{1,14}$/), v.transform(Number))),
})

/** The header in which a trusted proxy reports the payer's address. A header name has other characters, but none of these does. */
const ClientIp = v.object({ CLIENT_IP_HEADER: v.optional(text(/^[0-9A-Za-z-]{1,64}$/)) })

/** The features that a wrong value of one of their variables switches off, by the names that `/health` shows. */
const FEATURES = {
  webhooks: Webhooks,
  operators: Operators,
  refund_limit: RefundLimit,
  client_ip: ClientIp,
}
type FeatureVars = v.InferOutput<typeof Webhooks> &
  v.InferOutput<typeof Operators> &
  v.InferOutput<typeof RefundLimit> &
  v.InferOutput<typeof ClientIp>

/** The checked variables, with defaults filled in. README.md describes each of them. */
export type Vars = v.InferOutput<typeof Essential> &
  FeatureVars &
  Readonly<{
    WX_PAY_ORIGIN_BACKUP: string
    /** The features that are off because of wrong values. None of their variables is set. */
    off: readonly FeatureOff[]
    /** Whether the shop has a receiver: WEBHOOK_URL has a value, right or wrong. */
    hasReceiver: boolean
    /** Variables that work, but probably not as intended, with the reason as a code. */
    warnings: readonly Readonly<{ variable: string; reason: string }>[]
  }>

type Given = Readonly<Record<string, unknown>>

/** The name of a variable, whether it may be missing, and whether it is a secret, which never stands in `[vars]`. */
export type Variable = Readonly<{ name: string; isOptional: boolean; isSecret: boolean }>

/** Lists all variables that the Worker reads. `npm run dev` passes them on, and a test compares the documents with them. */
export const variables = (): readonly Variable[] =>
  Object.entries({
    ...Webhooks.entries,
    ...Operators.entries,
    ...RefundLimit.entries,
    ...ClientIp.entries,
    ...Essential.entries,
  }).map(([name, schema]) => {
    const isOptional = schema.type === 'optional'
    const isSecret = 'isSecret' in v.getMetadata(isOptional ? schema.wrapped : schema)
    return { name, isOptional, isSecret }
  })

/**
 * Checks the variables and bindings of the platform, all together.
 *
 * @param env Their values by name. An empty value counts as missing.
 * @returns the checked variables. The error has the names of all variables that are missing or malformed, never
 *   their values.
 */
export function readConfig(env: object): Result<Vars, readonly string[]> {
  const given: Given = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== '' && value !== undefined),
  )
  const { vars: features, off } = readFeatures(given)
  const parsed = v.safeParse(Essential, given)
  const wrong = parsed.success ? wrongTogether(parsed.output, given) : namesOf(parsed.issues)
  if (!parsed.success || wrong.length > 0) {
    return err([...new Set([...wrong, ...off.flatMap(({ variables }) => variables)])])
  }
  const vars = parsed.output
  // If the primary origin is a simulated WeChat on this machine, the default backup is the same origin, so
  // that no call reaches the real WeChat.
  const backup = isLocal(vars.WX_PAY_ORIGIN) ? vars.WX_PAY_ORIGIN : PAY_ORIGIN_BACKUP
  return ok({
    ...features,
    ...vars,
    WX_PAY_ORIGIN_BACKUP: vars.WX_PAY_ORIGIN_BACKUP ?? backup,
    off,
    hasReceiver: given['WEBHOOK_URL'] !== undefined,
    warnings: warningsOf(vars),
  })
}

/** Reads the variables of each feature. A feature with a wrong value is off as a whole. */
function readFeatures(given: Given): Readonly<{ vars: FeatureVars; off: readonly FeatureOff[] }> {
  let vars: FeatureVars = {}
  const off: FeatureOff[] = []
  for (const [feature, schema] of Object.entries(FEATURES)) {
    const parsed = v.safeParse(schema, given)
    if (parsed.success) vars = { ...vars, ...parsed.output }
    else off.push({ feature, variables: namesOf(parsed.issues) })
  }
  return { vars, off }
}

/** The names of well-formed essential variables that are wrong beside one another. */
function wrongTogether(vars: v.InferOutput<typeof Essential>, given: Given): readonly string[] {
  const { PUBLIC_URL, WX_PAY_ORIGIN, LATE_PAYMENT } = vars
  const wrong: string[] = []
  if (!isPrivate(PUBLIC_URL, WX_PAY_ORIGIN)) wrong.push('PUBLIC_URL')
  // One of the two was pasted twice: WeChat never gives the same value to both.
  if (given['WX_APP_SECRET'] === given['WX_API_KEY']) wrong.push('WX_APP_SECRET', 'WX_API_KEY')
  // LATE_PAYMENT=refund needs WX_CERT: WeChat refunds nothing without the merchant's certificate.
  if (LATE_PAYMENT === 'refund' && !('WX_CERT' in given)) wrong.push('LATE_PAYMENT')
  return wrong
}

/** `workers_dev`: workers.dev cannot be reached from mainland China, so neither payers nor WeChat get there. */
const warningsOf = ({ PUBLIC_URL }: Pick<Vars, 'PUBLIC_URL'>): Vars['warnings'] =>
  /\.workers\.dev(:\d+)?$/.test(PUBLIC_URL)
    ? [{ variable: 'PUBLIC_URL', reason: 'workers_dev' }]
    : []

type Issues = readonly [v.BaseIssue<unknown>, ...v.BaseIssue<unknown>[]]
const namesOf = (issues: Issues): readonly string[] => [
  ...new Set(issues.map((issue) => v.getDotPath(issue) ?? '')),
]

/**
 * Whether no stranger can read what is sent to a URL: plain http is allowed only together with a simulated
 * WeChat on this machine.
 */
const isPrivate = (url: string | undefined, payOrigin: string | undefined): boolean =>
  url === undefined || url.startsWith('https://') || isLocal(payOrigin)

function readOrigin(value: string): string | undefined {
  const url = URL.canParse(value) ? new URL(value) : undefined
  if (url === undefined || (value !== url.origin && value !== `${url.origin}/`)) return undefined
  return isSafe(url) ? url.origin : undefined
}

const isSafe = (url: URL): boolean =>
  url.username === '' &&
  url.password === '' &&
  (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url)))

const isLocal = (origin: string | undefined): boolean =>
  origin !== undefined && URL.canParse(origin) && isLoopback(new URL(origin))

const isLoopback = (url: URL): boolean => ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
