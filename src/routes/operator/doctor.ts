import * as v from 'valibot'
import { doctorJson } from '../../contract/doctor.ts'
import type { KeptCheckup } from '../../ports/doctor.ts'
import { type CheckupDeps, runDoctor } from '../../service/doctor/checkup.ts'
import type { HttpDeps } from '../http/deps.ts'
import { json } from '../http/problem.ts'
import type { RouteRequest } from '../http/request.ts'

type DoctorDeps = CheckupDeps & Pick<HttpDeps, 'doctorWords' | 'version'>

/** The query of `/doctor`: the language of the findings. Any that is not Chinese is English. */
export const DoctorQuery = v.object({ lang: v.optional(v.string()) })

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
  return json(doctorJson(checkup, words, version))
}
