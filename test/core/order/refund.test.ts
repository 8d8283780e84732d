import { describe, expect, it } from 'vitest'
import { toFen } from '../../../src/core/money.ts'
import {
  isOverdue,
  isRefundable,
  mayBeginSend,
  mayRepeatSend,
  nextRefundQueryAt,
  nextStartAt,
  refundDueAt,
  waitsLong,
} from '../../../src/core/order/refund-schedule.ts'
import {
  automaticOutRefundNo,
  fitsPayment,
  isAutomatic,
  isFinal,
  isReserved,
  ofPayment,
  parseOutRefundNo,
  refundedFee,
  type RefundRecord,
  type RefundState,
  reservedFee,
  toOutRefundNo,
} from '../../../src/core/order/refund.ts'
import type { UnixSeconds } from '../../../src/core/time.ts'
import {
  at,
  aTransactionId,
  DAY,
  HOUR,
  MINUTE,
  PAYMENT,
} from '../../../testing/samples/order-samples.ts'
import {
  aRecord,
  aRefund,
  OTHER_TRANSACTION,
  R2,
  REFUND_STATES,
} from '../../../testing/samples/refund-samples.ts'
import { seeded } from '../../../testing/wire/seeded.ts'

/** The documented schedule: 1, 5, 30 min, 2 h, 1 d, 3 d, then daily to 30 d. */
const TIMES = [MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, DAY, 3 * DAY]
for (let day = 4; day <= 30; day++) TIMES.push(day * DAY)

describe('the number of a refund', () => {
  it.each([
    '1',
    '1415701182',
    'R-2024_01',
    'auto*4200000540202401020123456789',
    'a@b|c*d',
    'x'.repeat(64),
  ])('may be %s', (text) => {
    expect(parseOutRefundNo(text)).toBe(text)
  })

  it.each([
    '',
    'x'.repeat(65),
    'a b',
    'a/b',
    'a.b',
    '退款1',
    'a\n',
    '\na',
    'a,b',
    'a#b',
    'a+b',
    'a`',
  ])('may not be %j', (text) => {
    expect(parseOutRefundNo(text)).toBeUndefined()
  })

  it('is derived from the payment alone when the refund is automatic, and always fits WeChat', () => {
    const longest = aTransactionId('Z'.repeat(32))

    expect(automaticOutRefundNo(PAYMENT.transactionId)).toBe('auto*4200000540202401020123456789')
    expect(parseOutRefundNo(automaticOutRefundNo(longest))).toBe(`auto*${'Z'.repeat(32)}`)
  })

  it('shows by its prefix alone that the refund is automatic', () => {
    expect(isAutomatic(automaticOutRefundNo(PAYMENT.transactionId))).toBe(true)
    for (const text of ['auto', 'auto_1', 'Auto*1', 'xauto*1', 'aut*o', '*auto']) {
      expect(isAutomatic(toOutRefundNo(text))).toBe(false)
    }
  })
})

describe('the amount of a refund', () => {
  it('is reserved in every state except refused, closed and cancelled', () => {
    const reserved = REFUND_STATES.filter((state) => isReserved({ state }))

    expect(reserved).toEqual(['requested', 'processing', 'succeeded', 'abnormal'])
  })

  it('may still move in every state except succeeded, refused, closed and cancelled', () => {
    const open = REFUND_STATES.filter((state) => !isFinal({ state }))

    expect(open).toEqual(['requested', 'processing', 'abnormal'])
  })

  it('counts as reserved while it may be refunded, and as refunded once it was', () => {
    // Powers of ten, so that every digit of a sum stands for one state.
    const refunds = REFUND_STATES.map((state, n) => aRefund({ state, refundFee: toFen(10 ** n) }))

    expect(reservedFee(refunds)).toBe(10_111)
    expect(refundedFee(refunds)).toBe(100)
    expect(reservedFee([])).toBe(0)
    expect(refundedFee([])).toBe(0)
  })

  it('is counted for each payment separately', () => {
    const ours = aRefund()
    const others = aRefund({ outRefundNo: toOutRefundNo(R2), transactionId: OTHER_TRANSACTION })

    expect(ofPayment([ours, others], PAYMENT.transactionId)).toEqual([ours])
    expect(ofPayment([ours, others], OTHER_TRANSACTION)).toEqual([others])
  })
})

describe('refunds of one payment', () => {
  const started = (seconds: number, state: RefundState = 'processing') =>
    aRefund({ state, startedAt: at(seconds) })

  it('start at least 60 seconds apart', () => {
    expect(nextStartAt([started(0)], at(0))).toBe(at(60))
    expect(nextStartAt([started(0)], at(59))).toBe(at(60))
    expect(nextStartAt([started(0)], at(60))).toBeUndefined()
  })

  it('wait for the one that started last, however they are listed', () => {
    expect(nextStartAt([started(10), started(40), started(20)], at(50))).toBe(at(100))
    expect(nextStartAt([started(-500), started(40)], at(99))).toBe(at(100))
    expect(nextStartAt([started(-500), started(40)], at(100))).toBeUndefined()
  })

  it('wait for a refused refund too, since WeChat counts every request', () => {
    expect(nextStartAt([started(0, 'refused')], at(30))).toBe(at(60))
  })

  it('do not wait for refunds that were never started', () => {
    expect(nextStartAt([aRefund(), aRefund({ requestedAt: at(0) })], at(1))).toBeUndefined()
    expect(nextStartAt([], at(1))).toBeUndefined()
  })
})

describe('the query schedule of a refund', () => {
  it('queries after 1, 5, 30 minutes, 2 hours, 1 day, 3 days, then daily up to 30 days, and then ends', () => {
    const seen: number[] = []
    let now: UnixSeconds | undefined = at(0)
    while (now !== undefined && seen.length < 100) {
      now = nextRefundQueryAt(at(0), now)
      if (now !== undefined) seen.push(now - at(0))
    }

    expect(seen).toEqual(TIMES)
  })

  it('continues after an outage with its next time, not with the missed ones', () => {
    const chance = seeded(20_240_102)
    for (let n = 0; n < 2_000; n++) {
      const passed = chance.below(31 * DAY)
      const next = TIMES.find((time) => time > passed)

      expect(nextRefundQueryAt(at(0), at(passed)), `${passed} s`).toBe(
        next === undefined ? undefined : at(next),
      )
    }
  })

  it('ends with its last time', () => {
    expect(nextRefundQueryAt(at(0), at(30 * DAY - 1))).toBe(at(30 * DAY))
    expect(nextRefundQueryAt(at(0), at(30 * DAY))).toBeUndefined()
    expect(nextRefundQueryAt(at(0), at(400 * DAY))).toBeUndefined()
  })

  it('starts with its first time when the clock went back', () => {
    expect(nextRefundQueryAt(at(0), at(-DAY))).toBe(at(MINUTE))
  })
})

describe('the sender of a refund', () => {
  it('begins only if the longest send ends before the lease: two messages of 16 seconds and a pause', () => {
    expect(mayBeginSend({ until: at(60), number: 1 }, at(60 - 33))).toBe(false)
    expect(mayBeginSend({ until: at(60), number: 1 }, at(20))).toBe(true)
    expect(mayBeginSend({ until: at(60), number: 1 }, at(61))).toBe(false)
  })

  it('repeats a message only while nobody else can have the lease', () => {
    expect(mayRepeatSend({ until: at(60), number: 1 }, at(59))).toBe(true)
    expect(mayRepeatSend({ until: at(60), number: 1 }, at(60))).toBe(false)
  })
})

describe('a payment', () => {
  it('can be refunded for a year', () => {
    expect(isRefundable({ paidAt: at(0) }, at(365 * DAY))).toBe(true)
    expect(isRefundable({ paidAt: at(0) }, at(365 * DAY + 1))).toBe(false)
  })

  it('has the money for a refund when the refunds that WeChat has of it leave enough', () => {
    const other = (refundFee: number, changes: Partial<RefundRecord> = {}) =>
      aRecord({ outRefundNo: toOutRefundNo(R2), refundFee: toFen(refundFee), ...changes })

    expect(fitsPayment(aRefund(), [])).toBe(true)
    expect(fitsPayment(aRefund(), [other(70)])).toBe(true)
    expect(fitsPayment(aRefund(), [other(71)])).toBe(false)
    expect(fitsPayment(aRefund(), [other(71, { status: 'abnormal' })])).toBe(false)
    expect(fitsPayment(aRefund(), [other(71, { status: 'closed' }), other(70)])).toBe(true)
    expect(fitsPayment(aRefund(), [other(50), other(21, { status: 'succeeded' })])).toBe(false)
  })
})

describe('a refund', () => {
  it('is due immediately when no other refund delays it', () => {
    expect(refundDueAt(aRefund(), [], at(7))).toBe(at(7))
    const other = aRefund({ state: 'succeeded', startedAt: at(-60) })
    expect(refundDueAt(aRefund(), [other], at(0))).toBe(at(0))
  })

  it('is due 60 seconds after another refund of the payment started', () => {
    const other = aRefund({ state: 'processing', startedAt: at(0) })

    expect(refundDueAt(aRefund(), [other], at(20))).toBe(at(60))
  })

  it('is still due when it waited for weeks', () => {
    expect(refundDueAt(aRefund({ requestedAt: at(0) }), [], at(200 * DAY))).toBe(at(200 * DAY))
  })

  it('follows the schedule from its first try while WeChat does not accept it', () => {
    const sent = aRefund({ requestedAt: at(-500), startedAt: at(0) })

    expect(refundDueAt(sent, [], at(0))).toBe(at(MINUTE))
    // The amount stays reserved, so the tries go on: the merchant may fill up the account on any day.
    expect(refundDueAt(sent, [], at(30 * DAY))).toBe(at(31 * DAY))
  })

  it('is tried daily and is overdue when WeChat did not accept it in thirty days', () => {
    const sent = aRefund({ startedAt: at(0), errCode: 'NOTENOUGH' })
    for (const days of [30, 31, 100]) {
      const due = refundDueAt(sent, [], at(days * DAY)) ?? expect.fail('never due again')

      expect(due - at(days * DAY)).toBeGreaterThan(0)
      expect(due - at(days * DAY)).toBeLessThanOrEqual(DAY)
      expect(isOverdue(sent, at(days * DAY))).toBe(true)
    }
    expect(isOverdue(sent, at(30 * DAY - 1))).toBe(false)
  })

  it('follows the same schedule when the account balance was too low', () => {
    const short = aRefund({ startedAt: at(0), errCode: 'NOTENOUGH', errCodeDes: '余额不足' })

    expect(refundDueAt(short, [], at(2 * HOUR))).toBe(at(DAY))
  })

  it('is looked at when it has waited for an hour, so that its review opens on time', () => {
    const short = aRefund({ requestedAt: at(0), startedAt: at(0), errCode: 'NOTENOUGH' })

    expect(refundDueAt(short, [], at(30 * MINUTE))).toBe(at(HOUR))
    expect(refundDueAt(short, [], at(HOUR - 1))).toBe(at(HOUR))
    expect(refundDueAt(short, [], at(HOUR))).toBe(at(2 * HOUR))
    const busy = aRefund({ ...short, errCode: 'FREQUENCY_LIMITED' })
    expect(refundDueAt(busy, [], at(HOUR - 30))).toBe(at(HOUR))
    expect(refundDueAt(busy, [], at(HOUR))).toBe(at(HOUR + 5 * MINUTE))
    const processing = aRefund({ ...short, state: 'processing', acceptedAt: at(0) })
    expect(refundDueAt(processing, [], at(30 * MINUTE))).toBe(at(2 * HOUR))
  })

  it('is sent again within five minutes while WeChat gives no answer, so that it does not wait after WeChat is back', () => {
    const sent = aRefund({ requestedAt: at(0), startedAt: at(0) })
    const away = (now: number) => refundDueAt(sent, [], at(now), false)
    expect(away(0)).toBe(at(MINUTE))
    expect(away(30 * MINUTE)).toBe(at(35 * MINUTE))
    expect(away(5 * HOUR)).toBe(at(5 * HOUR + 5 * MINUTE))
    // After a day it is no absence: the schedule goes on.
    expect(away(DAY + MINUTE)).toBe(at(3 * DAY))
  })

  it('waits long when WeChat has not accepted it an hour after the request', () => {
    const waiting = aRefund({ requestedAt: at(0), startedAt: at(50 * MINUTE) })

    expect(waitsLong(waiting, at(HOUR - 1))).toBe(false)
    expect(waitsLong(waiting, at(HOUR))).toBe(true)
    for (const state of REFUND_STATES.filter((each) => each !== 'requested')) {
      expect(waitsLong({ ...waiting, state }, at(DAY))).toBe(false)
    }
  })

  it.each(['processing', 'abnormal'] as const)(
    'is queried on the schedule from its acceptance while it is %s',
    (state) => {
      const taken = aRefund({ state, startedAt: at(0), acceptedAt: at(DAY) })

      expect(refundDueAt(taken, [], at(DAY))).toBe(at(DAY + MINUTE))
      expect(refundDueAt(taken, [], at(2 * DAY))).toBe(at(4 * DAY))
      expect(refundDueAt(taken, [], at(31 * DAY))).toBeUndefined()
      expect(isOverdue(taken, at(31 * DAY - 1))).toBe(false)
      expect(isOverdue(taken, at(31 * DAY))).toBe(true)
    },
  )

  it('is queried from its discovery when it was made on the merchant platform', () => {
    const found = aRefund({ state: 'processing', source: 'merchant_platform', acceptedAt: at(0) })

    expect(refundDueAt(found, [], at(0))).toBe(at(MINUTE))
  })

  it('is not delayed by other refunds once it was sent', () => {
    const other = aRefund({ state: 'processing', startedAt: at(55) })
    const sent = aRefund({ startedAt: at(0) })

    expect(refundDueAt(sent, [other], at(58))).toBe(at(MINUTE))
  })

  it.each(['succeeded', 'refused', 'closed', 'cancelled'] as const)(
    'is never due when it is %s',
    (state) => {
      const over = aRefund({ state, startedAt: at(0), endedAt: at(9) })

      expect(refundDueAt(over, [], at(10))).toBeUndefined()
      expect(refundDueAt(over, [], at(100 * DAY))).toBeUndefined()
      expect(isOverdue(over, at(100 * DAY))).toBe(false)
    },
  )
})
