/** JSON Schema from valibot schemas: from those that check the input of the Worker, and from those of its answers. */
import { type ConversionConfig, type JsonSchema, toJsonSchema } from '@valibot/to-json-schema'
import type { GenericSchema } from 'valibot'
import { MEANINGS, NAMED } from './schemas/named.ts'

export type { JsonSchema }
/** A part of the document. */
export type Json = Readonly<Record<string, unknown>>

/** The language of the notes about fields, and of the words of checks. The schemas have them in English. */
export type Notes = Readonly<{
  /** Says a note of the schemas in this language. */
  say: (english: string) => string
  /** Between the notes of one field. */
  separator: string
}>

/** The notes as the schemas have them. */
export const ENGLISH_NOTES: Notes = { say: (english) => english, separator: '; ' }

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
  notes = ENGLISH_NOTES,
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
    overrideAction: (context) => overrideAction(context, notes),
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
export const namedSchemas = (notes = ENGLISH_NOTES): Readonly<Record<string, JsonSchema>> =>
  Object.fromEntries(
    Object.entries(NAMED).map(([name, schema]) => [
      name,
      withMeanings(toSchema(schema, 'whole', notes), meaningsOf(name), notes),
    ]),
  )

const meaningsOf = (name: string): Readonly<Record<string, string>> =>
  (MEANINGS as Readonly<Record<string, Readonly<Record<string, string>>>>)[name] ?? {}

function withMeanings(
  schema: JsonSchema,
  meanings: Readonly<Record<string, string>>,
  notes: Notes,
): JsonSchema {
  const properties = { ...schema.properties }
  for (const [name, meaning] of Object.entries(meanings)) {
    const property = properties[name]
    if (typeof property !== 'object') throw new Error(`no field ${name}`)
    const own = property.description === undefined ? [] : [property.description]
    const description = [notes.say(meaning), ...own].join(notes.separator)
    properties[name] = { ...property, description }
  }
  return { ...schema, properties }
}

/**
 * What JSON Schema cannot say becomes prose, in the words of the error message: `maxLength` counts characters, and the
 * Worker counts bytes.
 */
function overrideAction(
  { valibotAction, jsonSchema }: ActionContext,
  notes: Notes,
): JsonSchema | null {
  const words = 'message' in valibotAction ? String(valibotAction.message) : undefined
  const { requirement } = valibotAction as { requirement?: unknown }
  switch (valibotAction.type) {
    case 'description': {
      const { description } = valibotAction as { description?: unknown }
      return { ...jsonSchema, description: notes.say(String(description)) }
    }
    case 'check':
      return withWords(jsonSchema, words, notes)
    case 'min_bytes':
      return requirement === 1 ? { ...jsonSchema, minLength: 1 } : jsonSchema
    case 'max_bytes':
      return { ...withWords(jsonSchema, words, notes), maxLength: Number(requirement) }
    case 'regex': {
      // A short pattern says it well enough.
      const { source } = requirement as RegExp
      const isLong = source.length > PATTERN_MAX
      return { ...(isLong ? withWords(jsonSchema, words, notes) : jsonSchema), pattern: source }
    }
    default:
      return null
  }
}

type ActionContext = Parameters<NonNullable<ConversionConfig['overrideAction']>>[0]

/** A pattern of more characters needs words. */
export const PATTERN_MAX = 40

function withWords(schema: JsonSchema, words: string | undefined, notes: Notes): JsonSchema {
  if (words === undefined) return schema
  const before = schema.description === undefined ? [] : [schema.description]
  return { ...schema, description: [...before, notes.say(words)].join(notes.separator) }
}
