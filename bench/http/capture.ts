/**
 * What the real Worker asks of D1 and of WeChat for each request, recorded from one order's way. The bare Worker of the
 * bench repeats it, so that it does the same durable work however the Worker changes.
 */
import { WeChatSimulator } from '../../simulator/wechat.ts'
import { assemble, type Platform } from '../../src/assemble.ts'
import { readConfig } from '../../src/config.ts'
import { realTimers } from '../../src/platform.ts'
import { respond } from '../../src/routes/router.ts'
import { d1Shim } from '../../testing/simulation/d1/d1-shim.ts'
import { Sqlite } from '../../testing/simulation/d1/sqlite.ts'
import { beijing, CLIENT, MERCHANT, noticeFields, signed, xmlOf } from '../lib/messages.ts'
import { orderJson, TOKEN, workerVars } from '../lib/shop.ts'

/** The requests of one order's way, in their order. */
export const PHASES = ['register', 'pay', 'payAgain', 'notify', 'notifyAgain', 'result'] as const
export type Phase = (typeof PHASES)[number]

type Value = string | number | null
/** A statement whose texts may contain `{ordercode}`, `{transaction_id}`, `{openid}` and `{prepay_id}`. */
export type Template = Readonly<{ sql: string; params: readonly Value[] }>
/** A round trip: one batch to D1, or one call to WeChat. */
export type Step = Readonly<{ batch: readonly Template[] } | { call: 'login' | 'unifiedorder' }>
/** The steps of each request. */
export type Way = Readonly<Record<Phase, readonly Step[]>>

const ORIGIN = 'https://pay.example.com'
const ORDERCODE = 'ORDER-OF-THE-CAPTURE'
const TRANSACTION_ID = '4200009999202611289999999999'

/** Plays one order through the real Worker in this process. */
export async function captureWay(): Promise<Way> {
  const config = readConfig(workerVars('https://api.mch.weixin.qq.com'))
  if (!config.ok) throw new Error(`misconfigured bench: ${config.error.join(', ')}`)
  const vars = config.value
  const wechat = new WeChatSimulator({ merchant: MERCHANT, clock: { now: () => Date.now() } })
  const way = Object.fromEntries(PHASES.map((phase) => [phase, [] as Step[]])) as Record<
    Phase,
    Step[]
  >
  let phase: Phase = 'register'
  let prepayId = '(none yet)'
  const fill = (value: unknown): Value =>
    typeof value === 'string'
      ? value
          .replaceAll(ORDERCODE, '{ordercode}')
          .replaceAll(TRANSACTION_ID, '{transaction_id}')
          .replaceAll(CLIENT.openid, '{openid}')
          .replaceAll(prepayId, '{prepay_id}')
      : (value as Value)
  // The gate sees every batch before it is executed.
  const db = d1Shim(new Sqlite(), async (_label, execute, statements) => {
    way[phase].push({
      batch: statements.map(({ sql, values }) => ({ sql, params: values.map(fill) })),
    })
    return execute()
  })
  const platform: Platform = {
    db,
    kv: undefined,
    nowMs: () => Date.now(),
    timers: realTimers,
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    log: () => {},
    background: (work) => void work,
    async fetch(request) {
      way[phase].push({ call: request.method === 'GET' ? 'login' : 'unifiedorder' })
      const answer = await wechat.fetch(request)
      const text = await answer.text()
      prepayId = /<prepay_id><!\[CDATA\[(.+?)\]\]>/.exec(text)?.[1] ?? prepayId
      return new Response(text, answer)
    },
  }
  const send = async (now: Phase, path: string, init: RequestInit = {}): Promise<string> => {
    phase = now
    const request = new Request(new URL(path, ORIGIN), init)
    const answer = await respond(request, assemble(vars, platform))
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`)
    return text
  }
  const headers = { authorization: `Bearer ${TOKEN}` }
  await send('register', `/orders/${ORDERCODE}`, {
    method: 'PUT',
    headers,
    body: orderJson(CLIENT.openid),
  })
  const code = wechat.payer.login(CLIENT.openid)
  const pay = `/pay?code=${code}&ordercode=${ORDERCODE}`
  await send('pay', pay, { headers: { 'cf-connecting-ip': CLIENT.ip } })
  const again = await send('payAgain', pay, { headers: { 'cf-connecting-ip': CLIENT.ip } })
  const body = xmlOf(signed(noticeFields(ORDERCODE, TRANSACTION_ID, beijing(Date.now()))))
  await send('notify', '/notify', { method: 'POST', body })
  await send('notifyAgain', '/notify', { method: 'POST', body })
  const { ticket } = JSON.parse(again) as { ticket: string }
  await send('result', `/result?ticket=${ticket}`)
  return way
}
