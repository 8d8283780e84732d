/** A clerk of the shop who refunds the payments of one order: partly, fully, too much, and twice under one number. */
import { codeOf } from '../checkers/witness.ts'
import type { Chance } from '../run/random.ts'
import type { World } from '../run/world.ts'
import { type Answer, pause, shopCall, sleep } from './client.ts'
import { cancel } from './refund-officers.ts'

type RefundBody = Readonly<{ refund_fee: number; reason?: string; transaction_id?: string }>

const TRIES_MAX = 5
/** The maximum number of times that the clerk looks whether the order is paid, before the clerk gives up. */
const LOOKS_MAX = 12

/** Requests up to four refunds of the order's payments. */
export async function runRefundClerk(world: World, ordercode: string): Promise<void> {
  const chance = world.chance(`clerk of ${ordercode}`)
  let left = chance.below(5)
  for (let looks = 0; looks < LOOKS_MAX && left > 0; looks++) {
    await pause(world, chance)
    // In a few cases the clerk asks for a refund before the order is paid.
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
    this.#who = `refund clerk ${ordercode}`
  }

  async act(): Promise<void> {
    const chance = this.#chance
    const number = this.#number()
    const body = this.#randomBody()
    switch (chance.below(8)) {
      case 0:
        await this.#read(number)
        return
      case 1: {
        this.#count('refund_from_many_clients')
        const many = Array.from({ length: chance.between(2, 3) }, () => this.#request(number, body))
        await Promise.all(many)
        return
      }
      case 2: {
        // The clerk requests two refunds at the same time. Each fits the payment, but their sum may exceed it.
        this.#count('concurrent_refunds')
        await Promise.all([
          this.#request(number, body),
          this.#request(`${number}b`, this.#randomBody()),
        ])
        return
      }
      case 3: {
        this.#count('refund_number_twice')
        const other = { ...body, refund_fee: Math.max(1, body.refund_fee - 1) }
        await Promise.all([this.#request(number, body), this.#request(number, other)])
        return
      }
      case 4:
        await this.#sendInvalid()
        return
      default:
        await this.#request(number, body)
    }
  }

  /** A refund number: mostly new, sometimes used before, sometimes shared with another order. */
  #number(): string {
    const chance = this.#chance
    if (chance.happens(0.08)) return `shared-${chance.below(2)}@${this.#world.recipe.seed}`
    return `${this.#ordercode}-${chance.below(6)}`
  }

  #randomBody(): RefundBody {
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

  /** Sends a refund request that the Worker must refuse. */
  async #sendInvalid(): Promise<void> {
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
    if (taken) {
      const what = `an invalid refund was accepted: ${number}, ${fee} fen`
      this.#world.witness.reportOf(this.#ordercode, what)
    }
  }

  /** Requests a refund, and repeats the request while no final answer has come. */
  async #request(number: string, body: RefundBody): Promise<void> {
    const { witness, settings } = this.#world
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const answer = await this.#put(number, body)
      if (answer?.status === 200 || answer?.status === 201) {
        witness.refundAccepted(this.#ordercode, number, body.refund_fee)
        this.#reportState(number, answer)
        if (answer.body['state'] === 'requested' && this.#chance.happens(0.3)) {
          await this.#changeMind(number)
        }
        return
      }
      if (answer?.status === 501 && settings.hasCertificate) {
        witness.report('answer says refunds are not configured, but they are')
      }
      if (answer !== undefined && answer.status < 500) return
      if (answer?.status === 501) return
      if (answer === undefined) this.#count('refund_answer_lost')
      if (this.#chance.happens(0.3)) return
      await sleep(this.#world, this.#chance.between(100, 90_000))
    }
  }

  /** Calls the refund off that WeChat has not accepted yet, also while a message may still be on its way. */
  async #changeMind(outRefundNo: string): Promise<void> {
    await sleep(this.#world, this.#chance.between(0, 30_000))
    this.#count('refund_called_off_by_the_shop')
    const numbers = { ordercode: this.#ordercode, outRefundNo }
    await cancel(this.#world, this.#chance, numbers, (what) =>
      shopCall(this.#world, this.#who, what),
    )
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
    if (answer?.status === 200) this.#reportState(number, answer)
  }

  #reportState(number: string, { body }: Answer): void {
    this.#world.witness.refundReported(number, String(body['state']))
  }

  #count(situation: string): void {
    this.#world.faults.count(`situation:${situation}`)
  }
}
