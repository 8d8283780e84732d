/** What a Worker answers whose configuration is wrong: its description, and the doctor, which says what to do. */
import { VERSION } from './assemble.ts'
import { tokensIn } from './config.ts'
import { DOCTOR } from './console/words/doctor.ts'
import { byUrgency, finding } from './core/doctor/finding.ts'
import { judgeInstallation, judgePublicUrl } from './core/doctor/installation.ts'
import { fromMillis } from './core/time.ts'
import { installationOf } from './doctor-tools.ts'
import { DOCUMENT_PATH, documentResponse } from './routes/document/document.ts'
import { callerWith, tokenOf } from './routes/http/auth.ts'
import { problem } from './routes/http/problem.ts'
import { answer } from './routes/operator/doctor.ts'
import { CHECKS } from './service/doctor/checks.ts'

/**
 * Answers a request. The doctor answers people with a token, if the tokens themselves can be read; `openapi.json` is there for
 * everyone; every other request gets 500 `misconfigured`.
 *
 * @param wrong The names of the variables that are wrong.
 */
export async function respondMisconfigured(
  request: Request,
  env: object,
  wrong: readonly string[],
  nowMs: number,
): Promise<Response> {
  const { pathname, origin } = new URL(request.url)
  if (pathname === DOCUMENT_PATH) return documentResponse(request)
  const tokens = pathname === '/doctor' ? tokensIn(env) : undefined
  if (tokens === undefined) return problem('misconfigured')
  const { method } = request
  if (method !== 'GET' && method !== 'POST') {
    return problem('method_not_allowed', {}, { allow: 'GET, POST' })
  }
  const token = tokenOf(request)
  const caller = token === undefined ? undefined : await callerWith(token, tokens)
  if (caller === undefined) {
    return problem('unauthorized', {}, { 'www-authenticate': 'Bearer realm="wxpay-edge"' })
  }
  if (caller.role === 'viewer' && method !== 'GET') return problem('forbidden')
  const stops = wrong.filter((name) => !tokens.off.includes(name))
  const installation = installationOf({ ...env }, stops, tokens.off)
  const others = CHECKS.flatMap(({ ids }) => ids).map((id) => finding(id, 'skip', 'needs_config'))
  const findings = byUrgency([
    judgePublicUrl(installation, origin),
    ...judgeInstallation(installation),
    ...others,
  ])
  const checkup = { at: fromMillis(nowMs), isThorough: false, findings }
  return answer(request, { doctorWords: DOCTOR, version: VERSION }, { checkup })
}
