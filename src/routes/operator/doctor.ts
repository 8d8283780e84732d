import type { KeptCheckup } from '../../ports/doctor.ts'
import { verdictOf } from '../../core/doctor/finding.ts'
import { summaryOf, tell } from '../../core/doctor/words.ts'
import { formatRfc3339 } from '../../core/time.ts'
import { type CheckupDeps, runDoctor } from '../../service/doctor/checkup.ts'
import type { HttpDeps } from '../http/deps.ts'
import { json } from '../http/problem.ts'
import type { RouteRequest } from '../http/request.ts'

type DoctorDeps = CheckupDeps & Pick<HttpDeps, 'doctorWords' | 'version'>

/** `GET /doctor`: every check that leaves no trace, and how to mend what is wrong. */
export const getDoctor = async (request: RouteRequest, deps: DoctorDeps): Promise<Response> =>
  answer(request, deps, await runDoctor(deps, originOf(request), false))

/** `POST /doctor`: the same, with a test message to the group, an entry of KV, and a refund that WeChat must refuse. */
export const postDoctor = async (request: RouteRequest, deps: DoctorDeps): Promise<Response> =>
  answer(request, deps, await runDoctor(deps, originOf(request), true))

const originOf = ({ url }: Request): string => new URL(url).origin

/** The findings in the language of `?lang=`, else of `Accept-Language`, else in English. */
export function answer(
  request: Request,
  { doctorWords, version }: Pick<HttpDeps, 'doctorWords' | 'version'>,
  { checkup }: Pick<KeptCheckup, 'checkup'>,
): Response {
  const asked = new URL(request.url).searchParams.get('lang')
  const isChinese = (asked ?? request.headers.get('accept-language') ?? '').startsWith('zh')
  const words = doctorWords[isChinese ? 'zh' : 'en']
  const { at, isThorough, findings } = checkup
  return json({
    verdict: verdictOf(findings).verdict,
    summary: summaryOf(findings, words),
    version,
    checked_at: formatRfc3339(at),
    thorough: isThorough,
    checks: findings.map((each) => {
      const { name, message, remedy = null } = tell(each, words)
      const { id, status, reason, seen = null } = each
      return { id, status, reason, seen, name, message, remedy }
    }),
  })
}
