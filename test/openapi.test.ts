/** What `npm run openapi` makes: the document, and that it describes the Worker and nothing else. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { makeDocument } from '../openapi/document.ts'
import { DOCUMENT, isCurrent, locate, makeFiles } from '../openapi/files.ts'
import { textOf } from '../openapi/text.ts'
import { makeExamples } from '../testing/contract/examples.ts'
import { PROBLEMS } from '../src/routes/http/problem.ts'
import { ROUTES } from '../src/routes/routes.ts'

const ROOT = join(import.meta.dirname, '..')

type Part = Readonly<Record<string, unknown>>
type Document = Readonly<{
  paths: Readonly<Record<string, Readonly<Record<string, Part & { operationId: string }>>>>
  components: Readonly<{ schemas: Readonly<Record<string, Part>> }>
}>
const document = JSON.parse(readFileSync(locate(DOCUMENT), 'utf8')) as Document

/** Every object and array in a value. */
function* partsOf(value: unknown): Generator<Part> {
  if (typeof value !== 'object' || value === null) return
  yield value as Part
  for (const each of Object.values(value)) yield* partsOf(each)
}

describe('the generated files', () => {
  it('are current', async () => {
    const old = (await makeFiles(await makeExamples())).filter((file) => !isCurrent(file))
    expect(
      old.map(({ path }) => path),
      'run: npm run openapi',
    ).toEqual([])
  })

  it('are the same every time', async () => {
    expect(textOf(makeDocument())).toBe(textOf(makeDocument()))
    const [first, second] = [await makeExamples(), await makeExamples()]
    expect(await makeFiles(first)).toEqual(await makeFiles(second))
  })
})

describe('openapi.json', () => {
  it('has every route of the Worker, itself, and nothing else', () => {
    const described = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    )
    const served = ROUTES.map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`)
    expect(described.sort()).toEqual([...served, 'GET /openapi.json'].sort())
  })

  it('names each operation once', () => {
    const ids = Object.values(document.paths).flatMap((methods) =>
      Object.values(methods).map(({ operationId }) => operationId),
    )
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('refers to nothing that it lacks, and has nothing that is not referred to', () => {
    const refs = new Set([...partsOf(document)].flatMap(({ $ref }) => ($ref as string) ?? []))
    const components = Object.entries(document.components)
      .filter(([kind]) => kind !== 'securitySchemes')
      .flatMap(([kind, all]) => Object.keys(all).map((name) => `#/components/${kind}/${name}`))
    expect([...refs].sort()).toEqual(components.sort())
  })

  it('has every error code of the Worker, and those of unknown paths and methods in words', () => {
    const codes = [...partsOf(document.paths), ...partsOf(document.components)].flatMap((part) =>
      typeof part['code'] === 'object' ? (((part['code'] as Part)['enum'] ?? []) as string[]) : [],
    )
    const named = /404 not_found.*405 method_not_allowed/.test(JSON.stringify(document))
    expect(named).toBe(true)
    expect(new Set([...codes, 'method_not_allowed'])).toEqual(new Set(Object.keys(PROBLEMS)))
  })

  it('has schemas of JSON Schema 2020-12', () => {
    const ajv = new Ajv2020({ strict: false })
    for (const [name, schema] of Object.entries(document.components.schemas)) {
      expect(ajv.validateSchema(schema), name).toBe(true)
    }
    expect(ajv.validateSchema({ type: 'text' })).toBe(false)
  })

  it('keeps the rules of redocly.yaml', { timeout: 60_000 }, async () => {
    const redocly = join(ROOT, 'node_modules/@redocly/cli/bin/cli.js')
    const config = join(ROOT, 'redocly.yaml')
    const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' }
    const given = [redocly, 'lint', locate(DOCUMENT), '--config', config, '--format', 'json']
    const { stdout } = await promisify(execFile)(process.execPath, given, { env })
    expect(JSON.parse(stdout)).toMatchObject({ totals: { errors: 0, warnings: 0 } })
  })
})
