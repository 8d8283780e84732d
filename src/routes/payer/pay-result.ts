/** `/result`: whether an order is paid. The mini program's page calls it while the payer waits. */
import * as v from 'valibot'
import { payResultJson } from '../../contract/pay-result.ts'
import { payResult } from '../../service/pay/pay-result.ts'
import { clientAddress } from '../http/client-address.ts'
import type { HttpDeps } from '../http/deps.ts'
import { json, problem } from '../http/problem.ts'
import type { RouteRequest } from '../http/request.ts'

type PayResultRouteDeps = Pick<
  HttpDeps,
  | 'admit'
  | 'admitClient'
  | 'clientIpHeader'
  | 'config'
  | 'deliverSoon'
  | 'log'
  | 'mayQuery'
  | 'now'
  | 'orders'
  | 'reviews'
  | 'wechat'
>

/** The query of `/result`: a `ticket` from the answer to `/pay`. */
export const ResultQuery = v.object({ ticket: v.string() })

/**
 * `GET /result?ticket=…`: the state and the amount of the ticket's order, as its payer may see them. HEAD, which shows
 * nothing of them, queries nothing.
 */
export async function getResult(
  request: RouteRequest,
  deps: PayResultRouteDeps,
): Promise<Response> {
  const query = v.safeParse(ResultQuery, request.query)
  if (!query.success) return problem('ticket_invalid')
  const { ticket } = query.output
  // Clients without an address are limited by their tickets alone. A forged ticket reaches neither D1 nor WeChat.
  const network = clientAddress(request, deps)?.network
  if (network !== undefined && !(await deps.admitClient(network))) {
    return problem('too_many_requests')
  }
  if (!(await deps.admit(`result ${ticket.slice(0, 256)}`))) return problem('too_many_requests')

  const result = await payResult(deps, ticket, request.method === 'HEAD' ? 'store' : 'wechat')
  if (!result.ok) return problem(result.error.reason)
  return json(payResultJson(result.value))
}
