/** The shop's server for one order: registers it, changes its terms, reads it, has it queried, closes it. */
import type { Chance } from '../run/random.ts'
import type { World } from '../run/world.ts'
import { type Answer, pause, shopCall, sleep } from './client.ts'

type Terms = Readonly<{ total_fee: number; body: string; openid?: string; expires_in: number }>

const TRIES_MAX = 6
/** The price of many orders, in fen. */
const USUAL_PRICE = 8_800

/** Registers the order and then acts on it up to five times. @param payers Openids that the order may be bound to. */
export async function runShop(
  world: World,
  ordercode: string,
  payers: readonly string[],
): Promise<void> {
  const chance = world.chance(`shop of ${ordercode}`)
  const shop = new Shop(world, ordercode, payers, chance)
  await shop.register()
  for (let left = chance.below(6); left > 0; left--) {
    await pause(world, chance)
    await shop.act()
  }
}

class Shop {
  readonly #world: World
  readonly #ordercode: string
  readonly #payers: readonly string[]
  readonly #chance: Chance
  readonly #who: string
  #terms: Terms
  #etag: string | null = null
  /** Whether a PUT got no definite answer. Such a request may still change the price. */
  #unsure = false

  constructor(world: World, ordercode: string, payers: readonly string[], chance: Chance) {
    this.#world = world
    this.#ordercode = ordercode
    this.#payers = payers
    this.#chance = chance
    this.#who = `shop ${ordercode}`
    this.#terms = {
      // Some orders have the same price, so that one payment could be taken for another.
      total_fee: chance.happens(0.4) ? USUAL_PRICE : chance.between(1, 100_000),
      body: chance.pick(['测试商店-图书', '图书,上册`精装`']),
      expires_in: chance.pick([300, 600, 600, 900, 1_800, 7_200, 90_000]),
      ...(chance.happens(0.2) ? { openid: chance.pick(payers) } : {}),
    }
  }

  async register(): Promise<void> {
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const answer = await this.#put(this.#terms)
      if (answer !== undefined && answer.status < 500) return
      await sleep(this.#world, this.#chance.between(100, 20_000))
    }
  }

  async act(): Promise<void> {
    const chance = this.#chance
    switch (chance.below(9)) {
      case 0:
      case 1:
      case 8:
        await this.#put(this.#changed(), chance.happens(0.3))
        return
      case 2:
        await this.#put(this.#terms)
        return
      case 3:
        await this.#close()
        return
      case 4:
      case 5:
        await this.#read('POST', `/orders/${this.#ordercode}/query`)
        return
      case 6:
        await shopCall(this.#world, this.#who, {
          method: 'GET',
          path: `/orders/${this.#ordercode}/events`,
        })
        return
      default:
        await this.#read('GET', `/orders/${this.#ordercode}`)
    }
  }

  #changed(): Terms {
    const chance = this.#chance
    const { openid: _, ...terms } = this.#terms
    switch (chance.below(4)) {
      case 0:
        return { ...terms, openid: chance.pick(this.#payers) }
      case 1:
        return { ...this.#terms, expires_in: chance.pick([300, 1_200, 3_600]) }
      case 2:
        return { ...terms, body: `改-${chance.below(1_000)}` }
      default:
        return { ...this.#terms, total_fee: chance.between(1, 100_000) }
    }
  }

  async #put(terms: Terms, ifMatch = false): Promise<Answer | undefined> {
    const { witness, faults } = this.#world
    witness.priceStated(this.#ordercode, terms.total_fee)
    const headers = ifMatch && this.#etag !== null ? { 'if-match': this.#etag } : {}
    const answer = await shopCall(this.#world, this.#who, {
      method: 'PUT',
      path: `/orders/${this.#ordercode}`,
      body: terms,
      headers,
    })
    if (answer === undefined || answer.status >= 500) this.#unsure = true
    if (answer?.status === 200 || answer?.status === 201) {
      if (terms.total_fee !== this.#terms.total_fee) faults.count('situation:price_changed')
      this.#terms = terms
      witness.priceConfirmed(this.#ordercode, terms.total_fee, this.#unsure)
      this.#readAnswer(answer)
    }
    if (answer?.code === 'order_paid') this.#reportState('paid', 'PUT')
    return answer
  }

  async #close(): Promise<void> {
    const answer = await shopCall(this.#world, this.#who, {
      method: 'POST',
      path: `/orders/${this.#ordercode}/close`,
    })
    if (answer?.status === 200) this.#readAnswer(answer)
    if (answer?.code === 'order_paid') this.#reportState('paid', 'close')
    if (answer?.code === 'order_busy') this.#world.faults.count('situation:close_busy')
  }

  async #read(method: 'GET' | 'POST', path: string): Promise<void> {
    // If the Worker has answered `paid` before this read is sent, the answer to this read must be `paid`, too.
    const fresh = this.#world.witness.wasReported(this.#ordercode, 'paid') ? 'fresh ' : ''
    const answer = await shopCall(this.#world, this.#who, { method, path })
    if (answer?.status === 200) this.#readAnswer(answer, `${fresh}${method}`)
  }

  #readAnswer({ body, etag }: Answer, by = 'shop'): void {
    this.#etag = etag
    if (typeof body['state'] === 'string') this.#reportState(body['state'], by)
  }

  #reportState(state: string, by: string): void {
    this.#world.witness.stateReported(this.#ordercode, state, by)
  }
}
