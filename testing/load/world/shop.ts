/** The shop and its payers: they arrive at a steady rate and never wait for one another. */
import type { WeChatSimulator } from '../../../simulator/wechat.ts'
import type { Chance } from '../../simulation/run/random.ts'
import type { Mix } from './mix.ts'
import type { VirtualTime } from '../platform/virtual-time.ts'
import type { Watcher } from '../watch/watcher.ts'
import type { Workers } from '../platform/workers.ts'

export const ORIGIN = 'https://pay.test'
export const TOKEN = 'merchant-token-of-the-simulation-01'

export type ShopParts = Readonly<{
  time: VirtualTime
  chance: Chance
  wechat: WeChatSimulator
  workers: Workers
  watcher: Watcher
  mix: Mix
}>

const MINUTE_MS = 60_000
/** How a payer polls `/result` after paying. */
const POLLS_MAX = 5
const POLL_MS = 2_000
const NOTICES_MS = 1_000

type Answer = Readonly<{ status: number; body: Readonly<Record<string, unknown>> }>

/** The code of an error; `no_answer` when the platform killed the Worker. */
const codeOf = (answer: Answer | undefined): string =>
  answer === undefined ? 'no_answer' : String(answer.body['code'])

type Journey = 'abandoned' | 'untouched' | 'paid' | 'lost'

export class Shop {
  readonly #parts: ShopParts
  readonly #owed: Record<Journey, number> = { abandoned: 0, untouched: 0, paid: 0, lost: 0 }
  #orders = 0

  constructor(parts: ShopParts) {
    this.#parts = parts
  }

  /** Begins what happens in the next minute. @param factor By how much the rate is multiplied. */
  beginMinute(factor: number): void {
    const { time, chance, mix } = this.#parts
    for (const journey of ['abandoned', 'untouched', 'paid', 'lost'] as const) {
      this.#owed[journey] += mix[journey] * factor
      for (; this.#owed[journey] >= 1; this.#owed[journey]--) {
        time.after(chance.below(MINUTE_MS), () => void this.#go(journey))
      }
    }
  }

  /** Lets WeChat deliver its notices, for ever. */
  async deliverNotices(): Promise<void> {
    const { time, wechat, workers } = this.#parts
    for (;;) {
      await time.sleep(NOTICES_MS)
      void wechat.notices.deliverDue((request) => workers.fetch(request))
    }
  }

  async #go(journey: Journey): Promise<void> {
    const { time, chance, wechat, watcher, mix } = this.#parts
    const ordercode = `o${String(++this.#orders).padStart(9, '0')}`
    const totalFee = chance.between(100, 50_000)
    const put = await this.#call('PUT', `/orders/${ordercode}`, {
      total_fee: totalFee,
      body: '测试商店-图书',
      expires_in: mix.expiresInS,
    })
    if (put?.status !== 201) return watcher.refused('PUT', codeOf(put))
    watcher.orderRegistered(ordercode, time.now() + mix.expiresInS * 1_000)
    if (journey === 'untouched') return
    await time.sleep(chance.between(2_000, 20_000))

    const openid = wechat.payer.newOpenid()
    const answer = await this.#call('POST', '/pay', { code: wechat.payer.login(openid), ordercode })
    if (answer?.status !== 200) return watcher.payRefused(codeOf(answer))
    const sentMs = time.now()
    if (journey === 'abandoned') return
    await time.sleep(chance.between(5_000, 40_000))

    const opened = wechat.payer.requestPayment(openid, answer.body)
    if (!opened.ok) return watcher.refused('the cashier', opened.why)
    const { outTradeNo } = opened.cashier
    if (journey === 'lost') wechat.notices.ofPayments.loseNext(outTradeNo)
    const paid = wechat.payer.pay(outTradeNo)
    if (!paid.ok) return watcher.refused('the cashier', paid.why)
    const isLost = journey === 'lost'
    watcher.paid({ ordercode, transactionId: paid.transactionId, sentMs, isLost })
    if (isLost) return
    await this.#poll(String(answer.body['ticket']))
    if (chance.happens(mix.refundRate)) await this.#refund(ordercode, totalFee)
  }

  async #poll(ticket: string): Promise<void> {
    for (let polls = 0; polls < POLLS_MAX; polls++) {
      await this.#parts.time.sleep(POLL_MS)
      const answer = await this.#call('GET', `/result?ticket=${ticket}`)
      if (answer?.body['state'] === 'paid') return
    }
  }

  async #refund(ordercode: string, totalFee: number): Promise<void> {
    const { time, chance, watcher } = this.#parts
    await time.sleep(chance.between(1, 60) * MINUTE_MS)
    const number = `r${ordercode}`
    const path = `/orders/${ordercode}/refunds/${number}`
    const answer = await this.#call('PUT', path, { refund_fee: totalFee })
    if (answer?.status === 201) watcher.refundReserved(number)
    else watcher.refused('PUT refund', codeOf(answer))
  }

  async #call(method: string, path: string, body?: unknown): Promise<Answer | undefined> {
    try {
      const response = await this.#parts.workers.fetch(
        new Request(`${ORIGIN}${path}`, {
          method,
          headers: { 'cf-connecting-ip': '203.0.113.7', authorization: `Bearer ${TOKEN}` },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        }),
      )
      const read: unknown = JSON.parse(await response.text())
      const fields = typeof read === 'object' && read !== null ? { ...read } : {}
      return { status: response.status, body: fields }
    } catch {
      return undefined
    }
  }
}
