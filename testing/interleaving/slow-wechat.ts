/** A WeChat for interleavings: messages of refunds depart, arrive and are answered in separate steps. */
import type { Refund, RefundRecord } from '../../src/core/order/refund.ts'
import { later, type UnixSeconds } from '../../src/core/time.ts'
import type { WeChat } from '../../src/ports/wechat.ts'

/**
 * How the sender's call ends, unless its deadline passes first. `answered`: WeChat gets the message and answers.
 * `waiting`: WeChat answers that the balance is too low. `lost`: no answer comes, and the message is still on its way.
 */
export type SendOutcome = 'answered' | 'waiting' | 'lost'

/** How long a sender may repeat a message, and how long a message may then be on its way, in seconds. */
const SENDING_S = 35
const ON_ITS_WAY_S = 60

type Message = {
  refund: Refund
  /** The last second in which a copy of the message may arrive. */
  lastAt: UnixSeconds
}

/** What WeChat has, and what is on its way to it. */
export class SlowWeChat {
  readonly refunds = new Map<string, RefundRecord>()
  #underWay: Message[] = []
  readonly #now: () => UnixSeconds
  readonly #totalFee: number

  constructor(now: () => UnixSeconds, totalFee: number) {
    this.#now = now
    this.#totalFee = totalFee
  }

  /** The sum of WeChat's refunds, in fen. */
  paid(): number {
    return [...this.refunds.values()].reduce((sum, { refundFee }) => sum + refundFee, 0)
  }

  /** Whether a message of this refund may still arrive. */
  mayArrive(number: string): boolean {
    return this.#underWay.some(({ refund }) => refund.outRefundNo === number)
  }

  /** A text that tells this situation from others. */
  situation(): string {
    const underWay = this.#underWay.map(({ refund, lastAt }) => [refund.outRefundNo, lastAt])
    return JSON.stringify([...this.refunds.keys(), underWay])
  }

  /** WeChat gets the messages that are on their way until then at the latest. */
  arrive(until: UnixSeconds): void {
    for (const { refund, lastAt } of this.#underWay) if (lastAt < until) this.make(refund)
    this.#underWay = this.#underWay.filter(({ lastAt }) => lastAt >= until)
  }

  /** Sends a message that may arrive until then. */
  depart(refund: Refund, lastAt: UnixSeconds): Message {
    const message = { refund, lastAt }
    this.#underWay.push(message)
    return message
  }

  /** The calls of one actor. @param turn Waits for the actor's next step. */
  callsOf(
    turn: () => Promise<void>,
    outcome: SendOutcome,
    hear: (answer: string) => void,
  ): Pick<WeChat, 'refund' | 'refundQuery'> {
    return {
      refund: async (refund) => {
        // The message departs in the same step as the check that the lease leaves time for it.
        const departed = this.#now()
        const message = this.depart(refund, later(departed, SENDING_S + ON_ITS_WAY_S))
        await turn()
        const isTooLate = this.#now() > later(departed, SENDING_S)
        if (outcome === 'lost' || isTooLate) {
          message.lastAt = later(isTooLate ? later(departed, SENDING_S) : this.#now(), ON_ITS_WAY_S)
          return { kind: 'unknown', cause: 'no_answer' }
        }
        this.#underWay = this.#underWay.filter((each) => each !== message)
        if (outcome === 'answered') this.make(refund)
        const record = this.refunds.get(refund.outRefundNo)
        return record !== undefined
          ? { kind: 'accepted', record }
          : { kind: 'waiting', errCode: 'NOTENOUGH', errCodeDes: '?', isRepetition: false }
      },
      refundQuery: async (outRefundNo) => {
        await turn()
        const record = this.refunds.get(outRefundNo)
        hear(String(record?.status))
        return record === undefined
          ? { kind: 'absent' }
          : { kind: 'found', records: [record], total: 1 }
      },
    }
  }

  /** WeChat gets a refund. @returns whether WeChat has it now. */
  make({ outRefundNo, transactionId, refundFee }: Refund): boolean {
    if (this.refunds.has(outRefundNo)) return true
    if (this.paid() + refundFee > this.#totalFee) return false
    this.refunds.set(outRefundNo, {
      outRefundNo,
      transactionId,
      refundFee,
      refundId: `5000${this.refunds.size}`,
      status: 'processing',
      succeededAt: undefined,
      receivedBy: undefined,
    })
    return true
  }
}
