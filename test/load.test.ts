/** The load simulation: the platform's ceilings are real, starvation is noticed, and the plans bear what they promise. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Database } from '../testing/load/platform/database.ts'
import { installFastWeb } from '../testing/load/platform/fast-web.ts'
import { CpuCredit, Invocation } from '../testing/load/platform/invocation.ts'
import { Network } from '../testing/load/platform/network.ts'
import { CEILINGS, CPU_CREDIT_LIMITS } from '../testing/load/platform/ceilings.ts'
import { Receiver } from '../testing/load/world/receiver.ts'
import { type LoadOptions, runScenario } from '../testing/load/run/run-scenario.ts'
import type { Scenario } from '../testing/load/world/scenarios.ts'
import { type Summary, summarize } from '../testing/load/watch/summary.ts'
import { VirtualTime } from '../testing/load/platform/virtual-time.ts'
import { installInstant } from '../testing/simulation/d1/instant.ts'
import { Sqlite } from '../testing/simulation/d1/sqlite.ts'
import { chanceOf } from '../testing/simulation/run/random.ts'
import { WeChatSimulator } from '../simulator/wechat.ts'

const restores: (() => void)[] = []
beforeAll(() => restores.push(installInstant(), installFastWeb()))
afterAll(() => restores.forEach((restore) => restore()))

const START_MS = Date.parse('2026-11-23T08:00:00+08:00')

function setUp(plan: 'paid' | 'free' = 'free') {
  const time = new VirtualTime(START_MS)
  const sqlite = new Sqlite([])
  sqlite.exec('CREATE TABLE notes (id INTEGER PRIMARY KEY, at INTEGER) STRICT')
  const database = new Database(time, sqlite)
  const credit = new CpuCredit(CEILINGS[plan].cpuMs)
  const deaths: string[] = []
  const invocation = new Invocation(time, CEILINGS[plan], credit, () => deaths.push('dead'))
  const receiver = new Receiver({
    chance: chanceOf(1, 'receiver'),
    failureRate: 0,
    presenceAt: () => 'here',
    onTry: () => {},
  })
  const network = new Network({
    time,
    chance: chanceOf(1, 'network'),
    wechat: new WeChatSimulator({
      merchant: { appid: 'wx1', mchId: '1', apiKey: 'k'.repeat(32), appSecret: 's' },
      clock: { now: time.now },
    }),
    receiver,
    wechatAt: () => 'here',
    onLostCall: () => {},
  })
  return { time, sqlite, database, invocation, credit, deaths, fetch: network.fetchOf(invocation) }
}

const toShop = () => new Request('https://shop.test/hook', { headers: { 'webhook-id': 'x' } })

describe('an invocation', () => {
  it('has six connections, so that a seventh call waits for the first answer', async () => {
    const { time, fetch } = setUp()
    const answeredMs: number[] = []
    for (let calls = 0; calls < 7; calls++) {
      void fetch(toShop()).then(() => answeredMs.push(time.now() - START_MS))
    }
    await time.runUntil(START_MS + 1_000)

    expect(answeredMs).toEqual([100, 100, 100, 100, 100, 100, 200])
  })

  it('is refused the 51st call on the free plan', async () => {
    const { time, fetch, invocation } = setUp()
    const calls = Array.from({ length: 51 }, () => fetch(toShop()))
    const settled = Promise.allSettled(calls)
    await time.runUntil(START_MS + 10_000)

    const refused = (await settled).filter(({ status }) => status === 'rejected')
    expect(refused).toEqual([{ status: 'rejected', reason: new Error('Too many subrequests.') }])
    expect([...invocation.refusals]).toEqual(['calls'])
  })

  it('is refused a batch beyond the 50th statement, because each statement of a batch counts', async () => {
    const { time, database, sqlite, invocation } = setUp()
    const db = database.bindingOf(invocation)
    const insert = () => db.prepare('INSERT INTO notes (at) VALUES (?)').bind(1)
    const first = db.batch(Array.from({ length: 49 }, insert))
    const second = db.batch([insert(), insert()])
    const settled = Promise.allSettled([first, second])
    await time.runUntil(START_MS + 1_000)

    const [one, two] = await settled
    expect(one?.status).toBe('fulfilled')
    expect(two).toMatchObject({ reason: { message: expect.stringContaining('Too many API') } })
    expect(sqlite.read('SELECT count(*) AS n FROM notes')).toEqual([{ n: 49 }])
  })

  it('that uses too much CPU is killed: nothing of it continues, not even its `finally`', async () => {
    const { time, fetch, invocation, deaths } = setUp()
    const seen: string[] = []
    const work = async (): Promise<void> => {
      try {
        await fetch(toShop())
        seen.push('answered')
        invocation.spend(CEILINGS.free.cpuMs * (CPU_CREDIT_LIMITS + 1))
        await fetch(toShop())
        seen.push('answered again')
      } finally {
        seen.push('finally')
      }
    }
    void work()
    await time.runUntil(START_MS + 60_000)

    expect(seen).toEqual(['answered'])
    expect(deaths).toEqual(['dead'])
    expect([...invocation.refusals]).toEqual(['cpu'])
  })

  it('may exceed its CPU now and then, but not again and again', () => {
    const { time, credit } = setUp()
    const outcomes = Array.from({ length: 20 }, () => {
      const invocation = new Invocation(time, CEILINGS.free, credit, () => {})
      invocation.spend(20)
      invocation.end()
      return invocation.alive
    })

    expect(outcomes.slice(0, 3)).toEqual([true, true, true])
    expect(outcomes.slice(10)).toContain(false)
  })

  it('waits while D1, which runs one query at a time, is busy with the queries of others', async () => {
    const { time, database, invocation } = setUp('paid')
    const answeredMs: number[] = []
    for (let queries = 0; queries < 3; queries++) {
      const write = invocation.alive
        ? database.bindingOf(invocation).prepare('INSERT INTO notes (at) VALUES (1)').run()
        : undefined
      void write?.then(() => answeredMs.push(time.now() - START_MS))
    }
    await time.runUntil(START_MS + 1_000)

    // 5 ms on the way, then 3.2 ms each, one after the other.
    expect(answeredMs).toEqual([9, 12, 15])
  })
})

const calm = (minutes: number): Scenario => ({ name: 'calm', about: '', minutes })

const PATIENCE_MS = 300_000

async function play(options: Partial<LoadOptions>): Promise<Summary> {
  const scenario = options.scenario ?? calm(60)
  return summarize(await runScenario({ plan: 'paid', rate: 4, seed: 1, ...options, scenario }))
}

/** WeChat hangs for ten minutes. */
const AWAY: Scenario = {
  name: 'away',
  about: '',
  minutes: 45,
  wechat: 'hangs',
  absence: {
    fromMinute: 15,
    toMinute: 25,
    recovery: 10,
    kinds: ['attempts', 'refunds', 'expired', 'bills'],
  },
}

/** Orders that expire soon, so that their end is reached within the minutes of a test. */
const SHORT_LIVED = { expiresInS: 900 }

describe('the watcher', { timeout: PATIENCE_MS }, () => {
  it('notices that due work waits too long when the budget of a run is far too small', async () => {
    const { holds, violations, oldest_due_s } = await play({
      rate: 8,
      scenario: calm(30),
      mix: SHORT_LIVED,
      vars: { TICK_CALLS: '10', TICK_STATEMENTS: '40' },
    })

    expect(holds).toBe(false)
    expect(violations.map(({ what }) => what).join()).toMatch(/older than|not booked|not closed/)
    expect(oldest_due_s.attempts.max).toBeGreaterThan(300)
  })

  it('notices payments that are not booked and webhooks that are not sent when the cron never runs', async () => {
    const { violations, lost_notices_found_s } = await play({
      scenario: { ...calm(15), cronsAt: () => 0 },
      mix: { abandoned: 0, untouched: 0, paid: 2, lost: 1, webhookFailureRate: 0.5 },
    })

    const found = violations.map(({ what }) => what)
    expect(found).toContain('a payment is not booked')
    expect(found).toContain('a booked payment is not told to the shop')
    expect(found).toContain('due work is older than 3 minutes: attempts')
    expect(found).toContain('due work is older than 3 minutes: webhooks')
    expect(lost_notices_found_s.count).toBe(0)
  })
})

describe('the paid plan', { timeout: PATIENCE_MS }, () => {
  it('bears 12 abandoned cashiers a minute: no due work waits too long, and nothing is lost', async () => {
    const summary = await play({ rate: 12, scenario: calm(35), mix: SHORT_LIVED })

    expect(summary.violations).toEqual([])
    expect(summary.failures).toEqual({})
    expect(summary.refused_runs).toEqual({})
    expect(summary.counts['closed']).toBeGreaterThan(80)
    expect(summary.lost_notices_found_s.count).toBeGreaterThan(5)
  })

  it('bears WeChat’s absence: what does not need WeChat goes on, and the rest recovers', async () => {
    const summary = await play({ rate: 6, scenario: AWAY, mix: SHORT_LIVED })

    expect(summary.violations).toEqual([])
    // Payers are told that it is WeChat, and nothing else is answered wrongly.
    expect(summary.counts['turned_away']).toBeGreaterThan(50)
    expect(summary.unwanted_answers).toEqual({})
    expect(summary.oldest_due_s.attempts.count).toBe(AWAY.minutes)
  })
})

describe('a seed', { timeout: PATIENCE_MS }, () => {
  it('always plays the same run', async () => {
    const options = { rate: 6, scenario: calm(18), mix: SHORT_LIVED }
    const first = await play(options)

    expect(first.counts['orders']).toBeGreaterThan(80)
    expect(await play(options)).toEqual(first)
    expect(await play({ ...options, seed: 2 })).not.toEqual(first)
  })
})
