/** Errors as RFC 9457 has them. */
import * as v from 'valibot'
import { PROBLEMS, type ProblemCode } from '../../src/routes/http/problem.ts'
import { Fen, Int, TextOrNull, told } from './fields.ts'

/** All error codes, in the order of the Worker's table. */
export const PROBLEM_CODES = Object.keys(PROBLEMS) as readonly ProblemCode[]

export const FieldErrors = v.array(
  v.object({
    field: v.string(),
    message: told(v.string(), 'continues the sentence that begins with the field'),
  }),
)

export const Problem = v.object({
  type: told(v.string(), 'urn:wxpay-edge:problem:{code}'),
  title: v.string(),
  status: Int,
  code: told(v.picklist(PROBLEM_CODES), 'for programs'),
  detail: told(v.string(), 'for people'),
  errors: v.exactOptional(told(FieldErrors, 'invalid_request: what is wrong with which field')),
  wechat: v.exactOptional(told(v.record(v.string(), v.string()), "WeChat's own code and words")),
  left: v.exactOptional(told(Fen, 'refund_exceeds_payment, refund_limit_reached: what is left')),
  last_error: v.exactOptional(told(TextOrNull, 'bill_not_ready: why the last try failed')),
  state: v.exactOptional(told(v.string(), 'refund_under_way: the state of the refund')),
})
