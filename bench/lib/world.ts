/** The real Worker in this process, over any D1, with a simulated WeChat and a clock that stands still. */
import { WeChatSimulator } from '../../simulator/wechat.ts'
import { assemble, assembleCron, type Platform } from '../../src/assemble.ts'
import { readConfig } from '../../src/config.ts'
import { tick } from '../../src/cron/tick.ts'
import { IsolateMemory } from '../../src/isolate-memory.ts'
import { realTimers } from '../../src/platform.ts'
import { respond } from '../../src/routes/router.ts'
import { CLIENT, MERCHANT } from './messages.ts'
import { orderJson, TOKEN, workerVars } from './shop.ts'

/** What one run of the cron has done. */
export type Run = Readonly<{ calls: number; statements: number; due: number }>

/** A Worker with its surroundings. See {@link openWorld}. */
export type World = Readonly<{
  /** Registers orders, and lets a payer of each come to the cashier and pay nothing. */
  abandon: (count: number) => Promise<void>
  /** Lets seconds pass. */
  advance: (seconds: number) => void
  nowS: () => number
  /** Runs the cron once. */
  run: () => Promise<Run>
}>

const ORIGIN = 'https://pay.example.com'
let nextOrder = 0

/**
 * Opens a world.
 *
 * @param db Has the migrations.
 * @param settings Variables beside those of the bench.
 * @param startMs When it begins.
 */
export function openWorld(
  db: D1Database,
  settings: Readonly<Record<string, string>>,
  startMs: number,
): World {
  const config = readConfig({ ...workerVars('https://api.mch.weixin.qq.com'), ...settings })
  if (!config.ok) throw new Error(`misconfigured bench: ${config.error.join(', ')}`)
  const vars = config.value
  let nowMs = startMs
  const wechat = new WeChatSimulator({ merchant: MERCHANT, clock: { now: () => nowMs } })
  let last: Run | undefined
  const platform: Platform = {
    db,
    kv: undefined,
    nowMs: () => nowMs,
    timers: realTimers,
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    log(entry) {
      if (entry.event !== 'tick_finished') return
      const { calls, statements, due } = entry
      last = { calls: Number(calls), statements: Number(statements), due: Number(due) }
    },
    background: (work) => void work,
    fetch: (request) => wechat.fetch(request),
    memory: new IsolateMemory(),
  }
  const send = async (path: string, init: RequestInit): Promise<void> => {
    const answer = await respond(new Request(new URL(path, ORIGIN), init), assemble(vars, platform))
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  }
  return {
    async abandon(count) {
      for (let order = 0; order < count; order++) {
        const ordercode = `20261128-T-${String(nextOrder++).padStart(9, '0')}`
        const openid = wechat.payer.newOpenid()
        const headers = { authorization: `Bearer ${TOKEN}` }
        await send(`/orders/${ordercode}`, { method: 'PUT', headers, body: orderJson(openid) })
        const pay = `/pay?code=${wechat.payer.login(openid)}&ordercode=${ordercode}`
        await send(pay, { headers: { 'cf-connecting-ip': CLIENT.ip } })
      }
    },
    advance: (seconds) => void (nowMs += seconds * 1_000),
    nowS: () => Math.floor(nowMs / 1_000),
    async run() {
      last = undefined
      await tick(assembleCron(vars, platform), nowMs)
      if (last === undefined) throw new Error('the run of the cron has not finished')
      return last
    },
  }
}
