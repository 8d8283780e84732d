/** JSON Schema from valibot schemas: from those that check the input of the Worker, and from those of its answers. */
import { type ConversionConfig, type JsonSchema, toJsonSchema } from '@valibot/to-json-schema'
import type { GenericSchema } from 'valibot'
import { MEANINGS, NAMED } from './schemas/named.ts'

export type { JsonSchema }
/** A part of the document. */
export type Json = Readonly<Record<string, unknown>>

/** A reference to a component of the document. */
export const ref = (kind: string, name: string): Json => ({ $ref: `#/components/${kind}/${name}` })

/**
 * Converts a schema. One that has a name becomes a reference.
 *
 * @param how `whole`: write the schema out, even if it has a name.
 */
export function toSchema(
  schema: GenericSchema,
  how: 'reference' | 'whole' = 'reference',
): JsonSchema {
  const others = Object.entries(NAMED).filter(([, named]) => how !== 'whole' || named !== schema)
  const {
    $schema: _,
    $defs: __,
    ...converted
  } = toJsonSchema(schema, {
    target: 'draft-2020-12',
    typeMode: 'input', // what is sent, before any transformation
    definitions: Object.fromEntries(others),
    overrideRef: ({ referenceId }) => `#/components/schemas/${referenceId}`,
    overrideAction,
    overrideSchema: ({ valibotSchema, jsonSchema }) => {
      if (valibotSchema.type === 'loose_object')
        return { ...jsonSchema, additionalProperties: true }
      return valibotSchema.type === 'nullable' ? nullable(jsonSchema) : null
    },
  })
  return converted
}

/** Writes "or null" as a second type, where there is one: it is shorter, and more tools know it. */
function nullable(schema: JsonSchema): JsonSchema | null {
  const [value, ...rest] = schema.anyOf ?? []
  if (typeof value !== 'object' || typeof value.type !== 'string') return null
  const values = value.enum === undefined ? {} : { enum: [...value.enum, null] }
  return rest.length === 1 ? { ...value, ...values, type: [value.type, 'null'] } : null
}

/** All schemas that have a name. */
export const namedSchemas = (): Readonly<Record<string, JsonSchema>> =>
  Object.fromEntries(
    Object.entries(NAMED).map(([name, schema]) => [
      name,
      withMeanings(toSchema(schema, 'whole'), MEANINGS[name as keyof typeof NAMED] ?? {}),
    ]),
  )

function withMeanings(schema: JsonSchema, meanings: Readonly<Record<string, string>>): JsonSchema {
  const properties = { ...schema.properties }
  for (const [name, meaning] of Object.entries(meanings)) {
    const property = properties[name]
    if (typeof property !== 'object') throw new Error(`no field ${name}`)
    properties[name] = { ...property, description: joined(meaning, property.description) }
  }
  return { ...schema, properties }
}

/**
 * What JSON Schema cannot say becomes prose, in the words of the error message: `maxLength` counts characters, and the
 * Worker counts bytes.
 */
const overrideAction: NonNullable<ConversionConfig['overrideAction']> = ({
  valibotAction,
  jsonSchema,
}) => {
  const words = 'message' in valibotAction ? String(valibotAction.message) : undefined
  const { requirement } = valibotAction as { requirement?: unknown }
  switch (valibotAction.type) {
    case 'check':
      return withWords(jsonSchema, words)
    case 'min_bytes':
      return requirement === 1 ? { ...jsonSchema, minLength: 1 } : jsonSchema
    case 'max_bytes':
      return { ...withWords(jsonSchema, words), maxLength: Number(requirement) }
    case 'regex': {
      // A short pattern says it well enough.
      const { source } = requirement as RegExp
      const isLong = source.length > PATTERN_MAX
      return { ...(isLong ? withWords(jsonSchema, words) : jsonSchema), pattern: source }
    }
    default:
      return null
  }
}

/** A pattern of more characters needs words. */
export const PATTERN_MAX = 40

const withWords = (schema: JsonSchema, words: string | undefined): JsonSchema =>
  words === undefined ? schema : { ...schema, description: joined(schema.description, words) }

const joined = (...words: readonly (string | undefined)[]): string =>
  words.filter((each) => each !== undefined).join('; ')
