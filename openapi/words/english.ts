/** The words of `docs/api.md`: those of the tables and schemas, and what stands between them. */
import { PROBLEMS } from '../../src/routes/http/problem.ts'
import { ABOUT } from '../document.ts'
import { ENGLISH_NOTES } from '../json-schema.ts'
import type { Operation } from '../operations/operation.ts'
import { OPERATION_OF } from '../operations/operations.ts'
import type { OperationText, Words } from './words.ts'

function textOf({ summary, more, answers }: Operation): OperationText {
  const descriptions = Object.entries(answers).map(([status, { description }]) => [
    status,
    description,
  ])
  return {
    summary,
    ...(more === undefined ? {} : { more }),
    answers: Object.fromEntries(descriptions) as OperationText['answers'],
  }
}

export const ENGLISH: Words = {
  ...ENGLISH_NOTES,
  opening: `# The HTTP interface

<!-- Made by \`npm run openapi\`. Do not change it here. -->

[中文](api.zh-CN.md) · ${ABOUT} The same as OpenAPI 3.1, for tools: \`GET /openapi.json\` of every installation. A typed client for Node:
[examples/shop-client](../examples/shop-client/client.ts).

- A token goes into \`Authorization: Bearer …\`. *Viewer* below: the shop's MERCHANT_TOKEN, or the token of any operator. *Operator*: the same without those of the role \`viewer\`.
- Errors are \`application/problem+json\`: \`code\` is for programs ([all codes](#error-codes)), \`detail\` is for people.
- Besides what is listed below, an operation may answer \`unauthorized\` (with a token), \`forbidden\` (for operators), \`body_too_large\` (with a body), \`internal\`, \`misconfigured\` and \`store_unavailable\`.
- When no answer came, repeat the request as it was: it never takes effect twice.
- Lists have pages: pass \`next_cursor\` as \`cursor\`, until it is null. \`limit\` is 1 to 100.
`,
  groups: {
    Shop: 'Shop',
    'Mini program': 'Mini program',
    Operations: 'Operations',
    WeChat: 'WeChat',
  },
  operations: Object.fromEntries(
    Object.entries(OPERATION_OF).map(([name, operation]) => [name, textOf(operation)]),
  ) as Words['operations'],
  problems: PROBLEMS,
  webhooks: `## Webhooks

The Worker posts to WEBHOOK_URL in the form of [Standard Webhooks](https://www.standardwebhooks.com): headers \`webhook-id\`, \`webhook-timestamp\`, \`webhook-signature\`, and a body
\`{ "type", "timestamp", "data" }\`. Check the signature, handle each \`webhook-id\` once, drop a smaller \`revision\` about the same subject, and answer 2xx. \`alert\` goes to ALERT_URL, for operators.
`,
  objects: 'Objects',
  errorCodes: 'Error codes',
  columns: {
    parameter: 'parameter',
    field: 'field',
    type: 'type',
    status: 'status',
    code: 'code',
    data: 'data',
    note: '',
  },
  sentence: (phrase) => `${phrase}.`,
  space: ' ',
  comma: ', ',
  colon: ': ',
  noToken: 'No token.',
  token: (name) => `Token: ${name}.`,
  body: (type) => `Body: ${type}.`,
  page: 'the page',
  furtherFields: 'further fields',
  range: (minimum, maximum) => `${minimum} to ${maximum}`,
  usual: (value) => `default ${value}`,
  problem: ({ title, detail }) => `**${title}.** ${detail}`,
}
