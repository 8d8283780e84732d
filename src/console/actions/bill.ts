/** Comparing a day again, and its file as WeChat sent it. */
import { openRawBill } from '../../service/bill/read-bill.ts'
import { reconcileNow } from '../../service/bill/reconcile-bill.ts'
import { redirect } from '../http/reply.ts'
import type { ActionHandler, PageHandler } from '../http/visit.ts'
import { billPage, dayIn, noBill } from '../pages/bill.ts'
import { fileResponse } from '../../routes/http/file.ts'
import { billPath, withDone } from '../view/paths.ts'

/** `POST /console/bills/{day}/reconcile`. */
export const reconcile: ActionHandler = async (visit) => {
  const day = dayIn(visit)
  if (day === undefined) return noBill(visit)
  const { bills } = visit.words
  const reconciled = await reconcileNow(visit.deps, day)
  if (!reconciled.ok) {
    const isAbsent = reconciled.error.reason === 'bill_not_found'
    const text = isAbsent ? bills.notFound : bills.notReady
    return billPage(visit, day, { tone: 'bad', text }, isAbsent ? 404 : 409)
  }
  const isDone = reconciled.value.state === 'reconciled'
  return redirect(withDone(billPath(day), isDone ? 'bill_again' : 'bill_underway'))
}

/** `GET /console/bills/{day}/raw`. The file has the payments of all systems of the merchant, so a viewer does not get it. */
export const rawBill: PageHandler = async (visit) => {
  const day = dayIn(visit)
  if (day === undefined) return noBill(visit)
  const { bills, frame } = visit.words
  if (!visit.mayAct) return billPage(visit, day, { tone: 'bad', text: frame.viewerRefused }, 403)
  const raw = await openRawBill(visit.deps, day)
  return raw.ok
    ? fileResponse(raw.value)
    : billPage(visit, day, { tone: 'bad', text: bills.rawMissing }, 404)
}
