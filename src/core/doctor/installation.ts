/** Judges the configuration, beyond what the Worker itself insists on. Pure. */
import { type Finding, fine, finding } from './finding.ts'

/** What the doctor needs to know of the configuration. Names of variables, and two numbers that are no secrets. */
export type Installation = Readonly<{
  /** The variables that are missing or malformed, and without which the Worker does nothing. */
  wrong: readonly string[]
  /** The variables that switch a feature off. */
  off: readonly string[]
  appid: string | undefined
  mchId: string | undefined
  publicUrl: string | undefined
  /** The previous secrets that are still set. */
  previous: readonly string[]
  /** The variables that name another WeChat than the real one. */
  simulated: readonly string[]
  /** Whether a proxy stands before the Worker, so that requests may arrive under another name. */
  isProxied: boolean
}>

const list = (names: readonly string[]): string => [...new Set(names)].join(', ')

/** Judges everything that needs no request and no call. */
export function judgeInstallation(given: Installation): readonly Finding[] {
  const { wrong, off, previous, simulated, appid, mchId } = given
  const odd = [
    ...(appid !== undefined && !/^wx[0-9a-f]{16}$/.test(appid) ? ['WX_APPID'] : []),
    ...(mchId !== undefined && !/^\d{8,10}$/.test(mchId) ? ['WX_MCH_ID'] : []),
  ]
  const judged = (
    id: string,
    names: readonly string[],
    status: 'warn' | 'fail',
    reason: string,
  ): Finding => (names.length === 0 ? fine(id) : finding(id, status, reason, list(names)))
  return [
    judged('config.values', wrong, 'fail', 'wrong'),
    judged('config.features', off, 'warn', 'off'),
    judged('config.shape', odd, 'warn', odd[0] === 'WX_APPID' ? 'appid' : 'mch_id'),
    judged('config.origins', simulated, 'warn', 'simulated'),
    judged('config.rotation', previous, 'warn', 'old'),
  ]
}

/**
 * Judges `PUBLIC_URL`, to which WeChat sends its notices.
 *
 * @param origin The origin of the request for the doctor.
 */
export function judgePublicUrl(
  { publicUrl, isProxied }: Pick<Installation, 'publicUrl' | 'isProxied'>,
  origin: string,
): Finding {
  const id = 'config.public_url'
  if (publicUrl === undefined) return finding(id, 'skip', 'unread')
  if (new URL(publicUrl).hostname.endsWith('.workers.dev'))
    return finding(id, 'warn', 'workers_dev')
  if (isSameDoor(publicUrl, origin)) return fine(id)
  return finding(id, isProxied ? 'warn' : 'fail', 'elsewhere', `${publicUrl}, ${origin}`)
}

const LOOPBACK: readonly string[] = ['localhost', '127.0.0.1', '[::1]']

/** Whether two origins lead to the same place: on one machine, the loopback addresses are names of one another. */
function isSameDoor(one: string, two: string): boolean {
  if (one === two) return true
  const [a, b] = [new URL(one), new URL(two)]
  return LOOPBACK.includes(a.hostname) && LOOPBACK.includes(b.hostname) && a.port === b.port
}
