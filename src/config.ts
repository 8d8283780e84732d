/**
 * Reads the configuration. A wrong value that paying, booking or refunding needs stops the Worker. A wrong value
 * of any other feature only switches this feature off, because payments must not stop for it.
 */
import * as v from 'valibot'
import { err, ok, type Result } from './lib/result.ts'
import { FEATURE_ENTRIES, type FeatureVars, readFeatures } from './config-features.ts'
import { count, fen, isLocal, isPrivate, namesOf, origin, secret, text } from './config-values.ts'
import type { Operator } from './core/actor.ts'
import type { Secret } from './lib/secret.ts'
import type { FeatureOff } from './ports/deps.ts'

/**
 * The minimum budget of one run of the cron. With a smaller budget, a run could not afford a single item, and
 * no error would show this.
 */
const TICK_CALLS_MIN = 10
const TICK_STATEMENTS_MIN = 40
/** The default of NOTICE_CONFIRM_FROM, in fen: 1000 yuan. */
const NOTICE_CONFIRM_FROM_DEFAULT = '100000'
const PAY_ORIGIN_BACKUP = 'https://api2.mch.weixin.qq.com'

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
    ...FEATURE_ENTRIES,
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
  const given = givenIn(env)
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

/**
 * Reads the tokens alone, for the doctor of a Worker whose configuration is wrong.
 *
 * @returns undefined when `MERCHANT_TOKEN` itself is missing or malformed. `off`: the variables that switch features off.
 */
export function tokensIn(env: object): (Tokens & Readonly<{ off: readonly string[] }>) | undefined {
  const given = givenIn(env)
  const { vars, off } = readFeatures(given)
  const { MERCHANT_TOKEN, MERCHANT_TOKEN_OLD } = Essential.entries
  const token = v.safeParse(MERCHANT_TOKEN, given['MERCHANT_TOKEN'])
  if (!token.success) return undefined
  const old = v.safeParse(MERCHANT_TOKEN_OLD, given['MERCHANT_TOKEN_OLD'])
  const previous = old.success ? old.output : undefined
  return {
    ...tokensOf({ MERCHANT_TOKEN: token.output, MERCHANT_TOKEN_OLD: previous, ...vars }),
    off: off.flatMap(({ variables }) => variables),
  }
}

/** Whose requests are answered. */
type Tokens = Readonly<{ merchantTokens: readonly Secret[]; operators: readonly Operator[] }>

/** The tokens of the shop and of the operators. */
export const tokensOf = (
  vars: Pick<Vars, 'MERCHANT_TOKEN' | 'MERCHANT_TOKEN_OLD' | 'OPERATORS'>,
): Tokens => ({
  merchantTokens: [vars.MERCHANT_TOKEN, vars.MERCHANT_TOKEN_OLD].filter(
    (token) => token !== undefined,
  ),
  operators: vars.OPERATORS ?? [],
})

/** An empty value counts as missing. */
const givenIn = (env: object): Given =>
  Object.fromEntries(Object.entries(env).filter(([, value]) => value !== '' && value !== undefined))

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
