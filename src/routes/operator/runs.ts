import { runJson } from '../../contract/run.ts'
import { listRuns } from '../../service/run/runs.ts'
import type { HttpDeps } from '../http/deps.ts'
import { plusOne, readPage, toPage } from '../http/pagination.ts'
import { json } from '../http/problem.ts'
import type { RouteRequest } from '../http/request.ts'

/** `GET /runs`: one page of the cron's runs, newest first. */
export async function getRuns(
  request: RouteRequest,
  deps: Pick<HttpDeps, 'runs'>,
): Promise<Response> {
  const page = readPage(request.query)
  if (!page.ok) return page.error
  const { before, limit } = plusOne(page.value)
  const runs = await listRuns(deps, before.at, limit)
  const { shown, next_cursor } = toPage(runs, page.value, ({ id }) => ({ at: id, key: '' }))
  return json({ runs: shown.map(runJson), next_cursor })
}
