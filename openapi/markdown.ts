/** `docs/api.md`: the document with the texts that are too long for it, and with real exchanges. */
import { PROBLEMS, type ProblemCode } from '../src/routes/http/problem.ts'
import { codesByStatus, DESCRIBED, type Described, needsToken, pathOf } from './described.ts'
import { ABOUT } from './document.ts'
import { type JsonSchema, namedSchemas, PATTERN_MAX, toSchema } from './json-schema.ts'
import { GROUPS } from './operations/operations.ts'
import { PARAMETERS } from './requests.ts'
import { NAMED } from './schemas/named.ts'
import { WEBHOOK_DATA } from './schemas/webhook.ts'
import { typeOf } from './typescript.ts'

/** An exchange with the Worker. */
export type Example = Readonly<{
  method: string
  path: string
  body: unknown
  status: number
  /** The body of the answer. */
  answer: string
}>

const HEAD = `# The HTTP interface

<!-- Made by \`npm run openapi\`. Do not change it here. -->

${ABOUT} The same as OpenAPI 3.1, for tools: \`GET /openapi.json\` of every installation. A typed client for Node:
[examples/shop-client](../examples/shop-client/client.ts).

- A token goes into \`Authorization: Bearer …\`. *Viewer* below: the shop's MERCHANT_TOKEN, or the token of any operator. *Operator*: the same without those of the role \`viewer\`.
- Errors are \`application/problem+json\`: \`code\` is for programs ([all codes](#error-codes)), \`detail\` is for people.
- Besides what is listed below, an operation may answer \`unauthorized\` (with a token), \`forbidden\` (for operators), \`body_too_large\` (with a body), \`internal\`, \`misconfigured\` and \`store_unavailable\`.
- When no answer came, repeat the request as it was: it never takes effect twice.
- Lists have pages: pass \`next_cursor\` as \`cursor\`, until it is null. \`limit\` is 1 to 100.
`

/** Makes `docs/api.md`. @param examples By the name of the operation, and \`webhook\`. */
export function makeMarkdown(examples: ReadonlyMap<string, Example>): string {
  const groups = GROUPS.map((group) =>
    [
      `## ${group.tag}\n`,
      ...DESCRIBED.filter((each) => each.group === group).map((each) => operation(each, examples)),
    ].join('\n'),
  )
  const objects = Object.entries(namedSchemas()).map(
    ([name, schema]) => `### ${name}\n\n${sentence(schema.description)}${fields(schema)}`,
  )
  return [
    HEAD,
    ...groups,
    webhooks(examples.get('webhook')),
    `## Objects\n\n${objects.join('\n')}`,
    errorCodes(),
  ].join('\n')
}

function operation(described: Described, examples: ReadonlyMap<string, Example>): string {
  const { route, operation: about } = described
  const token = needsToken(route)
    ? `Token: ${route.access}.`
    : route.access === 'monitor'
      ? 'Token: METRICS_TOKEN.'
      : 'No token.'
  return [
    `### ${route.method} ${pathOf(described)}\n`,
    [`${about.summary}.`, about.more, token].filter(Boolean).join(' '),
    '',
    parameters(described),
    answers(described),
    example(examples.get(about.id)),
  ].join('\n')
}

function parameters({ route, operation: { pages, ifMatch } }: Described): string {
  const inPath = [...route.path.matchAll(/:(\w+)/g)].map(([, name = '']) => name)
  const shared = [...inPath, ...(ifMatch === true ? ['ifMatch'] : [])].map((name) => {
    const given = PARAMETERS[name] as { name: string; description?: string; schema: JsonSchema }
    return row(given.name, given.schema, name !== 'ifMatch', given.description)
  })
  const query = route.query === undefined ? [] : rows(toSchema(route.query, 'whole'))
  const paged = pages === undefined ? [] : ['| `cursor`, `limit` | | the page |']
  const all = [...shared, ...query, ...paged]
  const body = route.body === undefined ? '' : `Body: ${linked(typeOf(toSchema(route.body)))}.\n`
  return `${all.length === 0 ? '' : `${table(['parameter', 'type', ''], all)}${body === '' ? '' : '\n'}`}${body}`
}

function answers(described: Described): string {
  const own = Object.entries(described.operation.answers).map(
    ([status, { description, schema, types }]) => {
      const type = schema === undefined ? (types ?? []).join(', ') : inline(toSchema(schema))
      return `| ${status} | ${description}: ${type} |`
    },
  )
  const failures = [...codesByStatus(described)].flatMap(([status, codes]) => {
    const named = codes.filter((code) => !USUAL.includes(code)).map((code) => `\`${code}\``)
    return named.length === 0 ? [] : [`| ${status} | ${named.join(', ')} |`]
  })
  const lines = [...own, ...failures].toSorted((a, b) => (a.slice(0, 5) < b.slice(0, 5) ? -1 : 1))
  return `${table(['status', ''], lines)}`
}

/** The codes that follow from who may call an operation and whether it has a body. The introduction names them once. */
const USUAL: readonly ProblemCode[] = [
  'unauthorized',
  'forbidden',
  'body_too_large',
  'internal',
  'misconfigured',
  'store_unavailable',
]

/** An object in an answer, such as a page of a list, in one line. */
function inline({ $ref, properties }: JsonSchema): string {
  if ($ref !== undefined) return linked(typeOf({ $ref }))
  const parts = Object.entries(properties ?? {}).map(
    ([name, schema]) => `\`${name}\`: ${linked(typeOf(schema as JsonSchema))}`,
  )
  return parts.join(', ')
}

function fields(schema: JsonSchema): string {
  const more = schema.additionalProperties === true ? ['| … | | further fields |'] : []
  return table(['field', 'type', ''], [...rows(schema), ...more])
}

const rows = ({ properties = {}, required = [] }: JsonSchema): readonly string[] =>
  Object.entries(properties).map(([name, schema]) =>
    row(name, schema as JsonSchema, required.includes(name), (schema as JsonSchema).description),
  )

function row(name: string, schema: JsonSchema, isRequired: boolean, words = ''): string {
  const { minimum, maximum, default: usual, pattern, format } = schema
  const limits = [
    maximum === undefined ? undefined : `${minimum} to ${maximum}`,
    usual === undefined ? undefined : `default ${JSON.stringify(usual)}`,
    pattern === undefined || pattern.length > PATTERN_MAX
      ? undefined
      : `\`${pattern.replaceAll('|', '\\|')}\``,
    format,
  ].filter((each) => each !== undefined)
  const notes = [words, ...limits].filter((each) => each !== '').join('; ')
  return `| \`${name}\`${isRequired ? '' : '?'} | ${linked(typeOf(schema))} | ${notes} |`
}

/** A type of TypeScript in one line, as Markdown: named objects are links. */
function linked(type: string): string {
  const flat = type
    .replace(/\/\*\*.*?\*\//g, '')
    .replace(/\n/g, '; ')
    .replace(/\{; /g, '{ ')
    .replace(/; (; )*\}/g, ' }')
    .replace(/(; )+/g, '; ')
    .replace(/\((\w+)\)\[\]/g, '$1[]')
  const [, name, rest] = /^(\w+)(\[\])?$/.exec(flat) ?? []
  if (name !== undefined && name in NAMED) {
    return `[${name}](#${name.toLowerCase()})${rest ?? ''}`
  }
  return `\`${flat.replaceAll('|', '\\|')}\``
}

function example(given: Example | undefined): string {
  if (given === undefined) return ''
  const { method, path, body, status, answer } = given
  const sent = body === undefined ? '' : `\n${JSON.stringify(body, null, 2)}`
  return `\`\`\`http\n${method} ${path}${sent}\n\n${status}\n${pretty(answer)}\n\`\`\`\n`
}

const LINES_MAX = 40

function pretty(answer: string): string {
  const text = answer.startsWith('{') ? JSON.stringify(JSON.parse(answer), null, 2) : answer.trim()
  const lines = text.split('\n')
  return lines.length <= LINES_MAX ? text : [...lines.slice(0, LINES_MAX), '…'].join('\n')
}

function webhooks(given: Example | undefined): string {
  const types = Object.entries(WEBHOOK_DATA).map(
    ([type, data]) => `| \`${type}\` | ${linked(typeOf(toSchema(data)))} |`,
  )
  return `## Webhooks

The Worker posts to WEBHOOK_URL in the form of [Standard Webhooks](https://www.standardwebhooks.com): headers \`webhook-id\`, \`webhook-timestamp\`, \`webhook-signature\`, and a body
\`{ "type", "timestamp", "data" }\`. Check the signature, handle each \`webhook-id\` once, drop a smaller \`revision\` about the same subject, and answer 2xx. \`alert\` goes to ALERT_URL, for operators.

${table(['type', 'data'], types)}
\`\`\`json
${pretty(given?.answer ?? '')}
\`\`\`
`
}

function errorCodes(): string {
  const lines = Object.entries(PROBLEMS).map(
    ([code, { status, title, detail }]) =>
      `| \`${code}\` | ${status} | **${title}.** ${detail.replaceAll('|', '\\|')} |`,
  )
  return `## Error codes\n\n${table(['code', 'status', ''], lines)}`
}

const sentence = (text: string | undefined): string => (text === undefined ? '' : `${text}.\n\n`)

const table = (head: readonly string[], lines: readonly string[]): string =>
  [`| ${head.join(' | ')} |`, `|${head.map(() => '---|').join('')}`, ...lines, ''].join('\n')
