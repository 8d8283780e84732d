/**
 * The OpenAPI document: from the route table of the Worker, the schemas that check its input, and the schemas of its
 * answers. It is part of the Worker, so it is lean; `docs/api.md` has the long texts.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DESCRIBED, type Described, needsToken, pathOf } from './described.ts'
import { type Json, namedSchemas, ref, toSchema } from './json-schema.ts'
import { GROUPS } from './operations/operations.ts'
import { PARAMETERS, parametersOf, requestBodyOf } from './requests.ts'
import { responsesOf, sharedResponses } from './responses.ts'
import { WEBHOOK_DATA, webhookOf } from './schemas/webhook.ts'

/** What holds for all operations. */
export const ABOUT =
  'JSON in UTF-8. Amounts are fen (分). Times are RFC 3339 in UTC, days are days in Beijing. Fields are added, never renamed. HEAD is GET without a body, except for /pay and /doctor. An unknown path is 404 not_found, another method 405 method_not_allowed.'

const WEBHOOKS = 'Webhooks'
const WEBHOOK_HEADERS = ['webhook-id', 'webhook-timestamp', 'webhook-signature']

/** Makes the whole document. */
export function makeDocument(): Json {
  const { version, license } = JSON.parse(
    readFileSync(join(import.meta.dirname, '../package.json'), 'utf8'),
  ) as { version: string; license: string }
  return {
    openapi: '3.1.1',
    info: {
      title: 'wxpay-edge',
      version,
      description: ABOUT,
      license: { name: license, identifier: license },
    },
    servers: [{ url: '/' }],
    tags: [...GROUPS.map(({ tag }) => tag), WEBHOOKS].map((name) => ({ name })),
    paths: paths(),
    webhooks: webhooks(),
    components: {
      schemas: namedSchemas(),
      responses: sharedResponses(DESCRIBED),
      parameters: {
        ...PARAMETERS,
        ...Object.fromEntries(WEBHOOK_HEADERS.map((name) => [name, webhookHeader(name)])),
      },
      headers: {
        ETag: { description: 'The revision, in quotes', schema: { type: 'string' } },
        RetryAfter: { description: 'Seconds', schema: { type: 'integer' } },
      },
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description: 'MERCHANT_TOKEN, or the token of an operator',
        },
        metrics: { type: 'http', scheme: 'bearer', description: 'METRICS_TOKEN' },
      },
    },
  }
}

function paths(): Json {
  const all = Map.groupBy(DESCRIBED, pathOf)
  return Object.fromEntries(
    [...all].map(([path, operations]) => [
      path,
      Object.fromEntries(
        operations.map((each) => [each.route.method.toLowerCase(), operationOf(each)]),
      ),
    ]),
  )
}

function operationOf(described: Described): Json {
  const { route, operation, group } = described
  const scheme = needsToken(route) ? 'token' : route.access === 'monitor' ? 'metrics' : undefined
  const parameters = parametersOf(described)
  return {
    operationId: operation.id,
    tags: [group.tag],
    summary: operation.summary,
    security: scheme === undefined ? [] : [{ [scheme]: [] }],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...requestBodyOf(route),
    responses: responsesOf(described),
  }
}

/** The webhooks, in the form of Standard Webhooks. */
function webhooks(): Json {
  const types = Object.keys(WEBHOOK_DATA) as readonly (keyof typeof WEBHOOK_DATA)[]
  return Object.fromEntries(
    types.map((type) => [
      type,
      {
        post: {
          operationId: `on.${type}`,
          tags: [WEBHOOKS],
          summary: type,
          security: [],
          parameters: WEBHOOK_HEADERS.map((name) => ref('parameters', name)),
          requestBody: {
            required: true,
            content: { 'application/json': { schema: toSchema(webhookOf(type)) } },
          },
          responses: { '2XX': { description: 'Taken. Another answer, and it comes again' } },
        },
      },
    ]),
  )
}

const webhookHeader = (name: string): Json => ({
  name,
  in: 'header',
  required: true,
  schema: { type: 'string' },
})
