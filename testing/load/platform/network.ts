/** What a Worker reaches over the network: WeChat and the shop's receiver, with their latencies and absences. */
import type { WeChatSimulator } from '../../../simulator/wechat.ts'
import type { Chance } from '../../simulation/run/random.ts'
import { type Invocation, never } from './invocation.ts'
import { LATENCY_MS, REFUSALS } from './ceilings.ts'
import type { Receiver } from '../world/receiver.ts'
import type { Presence } from '../world/scenarios.ts'
import type { VirtualTime } from './virtual-time.ts'

/** The parts of the simulation that the network connects. */
export type NetworkParts = Readonly<{
  time: VirtualTime
  chance: Chance
  wechat: WeChatSimulator
  receiver: Receiver
  /** The presence of WeChat at a time. */
  wechatAt: (ms: number) => Presence
  /** Called with the numbers in a request that WeChat did not get because it was away. */
  onLostCall: (numbers: readonly string[]) => void
}>

/** The shape of WeChat's log-normal latency: ln(p99 / median) / 2.326, the 99th percentile of the normal distribution. */
const SPREAD = Math.log(LATENCY_MS.wechatP99 / LATENCY_MS.wechatMedian) / 2.326
/** Calls that take longer than this may be aborted by the Worker, which then frees its connection. */
const IMPATIENCE_MS = 5_000
const RECEIVER_HOST = 'https://shop.test/'
const NUMBERS = /<(?:out_trade_no|out_refund_no)>(?:<!\[CDATA\[)?([^\]<]+)/g

/** The fetch of each invocation. */
export class Network {
  readonly #parts: NetworkParts

  constructor(parts: NetworkParts) {
    this.#parts = parts
  }

  /** @param isCertified Whether the calls present the merchant's certificate. */
  fetchOf(invocation: Invocation, isCertified = false): (request: Request) => Promise<Response> {
    const { wechat } = this.#parts
    const ask = isCertified ? wechat.fetchWithCertificate : wechat.fetch
    return async (request) => {
      if (!invocation.countCall()) throw new Error(REFUSALS.calls)
      if (!invocation.alive) return never()
      const place = invocation.connections.take()
      if (place !== undefined) await place
      try {
        const toShop = request.url.startsWith(RECEIVER_HOST)
        return await (toShop
          ? this.#callReceiver(invocation, request)
          : this.#callWeChat(invocation, request, ask))
      } finally {
        invocation.connections.give()
      }
    }
  }

  async #callWeChat(
    invocation: Invocation,
    request: Request,
    ask: (request: Request) => Promise<Response>,
  ): Promise<Response> {
    const { time, wechatAt, onLostCall } = this.#parts
    const presence = wechatAt(time.now())
    if (presence !== 'here') {
      const text = await request.clone().text()
      onLostCall([...text.matchAll(NUMBERS)].map(([, number = '']) => number))
      return presence === 'hangs' ? hang(request) : refuse(invocation)
    }
    // Half of the latency passes before WeChat acts, half before its answer arrives.
    const latencyMs = this.#drawLatency()
    const travels = async (): Promise<Response> => {
      await time.sleep(latencyMs / 2)
      const response = await ask(request)
      await invocation.sleep(latencyMs / 2)
      return response
    }
    return latencyMs < IMPATIENCE_MS ? travels() : Promise.race([travels(), hang(request)])
  }

  async #callReceiver(invocation: Invocation, request: Request): Promise<Response> {
    const { time, receiver } = this.#parts
    const presence = receiver.presenceAt(time.now())
    if (presence !== 'here') receiver.miss(request)
    if (presence === 'hangs') return hang(request)
    if (presence === 'refuses') return refuse(invocation)
    await time.sleep(LATENCY_MS.receiver)
    const response = receiver.answer(request)
    return invocation.alive ? response : never()
  }

  #drawLatency(): number {
    const { chance } = this.#parts
    const [a, b] = [chance.below(1_000_000) + 1, chance.below(1_000_000)]
    const normal = Math.sqrt(-2 * Math.log(a / 1_000_000)) * Math.cos((2 * Math.PI * b) / 1_000_000)
    return Math.round(LATENCY_MS.wechatMedian * Math.exp(SPREAD * normal))
  }
}

/** Answers nothing until the caller gives up. */
const hang = ({ signal }: Request): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('The operation was aborted')))
  })

async function refuse(invocation: Invocation): Promise<never> {
  await invocation.sleep(LATENCY_MS.refused)
  throw new TypeError('Network connection lost.')
}
