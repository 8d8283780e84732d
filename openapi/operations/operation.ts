/** What the document says about a route besides what the route table of the Worker says. */
import type { GenericSchema } from 'valibot'
import type { ProblemCode } from '../../src/routes/http/problem.ts'
import type { Route } from '../../src/routes/http/routes.ts'

/** The body of an answer that is no error: JSON of a schema, or another media type. */
export type Answer = Readonly<{
  /** JSON when there is a schema. */
  schema?: GenericSchema
  /** Other media types. Their bodies are not described. */
  types?: readonly string[]
  /** The answer has an ETag with the revision of the order. */
  etag?: true
  description: string
}>

/** One operation. What the route table says is not repeated here: method, path, who may call it, query and body. */
export type Operation = Readonly<{
  /** The name in clients. Contract: never renamed. */
  id: string
  /** What it does, in one line. It is part of `openapi.json`. */
  summary: string
  /** What a developer should know besides. It is part of `docs/api.md` alone, because `openapi.json` is in the Worker. */
  more?: string
  /** How the pages of a list begin. */
  pages?: 'newest' | 'oldest'
  /** It takes `If-Match` with a revision. */
  ifMatch?: true
  answers: Readonly<Record<number, Answer>>
  /** The error codes of its own, besides those that follow from the route table. */
  codes: readonly ProblemCode[]
  /** Codes that every operation has, but not this one: its answers themselves say what failed. */
  never?: readonly ProblemCode[]
}>

/** A route as the document names it: `GET /orders/:ordercode`. */
export type RouteName<R extends Route> = R extends Route ? `${R['method']} ${R['path']}` : never

/** One entry for each route of a table. A route without an entry, or an entry without a route, does not compile. */
export type Operations<Table extends readonly Route[]> = Readonly<
  Record<RouteName<Table[number]>, Operation>
>
