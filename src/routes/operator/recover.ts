import * as v from 'valibot'
import { formatRfc3339, timeOrNull } from '../../core/time.ts'
import { recover } from '../../service/recovery/recover.ts'
import type { HttpDeps } from '../http/deps.ts'
import { check, moment, readJson } from '../http/input.ts'
import { invalidRequest, json } from '../http/problem.ts'
import type { RouteRequest } from '../http/request.ts'

const Recovery = v.strictObject({ since: moment }, 'must be an object')

/** `POST /recover`: begins the recovery after a restore of the database. `GET /runs` shows its progress. */
export async function postRecover(
  request: RouteRequest,
  deps: Pick<HttpDeps, 'log' | 'now' | 'recoveries'>,
): Promise<Response> {
  const body = await readJson(request)
  if (!body.ok) return body.error
  const input = check(Recovery, body.value)
  if (!input.ok) return input.error
  const recovery = await recover(deps, input.value.since)
  if (!recovery.ok) {
    const message = 'must be in the past, and within the three months that WeChat keeps bills'
    return invalidRequest([{ field: 'since', message }])
  }
  const { since, requestedAt, finishedAt } = recovery.value
  return json(
    {
      since: formatRfc3339(since),
      requested_at: formatRfc3339(requestedAt),
      finished_at: timeOrNull(finishedAt),
    },
    202,
  )
}
