/** `docs/api.md`, in each language: the document with the texts that are too long for it, and with real exchanges. */
import { PROBLEMS, type ProblemCode } from '../src/routes/http/problem.ts'
import { codesByStatus, DESCRIBED, type Described, needsToken, pathOf } from './described.ts'
import { type JsonSchema, namedSchemas, PATTERN_MAX, toSchema } from './json-schema.ts'
import { GROUPS } from './operations/operations.ts'
import { PARAMETERS } from './requests.ts'
import { NAMED } from './schemas/named.ts'
import { WEBHOOK_DATA } from './schemas/webhook.ts'
import { typeOf } from './typescript.ts'
import type { Words } from './words/words.ts'

/** An exchange with the Worker. */
export type Example = Readonly<{
  method: string
  path: string
  body: unknown
  status: number
  /** The body of the answer. */
  answer: string
}>

/** Makes the document in a language. @param examples By the name of the operation, and `webhook`. */
export function makeMarkdown(examples: ReadonlyMap<string, Example>, words: Words): string {
  const groups = GROUPS.map((group) =>
    [
      `## ${words.groups[group.tag]}\n`,
      ...DESCRIBED.filter((each) => each.group === group).map((each) =>
        operation(each, examples, words),
      ),
    ].join('\n'),
  )
  const objects = Object.entries(namedSchemas(words)).map(
    ([name, schema]) => `### ${name}\n\n${about(schema, words)}${fields(schema, words)}`,
  )
  return [
    words.opening,
    ...groups,
    webhooks(examples.get('webhook'), words),
    `## ${words.objects}\n\n${objects.join('\n')}`,
    errorCodes(words),
  ].join('\n')
}

function operation(
  described: Described,
  examples: ReadonlyMap<string, Example>,
  words: Words,
): string {
  const { name, route } = described
  const { summary, more } = words.operations[name]
  const token = needsToken(route)
    ? words.token(route.access)
    : route.access === 'monitor'
      ? words.token('METRICS_TOKEN')
      : words.noToken
  return [
    `### ${route.method} ${pathOf(described)}\n`,
    [words.sentence(summary), more, token].filter(Boolean).join(words.space),
    '',
    parameters(described, words),
    answers(described, words),
    example(examples.get(described.operation.id)),
  ].join('\n')
}

function parameters({ route, operation: { pages, ifMatch } }: Described, words: Words): string {
  const inPath = [...route.path.matchAll(/:(\w+)/g)].map(([, name = '']) => name)
  const shared = [...inPath, ...(ifMatch === true ? ['ifMatch'] : [])].map((name) => {
    const given = PARAMETERS[name] as { name: string; description?: string; schema: JsonSchema }
    const note = given.description === undefined ? '' : words.say(given.description)
    return row(given.name, given.schema, name !== 'ifMatch', words, note)
  })
  const query = route.query === undefined ? [] : rows(toSchema(route.query, 'whole', words), words)
  const paged =
    pages === undefined ? [] : [`| \`cursor\`${words.comma}\`limit\` | | ${words.page} |`]
  const all = [...shared, ...query, ...paged]
  const body =
    route.body === undefined ? '' : `${words.body(linked(typeOf(toSchema(route.body))))}\n`
  const { parameter, type, note } = words.columns
  return `${all.length === 0 ? '' : `${table([parameter, type, note], all)}${body === '' ? '' : '\n'}`}${body}`
}

function answers(described: Described, words: Words): string {
  const descriptions = words.operations[described.name].answers
  const own = Object.entries(described.operation.answers).map(([status, { schema, types }]) => {
    const type =
      schema === undefined ? (types ?? []).join(words.comma) : inline(toSchema(schema), words)
    const description = descriptions[Number(status)]
    return `| ${status} | ${description}${words.colon}${type} |`
  })
  const failures = [...codesByStatus(described)].flatMap(([status, codes]) => {
    const named = codes.filter((code) => !USUAL.includes(code)).map((code) => `\`${code}\``)
    return named.length === 0 ? [] : [`| ${status} | ${named.join(words.comma)} |`]
  })
  const lines = [...own, ...failures].toSorted((a, b) => (a.slice(0, 5) < b.slice(0, 5) ? -1 : 1))
  return table([words.columns.status, words.columns.note], lines)
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
function inline({ $ref, properties }: JsonSchema, words: Words): string {
  if ($ref !== undefined) return linked(typeOf({ $ref }))
  const parts = Object.entries(properties ?? {}).map(
    ([name, schema]) => `\`${name}\`: ${linked(typeOf(schema as JsonSchema))}`,
  )
  return parts.join(words.comma)
}

function fields(schema: JsonSchema, words: Words): string {
  const more = schema.additionalProperties === true ? [`| … | | ${words.furtherFields} |`] : []
  const { field, type, note } = words.columns
  return table([field, type, note], [...rows(schema, words), ...more])
}

const rows = ({ properties = {}, required = [] }: JsonSchema, words: Words): readonly string[] =>
  Object.entries(properties).map(([name, given]) => {
    const schema = given as JsonSchema
    return row(name, schema, required.includes(name), words, schema.description)
  })

function row(
  name: string,
  schema: JsonSchema,
  isRequired: boolean,
  words: Words,
  note = '',
): string {
  const { minimum, maximum, default: usual, pattern, format } = schema
  const limits = [
    maximum === undefined ? undefined : words.range(Number(minimum), Number(maximum)),
    usual === undefined ? undefined : words.usual(JSON.stringify(usual)),
    pattern === undefined || pattern.length > PATTERN_MAX
      ? undefined
      : `\`${pattern.replaceAll('|', '\\|')}\``,
    format,
  ].filter((each) => each !== undefined)
  const notes = [note, ...limits].filter((each) => each !== '').join(words.separator)
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

function webhooks(given: Example | undefined, words: Words): string {
  const types = Object.entries(WEBHOOK_DATA).map(
    ([type, data]) => `| \`${type}\` | ${linked(typeOf(toSchema(data)))} |`,
  )
  return `${words.webhooks}
${table([words.columns.type, words.columns.data], types)}
\`\`\`json
${pretty(given?.answer ?? '')}
\`\`\`
`
}

function errorCodes(words: Words): string {
  const lines = Object.entries(PROBLEMS).map(([code, { status }]) => {
    const text = words.problem(words.problems[code as ProblemCode])
    return `| \`${code}\` | ${status} | ${text.replaceAll('|', '\\|')} |`
  })
  const { code, status, note } = words.columns
  return `## ${words.errorCodes}\n\n${table([code, status, note], lines)}`
}

const about = ({ description }: JsonSchema, words: Words): string =>
  description === undefined ? '' : `${words.sentence(description)}\n\n`

const table = (head: readonly string[], lines: readonly string[]): string =>
  [`| ${head.join(' | ')} |`, `|${head.map(() => '---|').join('')}`, ...lines, ''].join('\n')
