/** The words of `docs/api.md` and of the same document in other languages. A language that lacks one does not compile. */
import type { ProblemCode } from '../../src/routes/http/problem.ts'
import type { ROUTES } from '../../src/routes/routes.ts'
import type { Notes } from '../json-schema.ts'
import type { Operation } from '../operations/operation.ts'
import type { Group, OPERATION_OF, OperationName } from '../operations/operations.ts'
import type { PARAMETER_NOTES } from '../requests.ts'
import type { MEANINGS, NAMED } from '../schemas/named.ts'

/** All that the document says in one language. What it only shows is the same in each: names, types, exchanges. */
export type Words = Notes &
  Readonly<{
    /** From the title to the first group. */
    opening: string
    groups: Readonly<Record<Group['tag'], string>>
    operations: Readonly<Record<OperationName, OperationText>>
    problems: Readonly<Record<ProblemCode, ProblemText>>
    /** The heading and the text before the table of the types. */
    webhooks: string
    objects: string
    errorCodes: string
    /** Heads of columns. `note` is the last one of most tables. */
    columns: Readonly<
      Record<'parameter' | 'field' | 'type' | 'status' | 'code' | 'data' | 'note', string>
    >
    /** A phrase as a sentence. */
    sentence: (phrase: string) => string
    /** Between two sentences. */
    space: string
    /** Between two items of a list. */
    comma: string
    /** Between a description and what it is about. */
    colon: string
    noToken: string
    token: (name: string) => string
    body: (type: string) => string
    page: string
    furtherFields: string
    range: (minimum: number, maximum: number) => string
    usual: (value: string) => string
    problem: (text: ProblemText) => string
  }>

export type OperationText = Readonly<{
  summary: string
  more?: string
  /** By status. */
  answers: Readonly<Record<number, string>>
}>

export type ProblemText = Readonly<{ title: string; detail: string }>

/** For each operation what its English entry has: `more` where that has it, and the same statuses. */
export type OperationTexts = {
  readonly [Name in OperationName]: OperationTextOf<(typeof OPERATION_OF)[Name]>
}

type OperationTextOf<O extends Operation> = Readonly<{
  summary: string
  answers: Readonly<Record<keyof O['answers'], string>>
}> &
  (O extends { more: string } ? Readonly<{ more: string }> : unknown)

/** Every note of the schemas in English, as a literal. The words of a check that have figures in them are not among them. */
export type Note = Literal<
  | NoteIn<(typeof NAMED)[keyof typeof NAMED] | QueryOf<(typeof ROUTES)[number]>>
  | Values<Values<typeof MEANINGS>>
  | Values<typeof PARAMETER_NOTES>
>

type QueryOf<Route> = Route extends { query: infer Query } ? Query : never

/** The notes in a schema of valibot, at any depth. */
type NoteIn<Part> =
  | (Part extends { type: 'description'; description: infer Text } ? Text : never)
  | (Part extends { type: 'check' | 'regex'; message: infer Text } ? Text : never)
  | (Part extends { pipe: readonly (infer Step)[] } ? NoteIn<Step> : never)
  | (Part extends { entries: infer Entries } ? NoteIn<Values<Entries>> : never)
  | (Part extends { wrapped: infer Wrapped } ? NoteIn<Wrapped> : never)
  | (Part extends { item: infer Item } ? NoteIn<Item> : never)

/** The values of each member of a union. */
type Values<T> = T extends unknown ? T[keyof T] : never

type Literal<T> = T extends string ? (string extends T ? never : T) : never
