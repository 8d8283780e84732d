/**
 * Code that checks exchanges against `openapi.json`, made before the tests run: workerd does not compile code, so Ajv writes
 * its validators as a module.
 */
import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import standalone from 'ajv/dist/standalone/index.js'
import addFormats from 'ajv-formats'
import { build } from 'esbuild'

type Part = Readonly<Record<string, unknown>>
type Content = Readonly<Record<string, Part>>
type Response = Readonly<{ $ref?: string; content?: Content }>
type Parameter = Readonly<{ name: string; in: string; required?: boolean; schema: Part }>
type Operation = Readonly<{
  operationId: string
  parameters?: readonly (Parameter & { $ref?: string })[]
  requestBody?: Readonly<{ content: Content }>
  responses: Readonly<Record<string, Response>>
}>
type Document = Readonly<{
  paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  webhooks: Readonly<Record<string, Readonly<{ post: Operation }>>>
  components: Readonly<Record<string, Readonly<Record<string, Part>>>>
}>

const ROOT = 'openapi.json'
const JSON_TYPES = ['application/json', 'application/problem+json']

/**
 * Makes the module. Its exports are described in `virtual-contract.d.ts`.
 *
 * @param path Where `openapi.json` is.
 */
export async function validatorsModule(path: string): Promise<string> {
  const document = JSON.parse(readFileSync(path, 'utf8')) as Document
  // A schema that others refer to becomes one function: inlined, the module would have four megabytes.
  const ajv = new Ajv2020({ strict: false, inlineRefs: false, code: { source: true, esm: true } })
  addFormats(ajv)
  ajv.addSchema(withoutMore(document), ROOT)
  const names: Record<string, string> = {}
  const made = new Map<string, string>()
  /** Makes a validator of a schema, unless there is an equal one. @returns its name in the module. */
  const validator = (schema: object): string => {
    const text = JSON.stringify(schema)
    const known = made.get(text)
    if (known !== undefined) return known
    const name = `check${made.size}`
    made.set(text, name)
    names[name] = name
    ajv.addSchema(schema, name)
    return name
  }
  const at = (...pointer: readonly string[]): object => ({
    $ref: `${ROOT}#/${pointer.map((each) => each.replaceAll('~', '~0').replaceAll('/', '~1')).join('/')}`,
  })

  const operations = Object.entries(document.paths).flatMap(([route, methods]) =>
    Object.entries(methods).map(([method, operation]) => {
      const within = ['paths', route, method]
      const responses = Object.entries(operation.responses).map(([status, given]) => {
        const place =
          given.$ref === undefined
            ? [...within, 'responses', status]
            : given.$ref.slice('#/'.length).split('/')
        const { content = {} } = get(document, place) as Response
        const checks = Object.entries(content).map(([type, { schema }]) => [
          type,
          JSON_TYPES.includes(type) && schema !== undefined
            ? validator(at(...place, 'content', type, 'schema'))
            : null,
        ])
        const codes = Object.values(content).flatMap(codesIn)
        return [status, { checks: Object.fromEntries(checks), codes }]
      })
      const parameters = (operation.parameters ?? []).map(({ $ref, ...parameter }) =>
        $ref === undefined
          ? (parameter as Parameter)
          : (get(document, $ref.slice('#/'.length).split('/')) as Parameter),
      )
      const of = (place: string): string => validator(objectOf(parameters, place))
      const body = operation.requestBody?.content['application/json']
      return {
        id: operation.operationId,
        method: method.toUpperCase(),
        path: route,
        responses: Object.fromEntries(responses),
        inPath: of('path'),
        query: of('query'),
        body:
          body === undefined
            ? null
            : validator(at(...within, 'requestBody', 'content', 'application/json', 'schema')),
      }
    }),
  )
  const webhooks = Object.keys(document.webhooks).map((type) => [
    type,
    validator(at('webhooks', type, 'post', 'requestBody', 'content', 'application/json', 'schema')),
  ])
  const source = [
    standalone(ajv, names),
    `export const OPERATIONS = ${JSON.stringify(operations)}`,
    `export const WEBHOOKS = ${JSON.stringify(Object.fromEntries(webhooks))}`,
    `export const CHECKS = { ${Object.keys(names).join(', ')} }`,
  ].join('\n')
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: import.meta.dirname, loader: 'js' },
    bundle: true,
    format: 'esm',
    minify: true,
    write: false,
  })
  return outputFiles[0]?.text ?? ''
}

const get = (value: unknown, pointer: readonly string[]): unknown =>
  pointer.reduce((part, name) => (part as Part)[name], value)

const codesIn = ({ schema }: Part): readonly string[] => {
  const { properties } = (schema ?? {}) as { properties?: { code?: { enum?: readonly string[] } } }
  return properties?.code?.enum ?? []
}

/** The parameters of one place as an object. A query may have more, which the Worker ignores. */
const objectOf = (parameters: readonly Parameter[], place: string): Part => {
  const here = parameters.filter((parameter) => parameter.in === place)
  return {
    type: 'object',
    properties: Object.fromEntries(here.map(({ name, schema }) => [name, schema])),
    required: here.filter(({ required }) => required === true).map(({ name }) => name),
  }
}

/**
 * Closes the schemas of what the Worker sends. Clients must accept fields that are added later, so the document leaves them
 * open; but a field that the Worker sends today must be in it.
 */
function withoutMore(document: Document): Document {
  const { paths, webhooks, components } = document
  const inputs = new Set(JSON.stringify(bodiesOf(paths)).match(/(?<=schemas\/)\w+/g) ?? [])
  const schemas = Object.entries(components['schemas'] ?? {}).map(([name, schema]) => [
    name,
    inputs.has(name) ? schema : closed(schema),
  ])
  return {
    ...document,
    paths: closed(paths) as Document['paths'],
    webhooks: closed(webhooks) as Document['webhooks'],
    components: { ...components, schemas: Object.fromEntries(schemas) },
  }
}

const bodiesOf = (paths: Document['paths']): readonly unknown[] =>
  Object.values(paths).flatMap((methods) =>
    Object.values(methods).map(({ requestBody }) => requestBody),
  )

function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed)
  if (typeof value !== 'object' || value === null) return value
  const part = Object.fromEntries(Object.entries(value).map(([name, each]) => [name, closed(each)]))
  const isOpen =
    part['type'] === 'object' &&
    typeof part['properties'] === 'object' &&
    part['additionalProperties'] === undefined
  return isOpen ? { ...part, additionalProperties: false } : part
}
