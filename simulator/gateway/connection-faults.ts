import type { Fault } from '../protocol/faults.ts'
import { htmlPage } from './nginx-pages.ts'

const BEFORE = ['request_lost', 'stall_before', 'http_500', 'http_502']
const AFTER = ['reply_lost', 'stall_after', 'http_502_after']

/** Whether the fault strikes before the endpoint has acted on the request. */
export function isBefore(fault: Fault | undefined): fault is Fault {
  return fault !== undefined && BEFORE.includes(fault.kind)
}

/** Whether the fault strikes after the endpoint has acted: the request took effect, the reply does not arrive. */
export function isAfter(fault: Fault | undefined): fault is Fault {
  return fault !== undefined && AFTER.includes(fault.kind)
}

/** What the client gets instead of an answer. Throws a TypeError for a dropped connection, as `fetch` does in workerd. */
export function failToAnswer(fault: Fault, request: Request): Response | Promise<Response> {
  if (fault.kind === 'http_500') return htmlPage(500, '500 Internal Server Error')
  if (fault.kind === 'http_502' || fault.kind === 'http_502_after') {
    return htmlPage(502, '502 Bad Gateway')
  }
  if (fault.kind === 'stall_before' || fault.kind === 'stall_after') return stall(request.signal)
  throw new TypeError('Network connection lost.')
}

/** Never answers: rejects only when the client aborts its request. */
function stall(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
