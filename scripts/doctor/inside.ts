/** Asks the Worker for its own checks. */
import type { CheckStatus } from '../../src/core/doctor/finding.ts'
import { type Finding, finding } from '../../src/core/doctor/finding.ts'
import { ask, jsonOf, type Place } from './ask.ts'

/** A finding in the words of the Worker. */
export type ToldFinding = Finding &
  Readonly<{ name: string; message: string; remedy: string | undefined }>

/** Asks with a token. @returns the Worker's findings in its words, or one finding about why there are none. */
export async function askWorker(
  place: Place,
  token: string | undefined,
  lang: 'en' | 'zh',
  isThorough: boolean,
): Promise<readonly ToldFinding[] | Finding> {
  const id = 'worker.doctor'
  if (token === undefined) return finding(id, 'skip', 'no_token')
  const headers = { authorization: `Bearer ${token}` }
  const asked = await ask(place, isThorough ? 'POST' : 'GET', `/doctor?lang=${lang}`, headers)
  if ('error' in asked) return finding(id, 'skip', 'unreachable', asked.error)
  const { status } = asked
  const body = jsonOf(asked)
  if (status === 401) return finding(id, 'fail', 'unauthorized')
  if (status === 403 && body?.['code'] === 'forbidden') return finding(id, 'skip', 'forbidden')
  if (body?.['code'] === 'misconfigured') return finding(id, 'fail', 'misconfigured')
  if (body?.['code'] === 'not_found') return finding(id, 'fail', 'absent')
  const checks: unknown = body?.['checks']
  return status === 200 && Array.isArray(checks)
    ? checks.map(toldFrom)
    : finding(id, 'fail', 'other', `HTTP ${status}`)
}

function toldFrom(given: Readonly<Record<string, unknown>>): ToldFinding {
  const text = (name: string): string => {
    const value = given[name]
    return typeof value === 'string' ? value : ''
  }
  const optional = (name: string): string | undefined =>
    text(name) === '' ? undefined : text(name)
  const { id, status, reason, seen } = finding(
    text('id'),
    text('status') as CheckStatus,
    text('reason'),
    optional('seen'),
  )
  const said = { name: text('name'), message: text('message'), remedy: optional('remedy') }
  return { id, status, reason, ...(seen === undefined ? {} : { seen }), ...said }
}
