/** Turns untrusted requests into checked values: every input is `unknown` until a schema has checked it. */
import { fromMillis } from '../../core/time.ts'
import * as v from 'valibot'
import { ORDERCODE } from '../../core/ids.ts'
import { readLimited } from '../../lib/limited-body.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import { isPlainText } from '../../lib/text.ts'
import { type FieldError, invalidRequest, problem } from './problem.ts'
import type { RouteRequest } from './request.ts'

const BODY_BYTES_MAX = 64 * 1024

/**
 * Reads a body of at most 64 KiB.
 *
 * @returns `broken_off` when the client disconnects before the end of the body.
 */
export async function readBody(
  request: Request,
): Promise<Result<Uint8Array, Readonly<{ reason: 'too_long' | 'broken_off' }>>> {
  try {
    const bytes = await readLimited(request.body, BODY_BYTES_MAX)
    return bytes === undefined ? err({ reason: 'too_long' }) : ok(bytes)
  } catch {
    return err({ reason: 'broken_off' })
  }
}

/**
 * Reads a JSON body.
 *
 * @returns the error response for a body that is too long, incomplete, empty or not JSON.
 */
export async function readJson(request: Request): Promise<Result<unknown, Response>> {
  const body = await readBody(request)
  if (!body.ok) {
    return err(
      body.error.reason === 'too_long'
        ? problem('body_too_large')
        : invalidRequest([{ field: '', message: 'the body ended before it was complete' }]),
    )
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(body.value)
    return ok(JSON.parse(text) as unknown)
  } catch {
    return err(invalidRequest([{ field: '', message: 'the body is not valid JSON in UTF-8' }]))
  }
}

/** Reads a JSON body and checks it. @returns the error response of {@link readJson} or {@link check}. */
export async function readInput<const S extends v.GenericSchema>(
  request: Request,
  schema: S,
): Promise<Result<v.InferOutput<S>, Response>> {
  const body = await readJson(request)
  return body.ok ? check(schema, body.value) : body
}

/** Checks a value against a schema. @returns the error response, which names every field that is wrong. */
export function check<const S extends v.GenericSchema>(
  schema: S,
  value: unknown,
): Result<v.InferOutput<S>, Response> {
  const parsed = v.safeParse(schema, value)
  if (parsed.success) return ok(parsed.output)
  const errors = parsed.issues.map((issue): FieldError => {
    const field = v.getDotPath(issue) ?? ''
    if (issue.type === 'strict_object' && issue.expected === 'never') {
      return { field, message: 'is not a known field' }
    }
    if (issue.received === 'undefined') return { field, message: 'is missing' }
    return { field, message: issue.message }
  })
  return err(invalidRequest(errors))
}

/** The schema of an ordercode, the shop's own number of an order. */
export const ordercodeSchema = v.pipe(
  v.string('must be a string'),
  v.regex(ORDERCODE, 'must be 6 to 28 letters, digits, "_" or "-"'),
)

/**
 * Decodes a percent-encoded part of the path, because many clients encode characters that need no encoding. A
 * part that is not valid percent-encoding is returned unchanged.
 */
export function decodedParam(request: RouteRequest, name: string): string {
  const given = request.params[name] ?? ''
  try {
    return decodeURIComponent(given)
  } catch {
    return given
  }
}

const INTEGER = 'must be an integer'

/** The schema of an integer from `min` to `max`, both included. */
export const integer = (min: number, max: number) =>
  v.pipe(
    v.number(INTEGER),
    v.integer(INTEGER),
    v.minValue(min, `must be ${min} or more`),
    v.maxValue(max, `must be ${max} or less`),
  )

/**
 * The schema of a text that is sent to WeChat: its limit is in bytes of UTF-8, and it has no characters that
 * an XML parser would change.
 */
export const wireText = (bytesMin: number, bytesMax: number) => {
  const size = `must be ${bytesMin} to ${bytesMax} bytes long in UTF-8 (a Chinese character has 3)`
  return v.pipe(
    v.string('must be a string'),
    v.minBytes(bytesMin, size),
    v.maxBytes(bytesMax, size),
    v.check(isPlainText, 'must not contain control characters or broken surrogate pairs'),
    v.check((text) => text.trim() === text, 'must not begin or end with white space'),
  )
}

/** Reads the ordercode from the path. @returns the error response when it is malformed. */
export function readOrdercode(params: Readonly<Record<string, string>>): Result<string, Response> {
  const checked = check(v.object({ ordercode: ordercodeSchema }), params)
  return checked.ok ? ok(checked.value.ordercode) : checked
}

/** A schema for a time as RFC 3339, which becomes Unix seconds. */
export const moment = v.pipe(
  v.string('must be a string'),
  v.regex(
    /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/,
    'must be a time such as 2026-11-23T00:00:00Z',
  ),
  v.check((text) => !Number.isNaN(Date.parse(text)), 'must be a date and time that exist'),
  v.transform((text) => fromMillis(Date.parse(text))),
)
