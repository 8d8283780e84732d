import * as v from 'valibot'
import { recoveryJson } from '../../contract/recovery.ts'
import { recover } from '../../service/recovery/recover.ts'
import type { HttpDeps } from '../http/deps.ts'
import { moment, readInput } from '../http/input.ts'
import { invalidRequest, json } from '../http/problem.ts'
import type { RouteRequest } from '../http/request.ts'

/** The body of `POST /recover`. */
export const Recovery = v.strictObject({ since: moment }, 'must be an object')

/** `POST /recover`: begins the recovery after a restore of the database. `GET /runs` shows its progress. */
export async function postRecover(
  request: RouteRequest,
  deps: Pick<HttpDeps, 'log' | 'now' | 'recoveries'>,
): Promise<Response> {
  const input = await readInput(request, Recovery)
  if (!input.ok) return input.error
  const recovery = await recover(deps, input.value.since)
  if (!recovery.ok) {
    const message = 'must be in the past, and within the three months that WeChat keeps bills'
    return invalidRequest([{ field: 'since', message }])
  }
  return json(recoveryJson(recovery.value), 202)
}
