/** The variables of features. A wrong value only switches its feature off, because payments must not stop for it. */
import * as v from 'valibot'
import { isPrivate, isSafe, namesOf, secret, SECRET, text } from './config-values.ts'
import { Secret } from './lib/secret.ts'
import { readOperators } from './operators.ts'
import type { FeatureOff } from './ports/deps.ts'
import { botAt } from './webhooks/alert-bots.ts'
import { webhookKey } from './webhooks/secret.ts'

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

/** The group that hears of what a person must look at. The address of a bot is a secret: it lets its holder write there. */
const Alerts = v.pipe(
  v.object({
    ALERT_URL: v.optional(
      v.pipe(
        v.string(),
        v.check((value) => URL.canParse(value) && isSafe(new URL(value))),
        v.transform((value) => new Secret(value)),
        v.metadata(SECRET),
      ),
    ),
    ALERT_SECRET: v.optional(secret(/^[\x21-\x7e]{1,512}$/)),
    WX_PAY_ORIGIN: v.optional(v.string()),
  }),
  v.forward(
    v.check(({ ALERT_URL, WX_PAY_ORIGIN }) => isPrivate(ALERT_URL?.reveal(), WX_PAY_ORIGIN)),
    ['ALERT_URL'],
  ),
  // A receiver of webhooks gets signed ones. The bots have a form of their own.
  v.forward(
    v.check(
      ({ ALERT_URL: url, ALERT_SECRET: key }) =>
        url === undefined ||
        botAt(url.reveal()) !== undefined ||
        (key !== undefined && webhookKey(key.reveal()) !== undefined),
    ),
    ['ALERT_SECRET'],
  ),
)

/** The token of `/metrics`, and of nothing else. */
const Metrics = v.object({ METRICS_TOKEN: v.optional(secret(/^[\x21-\x7e]{16,512}$/)) })

/** The last day of the merchant's certificate, of which a run of the cron cannot know otherwise. */
const Certificate = v.object({
  WX_CERT_EXPIRES: v.optional(
    v.pipe(
      text(/^\d{4}-\d{2}-\d{2}$/),
      v.check((day) => !Number.isNaN(Date.parse(day))),
    ),
  ),
})

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
  alerts: Alerts,
  certificate: Certificate,
  metrics: Metrics,
}
export type FeatureVars = v.InferOutput<typeof Webhooks> &
  v.InferOutput<typeof Operators> &
  v.InferOutput<typeof RefundLimit> &
  v.InferOutput<typeof ClientIp> &
  v.InferOutput<typeof Alerts> &
  v.InferOutput<typeof Certificate> &
  v.InferOutput<typeof Metrics>

/** The entries of all features, by variable. */
export const FEATURE_ENTRIES = {
  ...Webhooks.entries,
  ...Operators.entries,
  ...RefundLimit.entries,
  ...ClientIp.entries,
  ...Alerts.entries,
  ...Certificate.entries,
  ...Metrics.entries,
}

/** Reads the variables of each feature. A feature with a wrong value is off as a whole. */
export function readFeatures(
  given: Readonly<Record<string, unknown>>,
): Readonly<{ vars: FeatureVars; off: readonly FeatureOff[] }> {
  let vars: FeatureVars = {}
  const off: FeatureOff[] = []
  for (const [feature, schema] of Object.entries(FEATURES)) {
    const parsed = v.safeParse(schema, given)
    if (parsed.success) vars = { ...vars, ...parsed.output }
    else off.push({ feature, variables: namesOf(parsed.issues) })
  }
  return { vars, off }
}
