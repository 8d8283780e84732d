/** `/pay`: trades a login code for the parameters of `wx.requestPayment`. */
import * as v from 'valibot'
import type { PayError } from '../../service/pay/pay-error.ts'
import { payOrder } from '../../service/pay/pay-order.ts'
import { clientAddress } from '../http/client-address.ts'
import type { HttpDeps } from '../http/deps.ts'
import { check, ordercodeSchema, readJson } from '../http/input.ts'
import { json, problem } from '../http/problem.ts'
import type { RouteRequest } from '../http/request.ts'

type PayRouteDeps = Pick<
  HttpDeps,
  | 'admit'
  | 'admitClient'
  | 'clientIpHeader'
  | 'config'
  | 'deliverSoon'
  | 'log'
  | 'now'
  | 'orders'
  | 'refusedLogins'
  | 'reviews'
  | 'signClientPay'
  | 'wechat'
>

/** What a code of wx.login can look like. A text that is not one is not worth a call to WeChat. */
const LOGIN_CODE = /^[\x21-\x7e]{1,128}$/
/** What wx.login returns in WeChat's developer tools when the project has no AppID, or in test mode. */
const MOCK_CODE = 'the code is a mock one'

/** WeChat requires an address of the payer. This one stands for a payer whose address is not known. */
const NO_ADDRESS = '127.0.0.1'

const MOCK_CODE_DETAIL =
  'The login code is the mock one that WeChat DevTools gives a project without an AppID, or in test mode. Open the project with the AppID of the mini program, then call wx.login again.'

/** What `/pay` takes, as query or as JSON body. Further fields are ignored. */
export const PayInput = v.object(
  {
    code: v.pipe(v.string('must be a string'), v.minLength(1, 'is missing')),
    ordercode: ordercodeSchema,
  },
  'must be an object',
)

/** `GET /pay?code=…&ordercode=…` */
export function getPay(request: RouteRequest, deps: PayRouteDeps): Promise<Response> {
  return pay(request, { ...request.query }, deps)
}

/** `POST /pay`: `code` and `ordercode` in a JSON body. */
export async function postPay(request: RouteRequest, deps: PayRouteDeps): Promise<Response> {
  const body = await readJson(request)
  return body.ok ? pay(request, body.value, deps) : body.error
}

async function pay(request: RouteRequest, input: unknown, deps: PayRouteDeps): Promise<Response> {
  const checked = check(PayInput, input)
  if (!checked.ok) return checked.error
  const { code } = checked.value
  if (code === MOCK_CODE) return problem('login_invalid', { detail: MOCK_CODE_DETAIL })
  if (!LOGIN_CODE.test(code)) return problem('login_invalid')

  // Until the login, a client is known by its address, or by its code if it has none. What is too much is refused before
  // D1 and WeChat are asked.
  const address = clientAddress(request, deps)
  if (!(await deps.admitClient(address?.network ?? `code ${code}`))) {
    return problem('too_many_requests')
  }
  const notRefused = address === undefined ? deps.refusedLogins.take(deps.now()) : ignore
  if (notRefused === undefined) return problem('too_many_requests')
  const paid = await payOrder(deps, { ...checked.value, ip: address?.text ?? NO_ADDRESS })
  if (paid.ok || paid.error.reason !== 'login_invalid') notRefused()
  return paid.ok ? json(paid.value) : payProblem(paid.error)
}

const ignore = (): void => {}

function payProblem(error: PayError): Response {
  if (error.reason !== 'wechat_refused') return problem(error.reason)
  const { errCode, errCodeDes } = error
  return problem('wechat_refused', { wechat: { err_code: errCode, err_code_des: errCodeDes } })
}
