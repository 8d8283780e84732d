/** The shop's and the operator's side: what there is, page by page. */
import { runJson } from '../../contract/run.ts'
import type { HttpDeps } from '../http/deps.ts'
import { paged, readPage, withOneMore } from '../http/pagination.ts'
import { json } from '../http/problem.ts'
import type { RouteRequest } from '../http/request.ts'

/** `GET /runs` */
export async function getRuns(request: RouteRequest, deps: HttpDeps): Promise<Response> {
  const page = readPage(request.query)
  if (!page.ok) return page.error
  const { before, limit } = withOneMore(page.value)
  const runs = await deps.store.listRuns(before.at, limit)
  const { shown, next_cursor } = paged(runs, page.value, ({ id }) => ({ at: id, key: '' }))
  return json({ runs: shown.map(runJson), next_cursor })
}
