/** The shop's side: WeChat's bills, and how they agree with the books. */
import { billReport } from '../../contract/bill.ts'
import type { Bill } from '../../core/bill/bill.ts'
import { lastBillDay } from '../../core/bill/schedule.ts'
import { type BeijingDay, parseDay } from '../../core/day.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import { reconcileNow } from '../../service/bill/reconcile-bill.ts'
import type { HttpDeps } from '../http/deps.ts'
import { invalidRequest, json, problem } from '../http/problem.ts'
import type { RouteRequest } from '../http/request.ts'

const NO_FILE =
  'WeChat had no file for this day, because nothing was paid, or it could not be kept.'
const NOT_HAD =
  'The bill of this day could not be had, or not be read: `last_error` says why. It is asked for again by itself.'
/** WeChat's own ways to say that it is too early. */
const NOT_MADE = ['bill_creating', 'no_bill_exist']

const GZIP_MAGIC = [0x1f, 0x8b]

/** `GET /bills/{date}` */
export async function getBill(request: RouteRequest, deps: HttpDeps): Promise<Response> {
  const bill = await findBill(request, deps)
  if (!bill.ok) return bill.error
  // What was not compared yet has no sums, and no differences that a monitor might take for "none".
  return bill.value.state === 'waiting' ? notReady(bill.value.lastError) : report(deps, bill.value)
}

/** `POST /bills/{date}/reconcile` */
export async function postBillReconcile(request: RouteRequest, deps: HttpDeps): Promise<Response> {
  const day = readDay(request)
  if (!day.ok) return day.error
  const reconciled = await reconcileNow(deps, day.value)
  if (reconciled.ok) return report(deps, reconciled.value)
  const { error } = reconciled
  return error.reason === 'bill_not_ready' ? notReady(error.lastError) : problem(error.reason)
}

/** `GET /bills/{date}/raw` */
export async function getBillRaw(request: RouteRequest, deps: HttpDeps): Promise<Response> {
  const bill = await findBill(request, deps)
  if (!bill.ok) return bill.error
  const { day, parts, state, lastError } = bill.value
  if (parts === 0) {
    return state === 'waiting'
      ? notReady(lastError)
      : problem('bill_not_found', { detail: NO_FILE })
  }
  if (deps.archive === undefined) return problem('misconfigured')
  const reader = deps.archive.open(bill.value).stream.getReader()
  const first = await reader.read().catch(() => undefined)
  if (first?.value === undefined) return problem('bill_not_ready')
  const isGzip = GZIP_MAGIC.every((byte, i) => first.value[i] === byte)
  const name = `wechat-bill-${day}.csv${isGzip ? '.gz' : ''}`
  return new Response(rest(first.value, reader), {
    headers: {
      'content-type': isGzip ? 'application/gzip' : 'text/csv; charset=utf-8',
      'content-disposition': `attachment; filename="${name}"`,
      'cache-control': 'no-store',
    },
  })
}

async function findBill(request: RouteRequest, deps: HttpDeps): Promise<Result<Bill, Response>> {
  const day = readDay(request)
  if (!day.ok) return day
  const bill = await deps.store.bills.find(day.value)
  if (bill === undefined && day.value > lastBillDay(deps.now()))
    return err(problem('bill_not_ready'))
  if (bill === undefined || bill.state === 'unavailable') return err(problem('bill_not_found'))
  return ok(bill)
}

/** Until WeChat has made it, or as long as it cannot be had or read. */
const notReady = (lastError: string | undefined): Response =>
  problem('bill_not_ready', {
    last_error: lastError ?? null,
    ...(lastError === undefined || NOT_MADE.includes(lastError) ? {} : { detail: NOT_HAD }),
  })

const report = async (deps: HttpDeps, bill: Bill): Promise<Response> =>
  json(await billReport(deps, bill))

function readDay(request: RouteRequest): Result<BeijingDay, Response> {
  const day = parseDay(request.params['date'] ?? '')
  return day === undefined
    ? err(
        invalidRequest([{ field: 'date', message: 'must be a day in Beijing, as in 2026-11-22' }]),
      )
    : ok(day)
}

function rest(
  first: Uint8Array,
  reader: ReadableStreamDefaultReader<Uint8Array>,
): ReadableStream<Uint8Array> {
  let begun = false
  return new ReadableStream({
    async pull(controller) {
      if (!begun) {
        begun = true
        return controller.enqueue(first)
      }
      const { done, value } = await reader.read()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    cancel: (reason) => reader.cancel(reason),
  })
}
