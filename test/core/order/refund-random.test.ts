/** Random events of the shop, the sender and WeChat about the refunds of one order, against a WeChat that keeps records. */
import { describe, expect, it } from 'vitest'
import { toFen } from '../../../src/core/money.ts'
import type { OrderEvent, OrderView } from '../../../src/core/order/order.ts'
import { recordEvent } from '../../../src/core/order/refund-transition.ts'
import {
  type OutRefundNo,
  type RefundRecord,
  toOutRefundNo,
} from '../../../src/core/order/refund.ts'
import { transition } from '../../../src/core/order/transition.ts'
import { later, toUnixSeconds, type UnixSeconds } from '../../../src/core/time.ts'
import { at, PAYMENT } from '../../../testing/samples/order-samples.ts'
import {
  aRefund,
  OTHER_TRANSACTION,
  paidView,
  secondPayment,
} from '../../../testing/samples/refund-samples.ts'
import { seeded } from '../../../testing/wire/seeded.ts'

type Status = RefundRecord['status']

/** WeChat: accepts a refund when enough of the payment is left, and reports only what is true. */
class FakeWeChat {
  readonly refunds = new Map<string, RefundRecord>()
  /** Every report of WeChat about a refund, each true at its time. */
  readonly reports: RefundRecord[] = []

  readonly #paid: ReadonlyMap<string, number>

  constructor(paid: ReadonlyMap<string, number>) {
    this.#paid = paid
  }

  left(transactionId: string): number {
    let left = this.#paid.get(transactionId) ?? 0
    for (const record of this.refunds.values()) {
      if (record.transactionId === transactionId && record.status !== 'closed')
        left -= record.refundFee
    }
    return left
  }

  /** @returns whether WeChat has the refund afterwards. The same number is the same refund. */
  accept(request: Pick<RefundRecord, 'outRefundNo' | 'transactionId' | 'refundFee'>): boolean {
    if (this.refunds.has(request.outRefundNo)) return true
    if (request.refundFee > this.left(request.transactionId)) return false
    this.set({
      ...request,
      refundId: `5000${this.refunds.size}`,
      status: 'processing',
      succeededAt: undefined,
      receivedBy: undefined,
    })
    return true
  }

  move(number: string, status: Status, now: UnixSeconds): void {
    const record = this.refunds.get(number)
    if (record === undefined || record.status === status) return
    // A closed refund may still succeed, but not with money that another refund took.
    if (record.status === 'closed' && record.refundFee > this.left(record.transactionId)) return
    this.set({ ...record, status, succeededAt: status === 'succeeded' ? now : undefined })
  }

  private set(record: RefundRecord): void {
    this.refunds.set(record.outRefundNo, record)
    this.reports.push(record)
  }
}

type World = Readonly<{
  /** Copies of a request arrive after its refusal, refunds are made on the merchant platform, closed refunds succeed. */
  surprises: boolean
}>

const NUMBERS = ['R0', 'R1', 'R2', 'R3', 'R4', 'R5'] as const
const STEPS = 150

/** Plays random events on one order, checks it after every change, and returns what was recorded. */
function play(seed: number, { surprises }: World) {
  const { below, pick } = seeded(seed)
  const payments = [PAYMENT, secondPayment({ totalFee: toFen(60) })]
  const paid = new Map(payments.map((each) => [each.transactionId as string, each.totalFee]))
  const wechat = new FakeWeChat(paid)
  const past: OrderEvent[] = []
  const applied = new Set<string>()
  const webhooks: string[] = []
  const reviews: string[] = []
  let view: OrderView = paidView([], payments)
  let now = at(3_600)
  let changes = 0

  const sum = (transactionId: string, states: readonly string[]): number =>
    view.refunds
      .filter((each) => each.transactionId === transactionId && states.includes(each.state))
      .reduce((total, { refundFee }) => total + refundFee, 0)
  const where = () => `seed ${seed}, after ${changes} changes`

  const paymentOf = (number: OutRefundNo): string | undefined =>
    view.refunds.find(({ outRefundNo }) => outRefundNo === number)?.transactionId

  function check(before: OrderView, event: OrderEvent): void {
    expect(view.order, where()).toEqual({ ...before.order, revision: before.order.revision + 1 })
    expect(view.payments, where()).toEqual(before.payments)
    for (const refund of view.refunds) {
      const over = ['succeeded', 'refused', 'closed', 'cancelled'].includes(refund.state)
      expect(refund.endedAt !== undefined, `${where()}: ${refund.state}`).toBe(over)
    }
    for (const [transactionId, total] of paid) {
      const reserved = sum(transactionId, ['requested', 'processing', 'succeeded', 'abnormal'])
      const requested = event.type === 'refund_requested' ? event.refund.transactionId : undefined
      // A surprising report of WeChat may take what is reserved for a refund that waits. A request never may.
      if (!surprises || requested === transactionId) {
        expect(reserved, where()).toBeLessThanOrEqual(total)
      }
      expect(sum(transactionId, ['succeeded']), where()).toBeLessThanOrEqual(total)
    }
    if (event.type !== 'refund_started') return
    for (const { outRefundNo, startedAt } of view.refunds) {
      const isOther = outRefundNo !== event.outRefundNo
      const samePayment = paymentOf(outRefundNo) === paymentOf(event.outRefundNo)
      if (!isOther || !samePayment || startedAt === undefined) continue
      expect(now - startedAt, where()).toBeGreaterThanOrEqual(60)
    }
  }

  function apply(event: OrderEvent): boolean {
    const before = view
    const step = transition(before, event, now)
    past.push(event)
    if (!step.ok || step.value.kind === 'unchanged') return false
    const key = JSON.stringify(event)
    expect(applied.has(key), `${where()}: applied twice: ${key}`).toBe(false)
    applied.add(key)
    changes += 1
    view = step.value.after
    webhooks.push(...step.value.webhooks.map(({ type, subject }) => `${type}.${subject}`))
    reviews.push(...step.value.reviews.map(({ kind, subject }) => `${kind}.${subject}`))
    check(before, event)
    expect(transition(view, event, now), `${where()}: ${key}`).not.toMatchObject({
      value: { kind: 'changed' },
    })
    return true
  }

  const applyRecord = (record: RefundRecord): void => void apply(recordEvent(view, record))

  /** Acts like the sender: starts the refund, sends it, and records a refusal only when WeChat has no such refund. */
  function send(outRefundNo: OutRefundNo): void {
    apply({ type: 'refund_started', outRefundNo })
    const refund = view.refunds.find((each) => each.outRefundNo === outRefundNo)
    if (refund?.state !== 'requested' || refund.startedAt === undefined) return
    const luck = below(10)
    if (luck === 0) return // the request is lost, or WeChat is too busy
    const accepted = (luck > 2 || wechat.refunds.has(outRefundNo)) && wechat.accept(refund)
    if (below(4) === 0) return // the answer is lost
    const record = wechat.refunds.get(outRefundNo)
    if (accepted && record !== undefined)
      applyRecord({ ...record, status: 'processing', succeededAt: undefined })
    else if (record === undefined) {
      const refusal = { outRefundNo, errCode: 'TRADE_OVERDUE', errCodeDes: '' }
      apply({ type: 'refund_refused', ...refusal, lease: { until: later(now, 60), number: 1 } })
    }
  }

  /** Acts like the shop that calls a refund off: only when WeChat has no such refund. */
  function cancel(outRefundNo: OutRefundNo): void {
    const refund = view.refunds.find((each) => each.outRefundNo === outRefundNo)
    if (wechat.refunds.has(outRefundNo) || refund === undefined) return
    const proof = refund.startedAt === undefined ? 'never_sent' : 'absent_at_wechat'
    apply({
      type: 'refund_cancelled',
      outRefundNo,
      proof,
      lease: { until: later(now, 60), number: 1 },
    })
  }

  function request(): void {
    const refundFee = toFen(1 + below(70))
    const { transactionId } = pick([PAYMENT, PAYMENT, secondPayment()])
    const outRefundNo = toOutRefundNo(pick(NUMBERS))
    apply({
      type: 'refund_requested',
      refund: aRefund({ outRefundNo, transactionId, refundFee, requestedAt: now }),
    })
  }

  function surprise(): void {
    const copy = view.refunds.find((each) => each.outRefundNo === pick(NUMBERS))
    switch (below(3)) {
      case 0:
        if (copy?.startedAt !== undefined) wechat.accept(copy)
        return
      case 1:
        wechat.accept({
          outRefundNo: toOutRefundNo(`H${below(4)}`),
          transactionId: pick([PAYMENT.transactionId, OTHER_TRANSACTION]),
          refundFee: toFen(1 + below(50)),
        })
        return
      default:
        wechat.move([...wechat.refunds.keys()][below(8)] ?? '', 'succeeded', now)
    }
  }

  /** WeChat moves one of the unfinished refunds on. */
  function settle(): void {
    const numbers = [...wechat.refunds.keys()]
    const number = numbers[below(numbers.length + 1)] ?? ''
    const status = wechat.refunds.get(number)?.status
    if (status === 'processing') wechat.move(number, pick(['succeeded', 'closed', 'abnormal']), now)
    if (status === 'abnormal') wechat.move(number, pick(['succeeded', 'closed']), now)
  }

  for (let step = 0; step < STEPS; step++) {
    now = toUnixSeconds(now + below(90))
    switch (below(8)) {
      case 7:
        cancel(toOutRefundNo(pick(NUMBERS)))
        break
      case 0:
        request()
        break
      case 1:
      case 2:
        send(toOutRefundNo(pick(NUMBERS)))
        break
      case 3:
        settle()
        break
      case 4: {
        const record = [...wechat.refunds.values()][below(10)]
        if (record !== undefined) applyRecord(record)
        break
      }
      case 5: {
        // A late report of WeChat, or an event that another actor applied before.
        const report = wechat.reports[below(wechat.reports.length + 1)]
        if (report !== undefined && below(2) === 0) applyRecord(report)
        const old = past[below(past.length + 1)]
        if (old !== undefined && isRepeatable(old)) apply(old)
        break
      }
      default:
        if (surprises) surprise()
    }
  }
  // Finally every refund is queried until nothing changes.
  for (let round = 0; round < 10; round++) {
    for (const record of wechat.refunds.values()) applyRecord(record)
  }
  return { view, wechat, webhooks, reviews, changes }
}

/** What releases an amount is never applied late: WeChat is queried first, and the lease is over. */
const isRepeatable = (event: OrderEvent): boolean =>
  event.type !== 'refund_refused' && event.type !== 'refund_cancelled'

const SEEDS = Array.from({ length: 400 }, (_, n) => n + 1)
const count = (list: readonly string[], one: string): number =>
  list.filter((each) => each === one).length

describe.each([
  ['in the usual course', { surprises: false }],
  [
    'with refunds made on the merchant platform and requests that arrive very late',
    { surprises: true },
  ],
])('the refunds of an order (%s)', (_, world) => {
  let played: ({ seed: number } & ReturnType<typeof play>)[] | undefined
  const results = () => (played ??= SEEDS.map((seed) => ({ seed, ...play(seed, world) })))

  it('never reserve more than was paid, and never apply one event twice', () => {
    const changes = results().map((each) => each.changes)

    expect(Math.min(...changes)).toBeGreaterThan(0)
  })

  it('agree with WeChat in the end', () => {
    for (const { seed, view, wechat } of results()) {
      for (const record of wechat.refunds.values()) {
        const ours = view.refunds.find((each) => each.outRefundNo === record.outRefundNo)

        expect(ours, `seed ${seed}: ${record.outRefundNo}`).toMatchObject({
          state: record.status,
          refundFee: record.refundFee,
          transactionId: record.transactionId,
          refundId: record.refundId,
        })
      }
      const unsent = view.refunds.filter((each) => !wechat.refunds.has(each.outRefundNo))
      for (const { state } of unsent)
        expect(['requested', 'refused', 'cancelled'], `seed ${seed}`).toContain(state)
    }
  })

  it('send one webhook per fact, and open a review where a person must look', () => {
    for (const { seed, view, wechat, webhooks, reviews } of results()) {
      // A refund can fail twice: refused, accepted late, then closed. The shop is notified once.
      const twice = webhooks.filter((each, n) => webhooks.indexOf(each) !== n)
      expect(
        twice.filter((each) => !world.surprises || !each.startsWith('refund.failed.')),
        `seed ${seed}`,
      ).toEqual([])
      const facts = [...new Set(webhooks)]
      expect(new Set(reviews).size, `seed ${seed}`).toBe(reviews.length)
      for (const { outRefundNo, state } of view.refunds) {
        const failed = state === 'refused' || state === 'closed'
        const seen = `seed ${seed}: ${outRefundNo} ${state}`
        const succeeded = state === 'succeeded' ? 1 : 0
        expect(count(facts, `refund.succeeded.${outRefundNo}`), seen).toBe(succeeded)
        if (failed) expect(count(facts, `refund.failed.${outRefundNo}`), seen).toBe(1)
        if (state === 'abnormal') expect(reviews, seen).toContain(`refund_abnormal.${outRefundNo}`)
        if (!wechat.reports.some((each) => each.outRefundNo === outRefundNo)) {
          expect(reviews, seen).not.toContain(`refund_abnormal.${outRefundNo}`)
        }
      }
    }
  })

  it('reach every state', () => {
    const states = new Set(results().flatMap(({ view }) => view.refunds.map(({ state }) => state)))

    expect([...states].toSorted()).toEqual([
      'abnormal',
      'cancelled',
      'closed',
      'processing',
      'refused',
      'requested',
      'succeeded',
    ])
  })
})
