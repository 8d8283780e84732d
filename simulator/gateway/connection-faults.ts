import type { Fault } from '../protocol/faults.ts'
import { htmlPage } from './nginx-pages.ts'

const BEFORE = ['request_lost', 'stall_before', 'http_500', 'http_502']
const STALLS = ['stall_before', 'stall_after', 'arrives_late']
const AFTER = ['reply_lost', 'stall_after', 'http_502_after']

/** Whether the fault happens before the endpoint acts on the request, so that the request has no effect. */
export function isBefore(fault: Fault | undefined): fault is Fault {
  return fault !== undefined && BEFORE.includes(fault.kind)
}

/** Whether the fault happens after the endpoint has acted: the request took effect, but its answer does not arrive. */
export function isAfter(fault: Fault | undefined): fault is Fault {
  return fault !== undefined && AFTER.includes(fault.kind)
}

/**
 * Applies a fault of the connection: the client gets an error page of nginx, or no answer at all. Throws a TypeError for a
 * dropped connection, as `fetch` does in workerd.
 */
export function failToAnswer(fault: Fault, request: Request): Response | Promise<Response> {
  if (fault.kind === 'http_500') return htmlPage(500, '500 Internal Server Error')
  if (fault.kind === 'http_502' || fault.kind === 'http_502_after') {
    return htmlPage(502, '502 Bad Gateway')
  }
  if (STALLS.includes(fault.kind)) return stall(request.signal)
  throw new TypeError('Network connection lost.')
}

/** Never answers. Rejects when the client aborts its request. */
function stall(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
