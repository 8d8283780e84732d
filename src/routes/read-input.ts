/** From strangers' requests to checked values. Everything outside is `unknown` until a schema saw it. */
import * as v from 'valibot'
import { isOrdercode } from '../core/ids.ts'
import { readLimited } from '../core/read-limited.ts'
import { err, ok, type Result } from '../core/result.ts'
import { invalidRequest, problem, type FieldError } from './problem.ts'

export const BODY_BYTES_MAX = 64 * 1024

/** Reads a JSON body, or answers for it. An empty body is no JSON. */
export async function readJson(request: Request): Promise<Result<unknown, Response>> {
  const bytes = await readLimited(request.body, BODY_BYTES_MAX)
  if (bytes === undefined) return err(problem('body_too_large'))
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes)
    return ok(JSON.parse(text) as unknown)
  } catch {
    return err(invalidRequest([{ field: '', message: 'the body is not JSON in UTF-8' }]))
  }
}

/** Checks a value by a schema; every field that is wrong is named. */
export function check<const S extends v.GenericSchema>(
  schema: S,
  value: unknown,
): Result<v.InferOutput<S>, Response> {
  const parsed = v.safeParse(schema, value)
  if (parsed.success) return ok(parsed.output)
  const errors = parsed.issues.map((issue): FieldError => {
    const field = v.getDotPath(issue) ?? ''
    if (issue.type === 'strict_object' && issue.expected === 'never') {
      return { field, message: 'there is no such field' }
    }
    if (issue.received === 'undefined') return { field, message: 'is missing' }
    return { field, message: issue.message }
  })
  return err(invalidRequest(errors))
}

export const ordercodeSchema = v.pipe(
  v.string('must be text'),
  v.check(isOrdercode, 'must be 6 to 28 letters, digits, "_" or "-"'),
)

/** The ordercode of the path, or the answer to a bad one. */
export function readOrdercode(params: Readonly<Record<string, string>>): Result<string, Response> {
  const checked = check(v.object({ ordercode: ordercodeSchema }), params)
  return checked.ok ? ok(checked.value.ordercode) : checked
}
