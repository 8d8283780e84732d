/** Each route of the Worker with what the document says about it. */
import { PROBLEMS, type ProblemCode } from '../src/routes/http/problem.ts'
import type { Route } from '../src/routes/http/routes.ts'
import { ROUTES } from '../src/routes/routes.ts'
import type { Operation } from './operations/operation.ts'
import {
  type Group,
  GROUPS,
  OPERATION_OF,
  type OperationName,
  OPERATIONS,
} from './operations/operations.ts'

/** A route, with what the document says about it. */
export type Described = Readonly<{
  name: OperationName
  route: Omit<Route, 'handler'>
  operation: Operation
  group: Group
}>

/** All operations in the order of the document. */
export const DESCRIBED: readonly Described[] = [
  ...ROUTES.map(describe),
  {
    name: 'GET /openapi.json',
    route: { method: 'GET', path: '/openapi.json', access: 'everyone' },
    operation: OPERATION_OF['GET /openapi.json'],
    group: OPERATIONS,
  },
]

function describe(route: Route): Described {
  const name = `${route.method} ${route.path}` as OperationName
  const found = GROUPS.flatMap((group) => {
    const operation = group.operations[name]
    return operation === undefined ? [] : [{ name, route, operation, group }]
  })
  const [described] = found
  if (described === undefined || found.length > 1)
    throw new Error(`${name}: ${found.length} entries`)
  return described
}

/** Whether a route needs a token of ours. */
export const needsToken = ({ access }: Described['route']): boolean =>
  access === 'viewer' || access === 'operator'

/** The error codes of an operation: its own, and those that follow from the route table. */
function codesOf({ route, operation }: Described): readonly ProblemCode[] {
  const { access, body } = route
  const implied: Partial<Record<ProblemCode, boolean>> = {
    unauthorized: needsToken(route) || access === 'monitor',
    forbidden: access === 'operator',
    invalid_request: body !== undefined,
    body_too_large: body !== undefined,
    internal: true,
    misconfigured: true,
    store_unavailable: true,
  }
  const { codes, never = [] } = operation
  return IN_ORDER.filter(
    (code) => (implied[code] === true && !never.includes(code)) || codes.includes(code),
  )
}

const IN_ORDER = Object.keys(PROBLEMS) as readonly ProblemCode[]

/** The error codes of an operation by their HTTP status. */
export const codesByStatus = (described: Described): ReadonlyMap<number, readonly ProblemCode[]> =>
  Map.groupBy(codesOf(described), (code) => PROBLEMS[code].status)

/** The path as OpenAPI writes it. */
export const pathOf = ({ route }: Described): string => route.path.replace(/:(\w+)/g, '{$1}')
