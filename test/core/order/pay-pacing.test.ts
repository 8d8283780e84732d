/** Payers who take an order from one another, over its whole life. */
import { describe, expect, it } from 'vitest'
import type { Attempt } from '../../../src/core/order/attempt.ts'
import { liveAttempt, type OrderEvent, type OrderView } from '../../../src/core/order/order.ts'
import { decidePay, type MerchantTerms } from '../../../src/core/order/pay-decision.ts'
import { transition } from '../../../src/core/order/transition.ts'
import { later, type UnixSeconds } from '../../../src/core/time.ts'
import { at, aView, HOUR, MINUTE, TERMS } from '../../../testing/samples/order-samples.ts'
import { seeded } from '../../../testing/wire/seeded.ts'

const MERCHANT: MerchantTerms = {
  appid: 'wxd930ea5d5a258f4f',
  mchId: '10000100',
  notifyUrl: 'https://pay.test/notify',
  signType: 'MD5',
}
const NUMBERS = 20
const FREE = 5
/** WeChat accepts no attempt in the last minutes of an order that was extended before. */
const LAST_MINUTES_S = 6 * MINUTE

const after = (view: OrderView, event: OrderEvent, now: UnixSeconds): OrderView => {
  const step = transition(view, event, now)
  if (!step.ok || step.value.kind !== 'changed') throw new Error(`cannot: ${event.type}`)
  return step.value.after
}

/** An order at a WeChat that answers everything at once. */
class Order {
  view: OrderView
  /** When each attempt was opened, and when the order then expired, in seconds after the order's creation. */
  readonly opened: { at: number; expiresAt: number }[] = []
  /** When each attempt was taken by another payer. */
  readonly takenAt: number[] = []

  constructor(expiresIn: number) {
    this.view = aView({ terms: { ...TERMS, expiresIn }, expiresAt: at(expiresIn) })
  }

  get holder(): string | undefined {
    return liveAttempt(this.view)?.terms.openid
  }

  get expiresAt(): number {
    return this.view.order.expiresAt - at(0)
  }

  /** A payer taps "pay". @returns `ok`, or why not. */
  tap(openid: string, second: number): string {
    const now = at(second)
    for (;;) {
      const decision = decidePay(this.view, { openid, ip: '::1', codeHash: 'h' }, MERCHANT, now)
      switch (decision.kind) {
        case 'sign':
        case 'resend':
          return 'ok'
        case 'open':
          this.opened.push({ at: second, expiresAt: this.expiresAt })
          this.#open(decision.attempt, now)
          return 'ok'
        case 'close_attempt':
          this.takenAt.push(second)
          this.#close(decision.attempt, now)
          break
        case 'close':
          return 'expired'
        case 'refuse':
          return decision.reason
      }
    }
  }

  #open(attempt: Attempt, now: UnixSeconds): void {
    const prepaid = {
      ...attempt,
      answeredAt: now,
      prepayId: 'wx1',
      prepayExpiresAt: later(now, 2 * HOUR),
    }
    this.view = after(this.view, { type: 'attempt_opened', attempt: prepaid }, now)
  }

  #close({ outTradeNo }: Attempt, now: UnixSeconds): void {
    this.view = after(this.view, { type: 'attempt_closing', outTradeNo }, now)
    this.view = after(
      this.view,
      { type: 'attempt_closed', outTradeNo, reason: 'closed_at_wechat' },
      now,
    )
  }
}

/** Each attempt after the free ones lived for its share of the time: of `n` numbers left, one part in `n + 1`. */
function expectFairLives({ opened, takenAt }: Order): void {
  expect(opened.length).toBeGreaterThan(FREE)
  expect(opened.length).toBeLessThanOrEqual(NUMBERS)
  for (const [index, { at: from, expiresAt }] of opened.entries()) {
    const to = takenAt[index] ?? expiresAt
    const numbersLeft = NUMBERS - (index + 1)
    const share = Math.floor((expiresAt - from) / (numbersLeft + 1))
    if (index + 1 >= FREE) expect(to - from, `number ${index + 1}`).toBeGreaterThanOrEqual(share)
  }
}

const LIVES = [12 * MINUTE, HOUR, 2 * HOUR, 24 * HOUR] as const

describe('a payer, and a stranger who takes the order at the first possible second', () => {
  it.each(LIVES)(
    'share the twenty numbers of an order of %i s until it expires, and the payer soon gets one again',
    (life) => {
      const order = new Order(life)
      /** The payer may wait for one share of the life, and taps every second. */
      const bound = Math.ceil(life / (NUMBERS - FREE + 1)) + 1
      const answers = new Set<string>()
      let lostAt: number | undefined
      let longestWait = 0

      for (let second = 0; second < order.expiresAt; second++) {
        const byPayer = order.tap('payer', second)
        if (byPayer === 'ok') lostAt = undefined
        else lostAt ??= second
        const last = order.opened.length === NUMBERS || second > life - LAST_MINUTES_S
        if (lostAt !== undefined && !last) longestWait = Math.max(longestWait, second - lostAt)
        answers.add(byPayer).add(order.tap('stranger', second))
      }

      expect([...answers].sort()).toEqual(['ok', 'order_busy'])
      expect(longestWait).toBeGreaterThan(0)
      expect(longestWait).toBeLessThanOrEqual(bound)
      expectFairLives(order)
    },
  )
})

describe('a crowd of payers', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'never uses an order up before it expires, whoever taps when (seed %i)',
    (seed) => {
      const { below, pick } = seeded(seed)
      const order = new Order(pick(LIVES))
      const crowd = Array.from({ length: 2 + below(9) }, (_, n) => `payer${n}`)
      const pause = pick([1, 7, 30, 60])
      const answers = new Set<string>()

      for (let second = 0; second < order.expiresAt; second += 1 + below(pause)) {
        const openid = crowd[below(crowd.length)] ?? ''
        const who = order.holder === openid ? 'holder' : 'other'
        answers.add(`${who} ${order.tap(openid, second)}`)
        answers.add(order.holder === undefined ? 'no attempt is live' : 'an attempt is live')
      }

      expect([...answers].sort()).toEqual(
        ['an attempt is live', 'holder ok', 'other ok', 'other order_busy'].sort(),
      )
      expectFairLives(order)
    },
  )

  it('that tires leaves its numbers to the payer, who then gets one sooner', () => {
    const order = new Order(2 * HOUR)
    for (const second of [0, 1, 2, 3, 4]) order.tap(`stranger${second}`, second)
    expect(order.tap('payer', 5)).toBe('order_busy')
    // An hour and 50 minutes later, ten minutes and fifteen numbers are left: 40 s are enough.
    order.tap('stranger', HOUR + 50 * MINUTE)

    expect(order.tap('payer', HOUR + 50 * MINUTE + 30)).toBe('order_busy')
    expect(order.tap('payer', HOUR + 50 * MINUTE + 41)).toBe('ok')
  })
})
