import type { ControlTarget } from './call.ts'
import { CONTROL_CALLS } from './calls.ts'
import { noOrder } from './input.ts'
import { ControlError, type JsonObject, readJson, toSnakeCase } from './json.ts'

/** The path below which every path belongs to the control interface. Every other path is WeChat's. */
export const CONTROL_ROOT = '/_control/'

/**
 * Answers a call of the control interface. Request and answer are JSON; an error is `{ error, hint }` with HTTP 400, 404 or
 * 405.
 */
export async function control(request: Request, target: ControlTarget): Promise<Response> {
  try {
    const body = request.method === 'POST' ? await readJson(request) : {}
    return Response.json(toSnakeCase(await dispatch(request, body, target)))
  } catch (error) {
    if (error instanceof ControlError) {
      return Response.json({ error: error.message, hint: error.hint }, { status: error.status })
    }
    // The simulator throws a RangeError for impossible arguments, so the developer gets HTTP 400.
    if (error instanceof RangeError) {
      const hint = `GET ${CONTROL_ROOT} lists the calls`
      return Response.json({ error: error.message, hint }, { status: 400 })
    }
    throw error
  }
}

function dispatch(request: Request, body: JsonObject, target: ControlTarget): unknown {
  const { method } = request
  const path = new URL(request.url).pathname.slice(CONTROL_ROOT.length)
  if (path === '' && method === 'GET') return index()
  const [, outTradeNo] = /^orders\/([^/]+)$/.exec(path) ?? []
  if (outTradeNo !== undefined && method === 'GET') return describeOrder(outTradeNo, target)

  const key = `${method} ${path}`
  const call = Object.hasOwn(CONTROL_CALLS, key) ? CONTROL_CALLS[key] : undefined
  if (call !== undefined) return call.run(body, target)
  const other = Object.keys(CONTROL_CALLS).find((each) => each.endsWith(` ${path}`))
  if (other !== undefined) {
    throw new ControlError(405, `${path} does not take ${method}`, `send ${other}`)
  }
  throw new ControlError(404, `no call ${path}`, `GET ${CONTROL_ROOT} lists the calls`)
}

function describeOrder(encoded: string, { simulator }: ControlTarget): unknown {
  // A client can percent-encode `|` and `*`, which are legal in an out_trade_no. An invalid escape stays as it is and matches
  // no order.
  const outTradeNo = safeDecode(encoded)
  const order = simulator.books.order(outTradeNo)
  if (order === undefined) throw noOrder(outTradeNo)
  const notices = simulator.notices.ofPayments
    .all()
    .filter((notice) => notice.outTradeNo === outTradeNo)
  const refunds = simulator.books.refunds(outTradeNo)
  const refundNotices = simulator.notices.ofRefunds
    .all()
    .filter((notice) => notice.outTradeNo === outTradeNo)
  return { ...order, notices, refunds, refundNotices }
}

function safeDecode(encoded: string): string {
  try {
    return decodeURIComponent(encoded)
  } catch {
    return encoded
  }
}

function index(): unknown {
  const calls = Object.entries(CONTROL_CALLS).map(([key, { about }]) => [
    key.replace(' ', ` ${CONTROL_ROOT}`),
    about,
  ])
  return { about: 'WeChat simulator: control interface', calls: Object.fromEntries(calls) }
}
