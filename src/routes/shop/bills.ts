/** The routes for bills, called by the shop. */
import { billJson, type BillReport } from '../../contract/bill.ts'
import { type BeijingDay, parseDay } from '../../core/day.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import {
  type BillError,
  billReport,
  openRawBill,
  readBillReport,
} from '../../service/bill/read-bill.ts'
import { type ReconcileError, reconcileNow } from '../../service/bill/reconcile-bill.ts'
import type { HttpDeps } from '../http/deps.ts'
import { fileResponse } from '../http/file.ts'
import { invalidRequest, json, problem } from '../http/problem.ts'
import type { RouteRequest } from '../http/request.ts'

type BillsRouteDeps = Pick<
  HttpDeps,
  | 'archive'
  | 'bills'
  | 'config'
  | 'deliverSoon'
  | 'log'
  | 'now'
  | 'orders'
  | 'readBill'
  | 'refunds'
  | 'reviews'
  | 'used'
  | 'wechat'
>

const NO_FILE =
  'There is no file for this day: nothing was paid or refunded, or the file could not be archived. GET /bills/{date} has the report.'
const UNREADABLE =
  'The bill of this day could not be downloaded or parsed; `last_error` has the reason. It is downloaded again automatically.'
const BUSY =
  'Another request is reconciling this day, or stopped less than five minutes ago while it did. Repeat this request until it is answered with a report.'
/** The values of `last_error` while WeChat has not made the bill yet. */
const NOT_MADE = ['bill_creating', 'no_bill_exist']

/** `GET /bills/{date}`: the report of a day's reconciliation. */
export async function getBill(
  request: RouteRequest,
  deps: Pick<HttpDeps, 'bills' | 'now'>,
): Promise<Response> {
  const day = readDay(request)
  if (!day.ok) return day.error
  const report = await readBillReport(deps, day.value)
  return report.ok ? reportResponse(report.value) : billProblem(report.error)
}

/** `POST /bills/{date}/reconcile`: downloads the bill and reconciles the day now. */
export async function postBillReconcile(
  request: RouteRequest,
  deps: BillsRouteDeps,
): Promise<Response> {
  const day = readDay(request)
  if (!day.ok) return day.error
  const reconciled = await reconcileNow(deps, day.value)
  return reconciled.ok
    ? reportResponse(await billReport(deps, reconciled.value))
    : billProblem(reconciled.error)
}

/** `GET /bills/{date}/raw`: the bill's file as WeChat sent it, plain or gzip. */
export async function getBillRaw(
  request: RouteRequest,
  deps: Pick<HttpDeps, 'archive' | 'bills' | 'now'>,
): Promise<Response> {
  const day = readDay(request)
  if (!day.ok) return day.error
  const raw = await openRawBill(deps, day.value)
  if (raw.ok) return fileResponse(raw.value)
  switch (raw.error.reason) {
    case 'no_file':
      return problem('bill_not_found', { detail: NO_FILE })
    case 'not_in_archive':
      return billProblem({ reason: 'bill_not_ready', lastError: undefined })
    case 'misconfigured':
      return problem('misconfigured')
    default:
      return billProblem(raw.error)
  }
}

const reportResponse = (report: BillReport): Response => json(billJson(report))

function billProblem(error: BillError | ReconcileError): Response {
  if (error.reason === 'bill_not_found') return problem(error.reason)
  if (error.reason === 'bill_busy') return problem('bill_not_ready', { detail: BUSY })
  const { lastError } = error
  return problem('bill_not_ready', {
    last_error: lastError ?? null,
    ...(lastError === undefined || NOT_MADE.includes(lastError) ? {} : { detail: UNREADABLE }),
  })
}

function readDay(request: RouteRequest): Result<BeijingDay, Response> {
  const day = parseDay(request.params['date'] ?? '')
  return day === undefined
    ? err(
        invalidRequest([
          { field: 'date', message: 'must be a date (Beijing time) such as 2026-11-22' },
        ]),
      )
    : ok(day)
}
