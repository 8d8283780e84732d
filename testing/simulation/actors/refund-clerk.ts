/** The shop's refund desk for one order: refunds parts, everything, too much, and the same thing twice. */
import { codeOf } from '../checkers/witness.ts'
import type { Chance } from '../run/random.ts'
import type { World } from '../run/world.ts'
import { type Answer, pause, shopCall, sleep } from './client.ts'

type RefundBody = Readonly<{ refund_fee: number; reason?: string; transaction_id?: string }>

const TRIES_MAX = 5
/** Patience until somebody has paid. */
const LOOKS_MAX = 12

export async function runRefundClerk(world: World, ordercode: string): Promise<void> {
  const chance = world.chance(`clerk of ${ordercode}`)
  let left = chance.below(5)
  for (let looks = 0; looks < LOOKS_MAX && left > 0; looks++) {
    await pause(world, chance)
    // Now and then too early.
    if (!isPaid(world, ordercode) && !chance.happens(0.04)) continue
    left--
    await new RefundClerk(world, ordercode, chance).act()
  }
}

const paymentsOf = ({ wechat }: World, ordercode: string) =>
  wechat.books.captures().filter(({ outTradeNo }) => codeOf(outTradeNo) === ordercode)

const isPaid = (world: World, ordercode: string): boolean => paymentsOf(world, ordercode).length > 0

class RefundClerk {
  readonly #world: World
  readonly #ordercode: string
  readonly #chance: Chance
  readonly #who: string

  constructor(world: World, ordercode: string, chance: Chance) {
    this.#world = world
    this.#ordercode = ordercode
    this.#chance = chance
    this.#who = `clerk ${ordercode}`
  }

  async act(): Promise<void> {
    const chance = this.#chance
    const number = this.#number()
    const wish = this.#wish()
    switch (chance.below(8)) {
      case 0:
        await this.#read(number)
        return
      case 1: {
        this.#count('refund_from_many_clients')
        const many = Array.from({ length: chance.between(2, 3) }, () => this.#ask(number, wish))
        await Promise.all(many)
        return
      }
      case 2: {
        // Each alone fits what was paid, and both together perhaps do not.
        this.#count('concurrent_refunds')
        await Promise.all([this.#ask(number, wish), this.#ask(`${number}b`, this.#wish())])
        return
      }
      case 3: {
        this.#count('refund_number_twice')
        const other = { ...wish, refund_fee: Math.max(1, wish.refund_fee - 1) }
        await Promise.all([this.#ask(number, wish), this.#ask(number, other)])
        return
      }
      case 4:
        await this.#mistake()
        return
      default:
        await this.#ask(number, wish)
    }
  }

  /** Mostly a new one; sometimes one that was used, or that another order wants, too. */
  #number(): string {
    const chance = this.#chance
    if (chance.happens(0.08)) return `shared-${chance.below(2)}@${this.#world.recipe.seed}`
    return `${this.#ordercode}-${chance.below(6)}`
  }

  #wish(): RefundBody {
    const chance = this.#chance
    const payments = paymentsOf(this.#world, this.#ordercode)
    const payment = payments.length === 0 ? undefined : chance.pick(payments)
    const total = payment?.totalFee ?? 100
    const half = Math.ceil(total / 2)
    const fee = chance.pick([total, half, half, chance.between(1, total), 1])
    if (fee === total) this.#count('full_refund')
    return {
      refund_fee: fee,
      ...(chance.happens(0.3) ? { reason: chance.pick(['不想要了', '缺货']) } : {}),
      ...(payment !== undefined && (payments.length > 1 || chance.happens(0.2))
        ? { transaction_id: payment.transactionId }
        : {}),
    }
  }

  /** What must never be taken on. */
  async #mistake(): Promise<void> {
    const chance = this.#chance
    const payments = paymentsOf(this.#world, this.#ordercode)
    const most = Math.max(0, ...payments.map(({ totalFee }) => totalFee))
    const [name, number, fee] = chance.pick([
      ['too_much', `${this.#ordercode}-x`, most + chance.between(1, 1_000)],
      ['nothing', `${this.#ordercode}-y`, 0],
      ['reserved_number', `auto*${payments[0]?.transactionId ?? 1}`, 1],
    ] as const)
    this.#count(`refund_${name}`)
    const answer = await this.#put(number, { refund_fee: fee })
    const taken = answer?.status === 200 || answer?.status === 201
    if (taken) this.#world.witness.report(`a refund was taken on: ${number}, ${fee} fen`)
  }

  /** Asks until there is an answer. */
  async #ask(number: string, wish: RefundBody): Promise<void> {
    const { witness, settings } = this.#world
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const answer = await this.#put(number, wish)
      if (answer?.status === 200 || answer?.status === 201) {
        witness.refundAccepted(this.#ordercode, number, wish.refund_fee)
        this.#heard(number, answer)
        return
      }
      if (answer?.status === 501 && settings.hasCertificate) {
        witness.report('refunds are not configured, and they are')
      }
      if (answer !== undefined && answer.status < 500) return
      if (answer?.status === 501) return
      if (answer === undefined) this.#count('refund_answer_lost')
      if (this.#chance.happens(0.3)) return
      await sleep(this.#world, this.#chance.between(100, 90_000))
    }
  }

  async #put(number: string, body: RefundBody): Promise<Answer | undefined> {
    const path = `/orders/${this.#ordercode}/refunds/${encodeURIComponent(number)}`
    const answer = await shopCall(this.#world, this.#who, { method: 'PUT', path, body })
    this.#world.faults.count(`refund:${answer?.code ?? answer?.status ?? 'no answer'}`)
    return answer
  }

  async #read(number: string): Promise<void> {
    const path = `/orders/${this.#ordercode}/refunds/${encodeURIComponent(number)}`
    const answer = await shopCall(this.#world, this.#who, { method: 'GET', path })
    if (answer?.status === 200) this.#heard(number, answer)
  }

  #heard(number: string, { body }: Answer): void {
    this.#world.witness.refundReported(number, String(body['state']))
  }

  #count(situation: string): void {
    this.#world.faults.count(`situation:${situation}`)
  }
}
