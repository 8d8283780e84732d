/** What stands between the internet and the Worker: only a stranger sees it, because a Worker's call of itself does not cross the rules of its zone. */
import { type Finding, fine, finding } from '../../src/core/doctor/finding.ts'
import { type Answer, ask, type Asked, isLocal, jsonOf, type Place } from './ask.ts'

/** WeChat's own User-Agent, none, and one that looks like a bot. */
const USER_AGENTS: readonly (string | undefined)[] = [
  'Mozilla/4.0',
  undefined,
  'python-requests/2.32',
]
const BROKEN_XML = '<xml><return_code><![CDATA[SUCCESS]]></return_code>'
/** WeChat's limit for a notify_url. */
const NOTIFY_URL_MAX = 256

/**
 * Who answered instead of the Worker: a challenge or a block of Cloudflare, a redirect, a web page. Undefined when nothing
 * shows that.
 */
export function gatekeeperOf(
  answer: Answer,
): Readonly<{ reason: string; seen: string }> | undefined {
  const { status, headers, body } = answer
  if (headers['cf-mitigated'] === 'challenge')
    return { reason: 'challenge', seen: `HTTP ${status}` }
  const [, code] =
    /error code:? ?(10\d\d)|Error (10\d\d)/i.exec(body)?.filter((each) => each !== undefined) ?? []
  if (status === 403 && code !== undefined) return { reason: 'blocked', seen: `HTTP 403, ${code}` }
  if (status >= 300 && status < 400) {
    return { reason: 'redirect', seen: `HTTP ${status}, ${headers['location'] ?? ''}` }
  }
  const type = headers['content-type'] ?? ''
  if (type.includes('text/html')) return { reason: 'html', seen: `HTTP ${status}, ${type}` }
  return undefined
}

/** Judges an answer that should be the Worker's. @param isRight Whether it is the expected one. */
function judge(id: string, asked: Asked, isRight: (answer: Answer) => boolean): Finding {
  if ('error' in asked) return finding(id, 'skip', 'unreachable', asked.error)
  const other = gatekeeperOf(asked)
  if (other !== undefined) return finding(id, 'fail', other.reason, other.seen)
  if (isRight(asked)) return fine(id)
  const reason = jsonOf(asked)?.['code'] === 'misconfigured' ? 'misconfigured' : 'other'
  return finding(id, 'fail', reason, `HTTP ${asked.status}`)
}

/** `notify.open`: a notice that no signature proves is refused by the Worker, with every User-Agent. */
export async function notifyOpen(place: Place): Promise<Finding> {
  const id = 'notify.open'
  const answers = await Promise.all(
    USER_AGENTS.map((agent) => {
      const headers = {
        'content-type': 'text/xml',
        ...(agent === undefined ? {} : { 'user-agent': agent }),
      }
      return ask(place, 'POST', '/notify', headers, BROKEN_XML)
    }),
  )
  const isRight = ({ status, body }: Answer): boolean =>
    status >= 400 && status < 500 && body.includes('<return_code><![CDATA[FAIL]]></return_code>')
  const findings = answers.map((asked) => judge(id, asked, isRight))
  return findings.find(({ status }) => status !== 'ok') ?? fine(id)
}

/** `notify.length`: WeChat refuses an order whose notify_url is too long. */
export function notifyLength({ url }: Place): Finding {
  const { length } = new URL('/notify/refund', url).href
  return length <= NOTIFY_URL_MAX
    ? fine('notify.length', String(length))
    : finding('notify.length', 'fail', 'too_long', String(length))
}

/** `pay.answers`: a payer's phone reaches the Worker, and no cache keeps the answer. */
export async function payAnswers(place: Place): Promise<Finding> {
  const id = 'pay.answers'
  const asked = await ask(place, 'GET', '/pay')
  const found = judge(
    id,
    asked,
    ({ status, headers }) =>
      status === 400 && (headers['content-type'] ?? '').includes('problem+json'),
  )
  if (found.status !== 'ok' || 'error' in asked) return found
  const { 'cache-control': cache = '', 'cf-cache-status': cached = '' } = asked.headers
  return cache.includes('no-store') && cached !== 'HIT'
    ? found
    : finding(id, 'fail', 'cached', `${cache} ${cached}`.trim())
}

/** `net.health`: the Worker answers, works, and has the version of this folder. */
export async function health(place: Place, version: string): Promise<Finding> {
  const id = 'net.health'
  const asked = await ask(place, 'GET', '/health')
  if ('error' in asked) return finding(id, 'skip', 'unreachable', asked.error)
  const body = jsonOf(asked)
  const found = judge(id, asked, () => typeof body?.['version'] === 'string')
  if (found.status !== 'ok') return found
  const { status, version: seen, components } = body ?? {}
  if (seen !== version) return finding(id, 'warn', 'version', `${String(seen)} ≠ ${version}`)
  const reasons = Array.isArray(components)
    ? components.map(
        (each: { name?: unknown; reason?: unknown }) =>
          `${String(each.name)}.${String(each.reason)}`,
      )
    : []
  if (status === 'down') return finding(id, 'fail', 'down', reasons.join(', '))
  return status === 'degraded'
    ? finding(id, 'warn', 'degraded', reasons.join(', '))
    : fine(id, version)
}

/** `net.workers_dev`: no second door without the rules of the zone. @param toml The text of `wrangler.toml`. */
export function workersDev({ url }: Place, toml: string): Finding {
  const id = 'net.workers_dev'
  if (isLocal(url)) return finding(id, 'skip', 'local')
  if (url.hostname.endsWith('.workers.dev')) return finding(id, 'warn', 'here')
  return /^workers_dev\s*=\s*false\b/m.test(toml) ? fine(id) : finding(id, 'warn', 'open')
}
