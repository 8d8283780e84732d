import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  called,
  expectBalanced,
  getRefund,
  outcome,
  paidOrder,
  pass,
  putRefund,
  refund,
  refundEvents,
  refundWebhooks,
  states,
} from '../../../testing/refund-stories.ts'
import { world } from '../../../testing/world.ts'

afterEach(() => vi.restoreAllMocks())

describe('concurrent clients', () => {
  it('with different numbers reserve no more than was paid', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'race', 1_000)
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) => outcome(putRefund(w, ordercode, `race-${n}`, 300))),
    )
    expect(answers.sort()).toEqual([
      '201 processing',
      '201 requested',
      '201 requested',
      ...Array<string>(7).fill('409 refund_exceeds_payment'),
    ])
    await pass(w, 10)
    const order = await w.read(ordercode)
    expect(states(order)).toEqual(['succeeded', 'succeeded', 'succeeded'])
    expect(order.refunded_fee).toBe(900)
    expect(w.wechat.books.refundedFen()).toBe(900)
    expect(await outcome(putRefund(w, ordercode, 'last', 100))).toBe('201 processing')
    expect(await refund(w, ordercode, 'more', 1)).toMatchObject({
      code: 'refund_exceeds_payment',
      left: 0,
    })
    await expectBalanced(w, ordercode)
  })

  it('with the same number make one refund, and one client gets 201', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'same')
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => outcome(putRefund(w, ordercode, 'S1', 300))),
    )
    expect(answers.filter((answer) => answer.startsWith('201'))).toHaveLength(1)
    expect(answers.filter((answer) => answer.startsWith('200'))).toHaveLength(9)
    expect(w.wechat.books.refunds()).toHaveLength(1)
    await pass(w, 5)
    expect(await refundEvents(w, ordercode)).toEqual([
      'refund_requested',
      'refund_accepted',
      'refund_succeeded',
    ])
    expect(refundWebhooks(w)).toEqual(['refund.succeeded S1'])
  })

  it('with one number and two amounts make one refund', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'twoamounts')
    const answers = await Promise.all(
      [1, 2, 3, 4, 5, 6].map((n) => outcome(putRefund(w, ordercode, 'S1', 100 + (n % 2)))),
    )
    expect(answers.filter((answer) => answer.startsWith('201'))).toHaveLength(1)
    expect(answers.filter((answer) => answer === '409 refund_conflict')).toHaveLength(3)
    expect(w.wechat.books.refunds()).toHaveLength(1)
  })
})

describe('a refund that is requested several times concurrently', () => {
  it('is sent once', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'many')
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => outcome(putRefund(w, ordercode, 'R1', 800))),
    )
    expect(answers.filter((answer) => answer === '201 processing')).toHaveLength(1)
    expect(called(w, '/secapi/pay/refund')).toBe(1)
    await pass(w, 2)
    expect(called(w, '/secapi/pay/refund')).toBe(1)
    expect(await outcome(putRefund(w, ordercode, 'R1', 800))).toBe('200 processing')
  })

  it('is sent by either the shop or the cron when it was waiting', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'both')
    w.wechat.faults.inject({
      endpoint: 'refund',
      kind: 'err_code',
      errCode: 'NOTENOUGH',
      errCodeDes: '?',
    })
    expect(await outcome(putRefund(w, ordercode, 'R1', 800))).toBe('201 requested')
    w.advance(60)
    await Promise.all([w.cron(), putRefund(w, ordercode, 'R1', 800), w.cron()])
    expect(called(w, '/secapi/pay/refund')).toBe(2)
    expect((await getRefund(w, ordercode, 'R1')).state).toBe('processing')
  })

  it('is not sent by the cron while a request of the shop sends it', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'before')
    w.wechat.faults.inject({
      endpoint: 'refund',
      kind: 'err_code',
      errCode: 'NOTENOUGH',
      errCodeDes: '?',
    })
    expect(await outcome(putRefund(w, ordercode, 'R1', 800))).toBe('201 requested')
    w.advance(60)
    let hold = () => {}
    w.holds.set('/secapi/pay/refund', new Promise<void>((resolve) => (hold = resolve)))
    const sending = outcome(putRefund(w, ordercode, 'R1', 800))
    await vi.waitFor(() => expect(called(w, '/secapi/pay/refund')).toBe(2))
    w.holds.delete('/secapi/pay/refund')
    await w.cron()
    expect(called(w, '/secapi/pay/refund')).toBe(2)
    hold()
    expect(await sending).toBe('200 processing')
  })

  it('is sent by the cron when the request that was sending it does not finish', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'gone')
    let hold = () => {}
    w.holds.set('/secapi/pay/refund', new Promise<void>((resolve) => (hold = resolve)))
    const never = putRefund(w, ordercode, 'R1', 800)
    await vi.waitFor(() => expect(called(w, '/secapi/pay/refund')).toBe(1))
    w.holds.delete('/secapi/pay/refund')
    expect(await outcome(putRefund(w, ordercode, 'R1', 800))).toBe('200 requested')
    await pass(w, 2)
    expect((await getRefund(w, ordercode, 'R1')).state).toBe('processing')
    hold()
    await never
    expect(await refundEvents(w, ordercode)).toEqual(['refund_requested', 'refund_accepted'])
  })
})
