/** The responses of operations: their answers, and their error codes by status. */
import { PROBLEMS, type ProblemCode } from '../src/routes/http/problem.ts'
import { codesByStatus, type Described } from './described.ts'
import { type Json, ref, toSchema } from './json-schema.ts'
import type { Answer } from './operations/operation.ts'

/** The responses of an operation by status. Those that have error codes alone are references to {@link sharedResponses}. */
export function responsesOf(described: Described): Json {
  const { answers } = described.operation
  const codes = codesByStatus(described)
  const statuses = new Set([...Object.keys(answers).map(Number), ...codes.keys()])
  return Object.fromEntries(
    [...statuses]
      .toSorted((a, b) => a - b)
      .map((status) => {
        const answer = answers[status]
        const problems = codes.get(status)
        if (answer === undefined) return [status, ref('responses', nameOf(status, problems ?? []))]
        return [status, responseOf(answer, problems)]
      }),
  )
}

/** The responses with error codes alone, by name, so that equal ones are written once. */
export function sharedResponses(all: readonly Described[]): Json {
  const shared = all.flatMap((described) =>
    [...codesByStatus(described)]
      .filter(([status]) => described.operation.answers[status] === undefined)
      .map(([status, codes]) => [nameOf(status, codes), problemResponse(codes)] as const),
  )
  return Object.fromEntries(shared.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

const nameOf = (status: number, codes: readonly ProblemCode[]): string =>
  [status, ...codes].join('.')

function responseOf(
  { schema, types = ['application/json'], etag, description }: Answer,
  codes: readonly ProblemCode[] | undefined,
): Json {
  const body = schema === undefined ? {} : { schema: toSchema(schema) }
  return {
    description,
    ...(etag === true ? { headers: { ETag: ref('headers', 'ETag') } } : {}),
    content: {
      ...Object.fromEntries(types.map((type) => [type, body])),
      ...(codes === undefined ? {} : problemContent(codes)),
    },
  }
}

function problemResponse(codes: readonly ProblemCode[]): Json {
  const waits = codes.some((code) => 'retryAfterS' in PROBLEMS[code])
  return {
    description: codes.map((code) => PROBLEMS[code].title).join('; '),
    ...(waits ? { headers: { 'Retry-After': ref('headers', 'RetryAfter') } } : {}),
    content: problemContent(codes),
  }
}

const problemContent = (codes: readonly ProblemCode[]): Json => ({
  'application/problem+json': {
    schema: { ...ref('schemas', 'Problem'), properties: { code: { enum: codes } } },
  },
})
