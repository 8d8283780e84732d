/** Running the doctor. */
import { runDoctor } from '../../service/doctor/checkup.ts'
import { redirect } from '../http/reply.ts'
import type { ActionHandler } from '../http/visit.ts'
import { checksPage } from '../pages/checks.ts'

/** `POST /console/checks`. Leads to the page, which shows the run; without the database the answer itself shows it. */
export const runChecks: ActionHandler = async (visit, form) => {
  const { deps, url } = visit
  const isThorough = form.get('thorough') === 'yes'
  const { checkup, isKept } = await runDoctor(deps, url.origin, isThorough)
  return isKept ? redirect('/console/checks') : checksPage(visit, checkup)
}
