/** The connections of a Worker to D1, KV, WeChat and the shop. On each call it may wait, fail or die. */
import type { FaultEndpoint } from '../../../simulator/protocol/faults.ts'
import type { WeChatSimulator } from '../../../simulator/wechat.ts'
import type { BlobStore } from '../../../src/store/bill/archive.ts'
import type { Gate } from '../d1/d1-shim.ts'
import type { Chance } from '../run/random.ts'
import type { Owner, Scheduler } from '../run/scheduler.ts'
import type { Trace } from '../run/trace.ts'
import { CRASHES, D1_FAULTS, type FaultBox, FREEZES, KV_FAULTS } from './faults.ts'

/** What the network needs: WeChat and the other hosts that it connects, the scheduler, and the source of faults. */
export type NetworkParts = Readonly<{
  scheduler: Scheduler
  faults: FaultBox
  chance: Chance
  trace: Trace
  wechat: WeChatSimulator
  /** Answers requests to every host except WeChat: the shop's webhook receiver. */
  outside: (request: Request) => Promise<Response>
}>

/** D1's error messages after which the Worker may retry. After the messages in D1_FINAL the Worker must not retry. */
const D1_RETRYABLE = [
  'D1_ERROR: Network connection lost.',
  'D1_ERROR: Internal error in D1 DB storage caused object to be reset.',
  'D1_ERROR: D1 DB reset because its code was updated.',
]
const D1_FINAL = [
  'D1_ERROR: D1 DB is overloaded. Requests queued for too long.',
  'D1_ERROR: D1 DB storage operation exceeded timeout which caused object to be reset.',
  'D1_ERROR: D1 DB exceeded its CPU time limit and was reset.',
]
/**
 * By how many milliseconds a call with a `late` fault is delayed: longer than some deadlines of callers, but shorter than the
 * time for which an attempt counts as in flight.
 */
const LATE_MS = { from: 2_500, to: 30_000 }
const FROZEN_MS = { from: 10_000, to: 150_000 }

const WECHAT_HOSTS = ['api.weixin.qq.com', 'api.mch.weixin.qq.com', 'api2.mch.weixin.qq.com']
/**
 * By path of WeChat's API: how many times likelier the Worker freezes after a call to it. Listed are the calls after which an
 * unstored reply is most dangerous. Any other path has the weight 1.
 */
const FREEZE_WEIGHTS: Readonly<Record<string, number>> = {
  '/pay/unifiedorder': 6,
  '/secapi/pay/refund': 6,
  '/pay/downloadbill': 6,
}

/**
 * Returns a promise that never settles. Each caller gets a new promise: a shared one would keep all its callers in memory.
 */
const never = (): Promise<never> => new Promise(() => {})

/** Gives each Worker its D1, fetch and KV, with delays and faults. */
export class Network {
  readonly #parts: NetworkParts
  /**
   * Keeps the requests in flight reachable. Otherwise the garbage collector could abort a request, at a moment that no seed
   * repeats.
   */
  readonly #inFlight = new Set<Request>()
  #outages = 0

  constructor(parts: NetworkParts) {
    this.#parts = parts
  }

  /** Begins an outage: calls that are under way get lost, instead of arriving after the outage. */
  outage(): void {
    this.#outages++
  }

  /** The gate through which this Worker's D1 calls pass, with delays and faults. */
  gateFor(owner: Owner): Gate {
    const { scheduler, faults, chance, trace } = this.#parts
    return async (label, run) => {
      const fault = faults.draw('d1', D1_FAULTS)
      const failure = chance.pick(chance.happens(0.7) ? D1_RETRYABLE : D1_FINAL)
      const note = (what: string) => trace.add(owner.name, `D1 ${label}: ${what}`)

      const delayMs = fault === 'd1_late' ? chance.between(LATE_MS.from, LATE_MS.to) : 0
      await this.#sent(owner, delayMs, `D1 ${label}`)
      if (fault === 'd1_stall_before') {
        note('stalls, nothing done')
        return never()
      }
      if (fault === 'd1_error_before') {
        note(`nothing done, ${failure}`)
        await scheduler.point(owner)
        throw new Error(failure)
      }
      const ran = perform(run)
      note(`${'error' in ran ? ran.error.message : ran.changes}${fault ? `, but ${fault}` : ''}`)
      if (fault === 'd1_stall_after') return never()
      await this.#answered(owner)
      if (fault === 'd1_error_after') throw new Error(failure)
      if ('error' in ran) throw ran.error
      return ran.rows
    }
  }

  /** This Worker's fetch. @param isCertified Whether it presents the merchant's certificate where WeChat requires one. */
  fetchFor(owner: Owner, isCertified = false): (request: Request) => Promise<Response> {
    const { faults, chance, scheduler, trace, wechat } = this.#parts
    const certified = isCertified ? wechat.fetchWithCertificate : wechat.fetch
    return async (request) => {
      this.#inFlight.add(request)
      const { host, pathname } = new URL(request.url)
      const toWeChat = WECHAT_HOSTS.includes(host)
      const fault = toWeChat ? faults.drawWeChat(endpointOf(pathname)) : undefined
      const delayMs = fault === 'wechat_late' ? chance.between(LATE_MS.from, LATE_MS.to) : 0
      await this.#sent(owner, delayMs, `fetch ${pathname}`)
      if (fault === 'wechat_unreachable') {
        trace.add(owner.name, `fetch ${host}${pathname}: unreachable`)
        await scheduler.point(owner)
        throw new TypeError('Network connection lost.')
      }
      trace.add(owner.name, `fetch ${host}${pathname}${delayMs > 0 ? `, ${delayMs} ms late` : ''}`)
      // A request that was sent arrives even if the Worker has aborted it since.
      const arrived = request.signal.aborted
        ? new Request(request, { signal: new AbortController().signal })
        : request
      const repeated = fault === undefined && (await this.#isRepeatedRefund(pathname, arrived))
      const injected = repeated ? faults.drawRepetition() : fault
      if (typeof injected === 'object') wechat.faults.inject(injected)
      const toFetch = fault === 'certificate_refused' ? wechat.fetchWithWrongCertificate : certified
      const response = await (toWeChat ? toFetch(arrived) : this.#parts.outside(arrived))
      await this.#answered(owner, FREEZE_WEIGHTS[pathname] ?? 1)
      this.#inFlight.delete(request)
      return response
    }
  }

  /** Whether the request is a refund that WeChat has already accepted. */
  async #isRepeatedRefund(pathname: string, request: Request): Promise<boolean> {
    if (endpointOf(pathname) !== 'refund') return false
    const number = outRefundNoIn(await request.clone().text())
    return this.#parts.wechat.books.refund(number) !== undefined
  }

  /** This Worker's KV, with delays and faults. */
  kvFor(owner: Owner, store: BlobStore): BlobStore {
    const call = async <T>(what: string, none: T, run: () => Promise<T>): Promise<T> => {
      const { faults, trace, scheduler } = this.#parts
      const fault = faults.draw('kv', KV_FAULTS)
      await this.#sent(owner, 0, `KV ${what}`)
      trace.add(owner.name, `KV ${what}${fault === undefined ? '' : `, but ${fault}`}`)
      if (fault === 'kv_stall') return never()
      if (fault === 'kv_error_before') {
        await scheduler.point(owner)
        throw new KvError(`KV ${what} failed: 500 Internal Server Error`)
      }
      const done = fault === 'kv_missing' ? none : await run()
      await this.#answered(owner)
      if (fault === 'kv_error_after') throw new KvError(`KV ${what} failed: 503`)
      return done
    }
    return {
      put: (key, value) => call('PUT', undefined, () => store.put(key, value)),
      get: (key, type) => call('GET', null, () => store.get(key, type)),
      delete: (key) => call('DELETE', undefined, () => store.delete(key)),
    }
  }

  /** Sends a call of the Worker `owner`. The Worker may die before the call is sent, or while the call is under way. */
  async #sent(owner: Owner, delayMs: number, what: string): Promise<void> {
    const { scheduler, chance } = this.#parts
    const outages = this.#outages
    await scheduler.point(undefined, delayMs)
    if (outages !== this.#outages) await never()
    if (owner.alive) this.#perhapsDie(owner, 'crash_before', what)
    if (!owner.alive && chance.happens(0.5)) await never()
  }

  /**
   * Returns the answer of a call to the Worker `owner`. The Worker may die before the answer arrives, or freeze for a while
   * after it.
   *
   * @param danger How many times likelier a freeze is.
   */
  async #answered(owner: Owner, danger = 1): Promise<void> {
    const { scheduler, faults, chance, trace } = this.#parts
    this.#perhapsDie(owner, 'crash_after', 'the answer')
    await scheduler.point(owner)
    const freezes = Array.from({ length: danger }, () => faults.draw('freeze', FREEZES))
    if (freezes.every((fault) => fault === undefined)) return
    const ms = chance.between(FROZEN_MS.from, FROZEN_MS.to)
    trace.add(owner.name, `freezes for ${ms} ms`)
    scheduler.freeze(owner, ms)
    await scheduler.point(owner)
  }

  #perhapsDie(owner: Owner, when: (typeof CRASHES)[number], what: string): void {
    const { faults, scheduler, trace } = this.#parts
    if (!owner.alive || faults.draw('crash', [when]) === undefined) return
    trace.add(owner.name, `dies before ${what}`)
    scheduler.kill(owner)
  }
}

/** The refund number in the XML of a refund call. */
export const outRefundNoIn = (xml: string): string =>
  /<out_refund_no>(?:<!\[CDATA\[)?([^\]<]+)/.exec(xml)?.[1] ?? ''

/** The plain `Error` that KV throws. Its name lets the alarms distinguish it from errors of our own code. */
class KvError extends Error {
  override readonly name = 'KvError'
}

type Performed = Readonly<
  { rows: ReturnType<Parameters<Gate>[1]>; changes: string } | { error: Error }
>

function perform(run: Parameters<Gate>[1]): Performed {
  try {
    const rows = run()
    return { rows, changes: rows.map((each) => each.changes || each.rows.length).join(' ') }
  } catch (error) {
    return { error: error instanceof Error ? error : new Error(String(error)) }
  }
}

function endpointOf(pathname: string): FaultEndpoint {
  switch (pathname) {
    case '/secapi/pay/refund':
      return 'refund'
    case '/pay/refundquery':
      return 'refundquery'
    case '/pay/downloadbill':
      return 'downloadbill'
    case '/sns/jscode2session':
      return 'jscode2session'
    case '/pay/unifiedorder':
      return 'unifiedorder'
    case '/pay/closeorder':
      return 'closeorder'
    default:
      return 'orderquery'
  }
}
