/** The typed client of the shop: types of all that is sent and answered, and a function for each operation behind a token. */
import { format } from 'prettier'
import { codesByStatus, DESCRIBED, type Described, needsToken } from './described.ts'
import { type JsonSchema, namedSchemas, toSchema } from './json-schema.ts'
import { GROUPS } from './operations/operations.ts'
import { WEBHOOK_DATA } from './schemas/webhook.ts'

const HEAD = `/**
 * A client of wxpay-edge for the shop's backend. Made by \`npm run openapi\`: do not change it here. It needs nothing but fetch.
 */
`

const RUNTIME = `
/**
 * The answer to a call. \`problem\` says why it is none that was hoped for; it is undefined when the answer is not from the
 * Worker, but from a proxy before it.
 */
export type Reply<Value, Code extends ProblemCode = ProblemCode> =
  | { ok: true; status: number; value: Value }
  | { ok: false; status: number; problem: (Problem & { code: Code }) | undefined }

/** Where the Worker is, and who calls. */
export type ClientOptions = {
  /** Such as \`https://pay.example.com\`. */
  origin: string
  /** MERCHANT_TOKEN, or the token of an operator. */
  token: string
  /** Sends a request. Default: \`fetch\`. */
  send?: (request: Request) => Promise<Response>
}

type Call = {
  query?: Readonly<Record<string, string | number | undefined>>
  body?: unknown
  headers?: Readonly<Record<string, string>>
  /** The body of the answer is a file. */
  file?: true
}

/** Makes a client. Its functions reject only when no answer came: the call may have taken effect, so repeat it as it was. */
export function createClient({ origin, token, send = (request) => fetch(request) }: ClientOptions) {
  async function call<Value, Code extends ProblemCode>(
    method: string,
    path: string,
    { query = {}, body, headers = {}, file }: Call = {},
  ): Promise<Reply<Value, Code | UsualCode>> {
    const url = new URL(path, origin)
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value))
    }
    const given = body === undefined ? {} : { body: JSON.stringify(body) }
    const type = body === undefined ? {} : { 'content-type': 'application/json' }
    const response = await send(
      new Request(url, {
        method,
        headers: { authorization: \`Bearer \${token}\`, ...type, ...headers },
        ...given,
      }),
    )
    const { ok, status } = response
    if (ok) return { ok, status, value: (file ? await response.blob() : await response.json()) as Value }
    const isProblem = response.headers.get('content-type')?.includes('problem+json') === true
    const problem = isProblem ? ((await response.json()) as Problem & { code: Code | UsualCode }) : undefined
    return { ok, status, problem }
  }
`

/** The operations behind a token, those of the shop first. */
const CALLED = DESCRIBED.filter(({ route }) => needsToken(route)).toSorted(
  (a, b) => GROUPS.indexOf(a.group) - GROUPS.indexOf(b.group),
)

const codesOf = (described: Described): readonly string[] =>
  [...codesByStatus(described).values()].flat()

/** The codes that every one of them has. */
const USUAL = codesOf(CALLED[0] as Described).filter((code) =>
  CALLED.every((described) => codesOf(described).includes(code)),
)

/** Makes the source of the client. */
export async function makeClient(): Promise<string> {
  const functions = CALLED.map(functionOf)
  const source = [
    HEAD,
    ...usedTypes([...functions, webhookType(), 'Problem'].join('\n')),
    `/** The codes that every call may get. */\nexport type UsualCode = ${literals(USUAL)}\n`,
    "/** The code of an error. */\nexport type ProblemCode = Problem['code']\n",
    webhookType(),
    RUNTIME,
    `return {\n${functions.join('\n')}\n}\n}\n`,
    '/** A client, made by {@link createClient}. */\nexport type Client = ReturnType<typeof createClient>\n',
  ]
  return format(source.join('\n'), {
    parser: 'typescript',
    semi: false,
    singleQuote: true,
    trailingComma: 'all',
    printWidth: 100,
  })
}

/** The types that a source uses, and those that they use. */
function usedTypes(source: string): readonly string[] {
  const all = Object.entries(namedSchemas()).map(
    ([name, schema]) => [name, namedType(name, schema)] as const,
  )
  const used = new Set<string>()
  const uses = (text: string): void => {
    for (const [name, type] of all) {
      if (used.has(name) || !new RegExp(`\\b${name}\\b`).test(text)) continue
      used.add(name)
      uses(type)
    }
  }
  uses(source)
  return all.flatMap(([name, type]) => (used.has(name) ? [type] : []))
}

const literals = (values: readonly string[]): string =>
  values.length === 0 ? 'never' : values.map((each) => `'${each}'`).join(' | ')

const namedType = (name: string, schema: JsonSchema): string =>
  `${comment(schema.description)}export type ${name} = ${typeOf(schema)}\n`

/** A union with an arm for each type of webhook, so that a switch over \`type\` knows what \`data\` is. */
function webhookType(): string {
  const { alert: _, ...ofShop } = WEBHOOK_DATA
  const arms = Object.entries(ofShop).map(
    ([type, data]) => `{ type: '${type}'; timestamp: string; data: ${typeOf(toSchema(data))} }`,
  )
  return `/** The body of a webhook. Verify its signature before you read it. */\nexport type Webhook =\n  | ${arms.join('\n  | ')}\n`
}

function functionOf(described: Described): string {
  const { route, operation } = described
  const { id, summary, pages, ifMatch, answers } = operation
  const inPath = [...route.path.matchAll(/:(\w+)/g)].map(([, name = '']) => name)
  const path = route.path.replace(/:(\w+)/g, '${encodeURIComponent($1)}')
  const codes = literals(codesOf(described).filter((code) => !USUAL.includes(code)))
  const [answer] = Object.values(answers)
  const isFile = answer?.schema === undefined
  const value = isFile ? 'Blob' : typeOf(toSchema(answer.schema))
  const query = queryType(described)
  const parameters = [
    ...inPath.map((name) => `${name}: string`),
    ...(route.body === undefined ? [] : [`body: ${typeOf(toSchema(route.body))}`]),
    ...(query === undefined ? [] : [`query: ${query} = {}`]),
    ...(ifMatch === true ? ['ifMatch?: string'] : []),
  ]
  const given = [
    ...(query === undefined ? [] : ['query']),
    ...(route.body === undefined ? [] : ['body']),
    ...(ifMatch === true
      ? ["...(ifMatch === undefined ? {} : { headers: { 'if-match': ifMatch } })"]
      : []),
    ...(isFile ? ['file: true'] : []),
  ]
  const about = [summary, ...(pages === undefined ? [] : ['in pages: pass next_cursor as cursor'])]
  return `${comment(`${about.join(', ')}.`)}${id}: (${parameters.join(', ')}) =>
    call<${value}, ${codes}>('${route.method}', \`${path}\`${given.length === 0 ? '' : `, { ${given.join(', ')} }`}),`
}

/** The type of what an operation takes as query; undefined for nothing. */
function queryType({ route, operation }: Described): string | undefined {
  const own = route.query === undefined ? {} : (toSchema(route.query).properties ?? {})
  const pages = operation.pages === undefined ? [] : ['cursor?: string', 'limit?: number']
  const fields = [
    ...Object.entries(own).map(([name, schema]) => `${name}?: ${typeOf(schema as JsonSchema)}`),
    ...pages,
  ]
  return fields.length === 0 ? undefined : `{ ${fields.join('; ')} }`
}

/** A JSON Schema as a type. The document uses few of the schema's words; another one is an error here. */
export function typeOf(schema: JsonSchema): string {
  if (schema.$ref !== undefined) return schema.$ref.split('/').at(-1) ?? ''
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum !== undefined) return schema.enum.map((each) => JSON.stringify(each)).join(' | ')
  if (schema.anyOf !== undefined) return union(schema.anyOf as readonly JsonSchema[])
  const { type } = schema
  if (Array.isArray(type)) return type.map((each) => typeOf({ ...schema, type: each })).join(' | ')
  switch (type) {
    case 'string':
    case 'boolean':
    case 'number':
    case 'null':
      return type
    case 'integer':
      return 'number'
    case 'array':
      return `(${typeOf(schema.items as JsonSchema)})[]`
    case 'object':
      return objectType(schema)
    default:
      throw new Error(`no type for ${JSON.stringify(schema)}`)
  }
}

const union = (schemas: readonly JsonSchema[]): string => schemas.map(typeOf).join(' | ')

function objectType({ properties, required = [], additionalProperties }: JsonSchema): string {
  if (properties === undefined) {
    return `Record<string, ${typeOf(additionalProperties as JsonSchema)}>`
  }
  const fields = Object.entries(properties).map(([name, given]) => {
    const schema = given as JsonSchema
    const mark = required.includes(name) ? '' : '?'
    return `${comment(schema.description)}${name}${mark}: ${typeOf(schema)}`
  })
  const more = additionalProperties === true ? ['[more: string]: unknown'] : []
  return `{\n${[...fields, ...more].join('\n')}\n}`
}

const comment = (text: string | undefined): string => (text === undefined ? '' : `/** ${text} */\n`)
