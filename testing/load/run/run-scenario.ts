/** Plays one scenario and returns what was measured. `installInstant()` must have been called before. */
import { WeChatSimulator } from '../../../simulator/wechat.ts'
import { Sqlite } from '../../simulation/d1/sqlite.ts'
import { chanceOf } from '../../simulation/run/random.ts'
import { Database } from '../platform/database.ts'
import { type Mix, mixOf } from '../world/mix.ts'
import { Network } from '../platform/network.ts'
import { CEILINGS, type Plan } from '../platform/ceilings.ts'
import { Receiver } from '../world/receiver.ts'
import type { Presence, Scenario } from '../world/scenarios.ts'
import { ORIGIN, Shop, TOKEN } from '../world/shop.ts'
import { VirtualTime } from '../platform/virtual-time.ts'
import { Watcher } from '../watch/watcher.ts'
import { Workers } from '../platform/workers.ts'

export type LoadOptions = Readonly<{
  scenario: Scenario
  plan: Plan
  /** Abandoned cashiers a minute. */
  rate: number
  seed: number
  /** Replaces the mix that follows from the rate. */
  mix?: Partial<Mix>
  /** Variables of the Worker beside those that every run has. */
  vars?: Readonly<Record<string, string>>
  /** Ends the run at the first violation. */
  stopsAtViolation?: boolean
  /** Called every simulated minute. */
  onMinute?: (minute: number) => void
  interrupted?: AbortSignal
}>

/** What a run was measured by. */
export type LoadResult = Readonly<{
  options: LoadOptions
  /** How many minutes were played. */
  minutes: number
  watcher: Watcher
  workers: Workers
  database: Database
}>

const MINUTE_MS = 60_000
const START_MS = Date.parse('2026-11-23T08:00:00+08:00')
const NOTICE_PATIENCE_MS = 5_000
const WEBHOOK_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const MERCHANT = {
  appid: 'wxd930ea5d5a258f4f',
  mchId: '10000100',
  apiKey: '192006250b4c09247ec02edce69f6a2d',
  appSecret: '00000000000000000000000000000000',
}

export async function runScenario(options: LoadOptions): Promise<LoadResult> {
  const { scenario, plan, rate, seed } = options
  const chance = (name: string) => chanceOf(seed, `load ${name}`)
  const time = new VirtualTime(START_MS)
  const sqlite = new Sqlite()
  const mix = { ...mixOf(rate), ...options.mix }
  const wechat = new WeChatSimulator({
    merchant: MERCHANT,
    clock: { now: time.now },
    random: chance('wechat').bytes,
    noticeTimeout: () => {
      const controller = new AbortController()
      time.after(NOTICE_PATIENCE_MS, () => controller.abort(new Error('timeout')))
      return controller.signal
    },
    onEvent: ({ type, outTradeNo, outRefundNo }) => {
      if (type === 'request') watcher.wechatCalled(outTradeNo, outRefundNo)
    },
  })
  const watcher = new Watcher({
    sqlite,
    books: wechat.books,
    nowMs: time.now,
    startMs: START_MS,
    scenario,
  })
  const receiver = new Receiver({
    chance: chance('receiver'),
    failureRate: mix.webhookFailureRate,
    presenceAt: presenceOf(scenario, scenario.receiver),
    onTry: (id, isDelivered) => watcher.webhookTried(id, isDelivered),
  })
  const network = new Network({
    time,
    chance: chance('network'),
    wechat,
    receiver,
    wechatAt: presenceOf(scenario, scenario.wechat),
    onLostCall: (numbers) => {
      for (const number of numbers) watcher.wechatCalled(number, number)
    },
  })
  const database = new Database(time, sqlite)
  const workers = new Workers({
    time,
    chance: chance('workers'),
    database,
    network,
    ceilings: CEILINGS[plan],
    vars: {
      WX_APPID: MERCHANT.appid,
      WX_MCH_ID: MERCHANT.mchId,
      WX_API_KEY: MERCHANT.apiKey,
      WX_APP_SECRET: MERCHANT.appSecret,
      MERCHANT_TOKEN: TOKEN,
      PUBLIC_URL: ORIGIN,
      WX_CERT: 'a binding',
      WEBHOOK_URL: 'https://shop.test/hook',
      WEBHOOK_SECRET,
      PLAN: plan,
      ...options.vars,
    },
  })
  const shop = new Shop({ time, chance: chance('shop'), wechat, workers, watcher, mix })
  void shop.deliverNotices()

  let minute = 0
  for (; minute < scenario.minutes; minute++) {
    watcher.look(minute)
    if (options.interrupted?.aborted === true) break
    if (options.stopsAtViolation === true && watcher.violations.size > 0) break
    options.onMinute?.(minute)
    shop.beginMinute(scenario.rateAt?.(minute) ?? 1)
    for (let crons = scenario.cronsAt?.(minute) ?? 1; crons > 0; crons--) void workers.cron()
    await time.runUntil(START_MS + (minute + 1) * MINUTE_MS)
  }
  sqlite.close()
  return { options, minutes: minute, watcher, workers, database }
}

function presenceOf({ absence }: Scenario, away: Presence = 'here'): (ms: number) => Presence {
  if (absence === undefined) return () => 'here'
  const from = START_MS + absence.fromMinute * MINUTE_MS
  const to = START_MS + absence.toMinute * MINUTE_MS
  return (ms) => (ms >= from && ms < to ? away : 'here')
}
