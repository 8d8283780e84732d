/** Everybody who has to do with the refunds of an order, in any order, against a WeChat that keeps books. */
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
import { toUnixSeconds, type UnixSeconds } from '../../../src/core/time.ts'
import { at, PAYMENT } from '../../../testing/samples/order-samples.ts'
import {
  aRefund,
  OTHER_TRANSACTION,
  paidView,
  secondPayment,
} from '../../../testing/samples/refund-samples.ts'
import { seeded } from '../../../testing/wire/seeded.ts'

type Status = RefundRecord['status']

/** WeChat: takes a refund when it fits the payment, and never says anything that is not so. */
class Books {
  readonly kept = new Map<string, RefundRecord>()
  /** Every word it ever said, true when it was said. */
  readonly words: RefundRecord[] = []

  readonly #paid: ReadonlyMap<string, number>

  constructor(paid: ReadonlyMap<string, number>) {
    this.#paid = paid
  }

  room(transactionId: string): number {
    let room = this.#paid.get(transactionId) ?? 0
    for (const record of this.kept.values()) {
      if (record.transactionId === transactionId && record.status !== 'closed')
        room -= record.refundFee
    }
    return room
  }

  /** @returns whether it is on the books then. The same number is the same refund. */
  take(asked: Pick<RefundRecord, 'outRefundNo' | 'transactionId' | 'refundFee'>): boolean {
    if (this.kept.has(asked.outRefundNo)) return true
    if (asked.refundFee > this.room(asked.transactionId)) return false
    this.set({
      ...asked,
      refundId: `5000${this.kept.size}`,
      status: 'processing',
      succeededAt: undefined,
      receivedBy: undefined,
    })
    return true
  }

  move(number: string, status: Status, now: UnixSeconds): void {
    const record = this.kept.get(number)
    if (record === undefined || record.status === status) return
    // A refund that was closed may succeed after all, but not with money that went another way.
    if (record.status === 'closed' && record.refundFee > this.room(record.transactionId)) return
    this.set({ ...record, status, succeededAt: status === 'succeeded' ? now : undefined })
  }

  private set(record: RefundRecord): void {
    this.kept.set(record.outRefundNo, record)
    this.words.push(record)
  }
}

type World = Readonly<{
  /** Copies of a request that arrive after its refusal; refunds by hand; closed ones that succeed. */
  surprises: boolean
}>

const NUMBERS = ['R0', 'R1', 'R2', 'R3', 'R4', 'R5'] as const
const STEPS = 150

/** Lives one order's life, checks it at every step, and tells what was booked in the end. */
function live(seed: number, { surprises }: World) {
  const { below, pick } = seeded(seed)
  const payments = [PAYMENT, secondPayment({ totalFee: toFen(60) })]
  const paid = new Map(payments.map((each) => [each.transactionId as string, each.totalFee]))
  const books = new Books(paid)
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
  const saw = () => `seed ${seed}, after ${changes} changes`

  const paymentOf = (number: OutRefundNo): string | undefined =>
    view.refunds.find(({ outRefundNo }) => outRefundNo === number)?.transactionId

  function check(before: OrderView, event: OrderEvent): void {
    expect(view.order, saw()).toEqual({ ...before.order, revision: before.order.revision + 1 })
    expect(view.payments, saw()).toEqual(before.payments)
    for (const refund of view.refunds) {
      const over = ['succeeded', 'refused', 'closed'].includes(refund.state)
      expect(refund.endedAt !== undefined, `${saw()}: ${refund.state}`).toBe(over)
    }
    for (const [transactionId, total] of paid) {
      const reserved = sum(transactionId, ['requested', 'processing', 'succeeded', 'abnormal'])
      const asked = event.type === 'refund_requested' ? event.refund.transactionId : undefined
      // By surprise, WeChat's word may take what was promised to one that waits; no request may.
      if (!surprises || asked === transactionId) {
        expect(reserved, saw()).toBeLessThanOrEqual(total)
      }
      expect(sum(transactionId, ['succeeded']), saw()).toBeLessThanOrEqual(total)
    }
    if (event.type !== 'refund_started') return
    for (const { outRefundNo, startedAt } of view.refunds) {
      const isOther = outRefundNo !== event.outRefundNo
      const samePayment = paymentOf(outRefundNo) === paymentOf(event.outRefundNo)
      if (!isOther || !samePayment || startedAt === undefined) continue
      expect(now - startedAt, saw()).toBeGreaterThanOrEqual(60)
    }
  }

  function apply(event: OrderEvent): boolean {
    const before = view
    const step = transition(before, event, now)
    past.push(event)
    if (!step.ok || step.value.kind === 'unchanged') return false
    const key = JSON.stringify(event)
    expect(applied.has(key), `${saw()}: applied twice: ${key}`).toBe(false)
    applied.add(key)
    changes += 1
    view = step.value.after
    webhooks.push(...step.value.webhooks.map(({ type, subject }) => `${type}.${subject}`))
    reviews.push(...step.value.reviews.map(({ kind, subject }) => `${kind}.${subject}`))
    check(before, event)
    expect(transition(view, event, now), `${saw()}: ${key}`).not.toMatchObject({
      value: { kind: 'changed' },
    })
    return true
  }

  const hear = (record: RefundRecord): void => void apply(recordEvent(view, record))

  /** As the sender does: its turn, the request, and a refusal only when WeChat knows of none. */
  function send(outRefundNo: OutRefundNo): void {
    apply({ type: 'refund_started', outRefundNo })
    const refund = view.refunds.find((each) => each.outRefundNo === outRefundNo)
    if (refund?.state !== 'requested' || refund.startedAt === undefined) return
    const luck = below(10)
    if (luck === 0) return // the request is lost, or WeChat is too busy
    const taken = (luck > 2 || books.kept.has(outRefundNo)) && books.take(refund)
    if (below(4) === 0) return // the answer is lost
    const record = books.kept.get(outRefundNo)
    if (taken && record !== undefined)
      hear({ ...record, status: 'processing', succeededAt: undefined })
    else if (record === undefined) {
      apply({ type: 'refund_refused', outRefundNo, errCode: 'TRADE_OVERDUE', errCodeDes: '' })
    }
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
        if (copy?.startedAt !== undefined) books.take(copy)
        return
      case 1:
        books.take({
          outRefundNo: toOutRefundNo(`H${below(4)}`),
          transactionId: pick([PAYMENT.transactionId, OTHER_TRANSACTION]),
          refundFee: toFen(1 + below(50)),
        })
        return
      default:
        books.move([...books.kept.keys()][below(8)] ?? '', 'succeeded', now)
    }
  }

  /** What WeChat itself does to a refund that is under way. */
  function settle(): void {
    const numbers = [...books.kept.keys()]
    const number = numbers[below(numbers.length + 1)] ?? ''
    const status = books.kept.get(number)?.status
    if (status === 'processing') books.move(number, pick(['succeeded', 'closed', 'abnormal']), now)
    if (status === 'abnormal') books.move(number, pick(['succeeded', 'closed']), now)
  }

  for (let step = 0; step < STEPS; step++) {
    now = toUnixSeconds(now + below(90))
    switch (below(7)) {
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
        const record = [...books.kept.values()][below(10)]
        if (record !== undefined) hear(record)
        break
      }
      case 5: {
        // A word that was long under way, or an event that another actor applied before.
        const word = books.words[below(books.words.length + 1)]
        if (word !== undefined && below(2) === 0) hear(word)
        const old = past[below(past.length + 1)]
        if (old !== undefined && isOnce(old)) apply(old)
        break
      }
      default:
        if (surprises) surprise()
    }
  }
  // In the end WeChat is asked about everything, until nothing is new.
  for (let round = 0; round < 10; round++) {
    for (const record of books.kept.values()) hear(record)
  }
  return { view, books, webhooks, reviews, changes }
}

/** A refusal that was not told in time is not told later: the sender asks first. */
const isOnce = (event: OrderEvent): boolean => event.type !== 'refund_refused'

const SEEDS = Array.from({ length: 400 }, (_, n) => n + 1)
const count = (list: readonly string[], one: string): number =>
  list.filter((each) => each === one).length

describe.each([
  ['as it usually goes', { surprises: false }],
  [
    'with refunds by hand, and requests that arrive when nobody expects them any more',
    { surprises: true },
  ],
])('the refunds of an order, %s', (_, world) => {
  let lived: ({ seed: number } & ReturnType<typeof live>)[] | undefined
  const lives = () => (lived ??= SEEDS.map((seed) => ({ seed, ...live(seed, world) })))

  it('never promise more than was paid, and never count one event twice', () => {
    const changes = lives().map((each) => each.changes)

    expect(Math.min(...changes)).toBeGreaterThan(0)
  })

  it('agree with WeChat in the end', () => {
    for (const { seed, view, books } of lives()) {
      for (const record of books.kept.values()) {
        const ours = view.refunds.find((each) => each.outRefundNo === record.outRefundNo)

        expect(ours, `seed ${seed}: ${record.outRefundNo}`).toMatchObject({
          state: record.status,
          refundFee: record.refundFee,
          transactionId: record.transactionId,
          refundId: record.refundId,
        })
      }
      const unsent = view.refunds.filter((each) => !books.kept.has(each.outRefundNo))
      for (const { state } of unsent)
        expect(['requested', 'refused'], `seed ${seed}`).toContain(state)
    }
  })

  it('are told to the shop, each fact once, and to a person where one must look', () => {
    for (const { seed, view, books, webhooks, reviews } of lives()) {
      // That one failed can come true twice: refused, and taken on late, and closed. It is told once.
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
        if (!books.words.some((each) => each.outRefundNo === outRefundNo)) {
          expect(reviews, seen).not.toContain(`refund_abnormal.${outRefundNo}`)
        }
      }
    }
  })

  it('come to every end there is', () => {
    const states = new Set(lives().flatMap(({ view }) => view.refunds.map(({ state }) => state)))

    expect([...states].toSorted()).toEqual([
      'abnormal',
      'closed',
      'processing',
      'refused',
      'requested',
      'succeeded',
    ])
  })
})
