import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type DatabaseFault, watchDatabase } from '../../../testing/d1/watched-database.ts'
import {
  errCode,
  expectReserved,
  injectFault,
  openReview,
  paidLate,
  resolveReview,
} from '../../../testing/refund-situations.ts'
import {
  called,
  deleteRefund,
  expectBalanced,
  getRefund,
  kinds,
  outcome,
  paidOrder,
  paidTwice,
  pass,
  putRefund,
  recordRefunds,
  refund,
  refundEvents,
  refundWebhooks,
  states,
} from '../../../testing/refund-stories.ts'
import { world, type World } from '../../../testing/world.ts'

afterEach(() => vi.restoreAllMocks())

/** A refund of 800 of 1000 fen that WeChat has not accepted, because the balance is too low. */
async function waitingRefund(w: World, name: string) {
  const { ordercode } = await paidOrder(w, name, 1_000)
  w.wechat.platform.setBalance(0)
  expect(await outcome(putRefund(w, ordercode, name, 800))).toBe('201 requested')
  return ordercode
}

/** Sends a message of a refund to WeChat that was on its way until now. */
const arrive = (w: World, body: string | undefined) =>
  w.wechat.fetchWithCertificate(
    new Request('https://api.mch.weixin.qq.com/secapi/pay/refund', {
      method: 'POST',
      body: body ?? '',
    }),
  )

describe('calling a refund off', () => {
  it('releases the amount of a refund that WeChat does not have, and the refund is never sent again', async () => {
    const w = world()
    const ordercode = await waitingRefund(w, 'calledoff')
    const answer = await deleteRefund(w, ordercode, 'calledoff')
    expect(answer.status).toBe(200)
    const cancelled = await answer.json<Record<string, unknown>>()
    expect(cancelled).toMatchObject({ out_refund_no: 'calledoff', state: 'cancelled' })
    expect(cancelled['cancelled_at']).not.toBeNull()
    expect(cancelled['ended_at']).toBe(cancelled['cancelled_at'])
    await expectReserved(w, ordercode, 1_000)

    w.wechat.platform.setBalance(10_000)
    await pass(w, 10)
    // The number is spent: its request is answered, and sends nothing. Calling it off again changes nothing.
    expect(await outcome(putRefund(w, ordercode, 'calledoff', 800))).toBe('200 cancelled')
    expect(await outcome(putRefund(w, ordercode, 'calledoff', 801))).toBe('409 refund_conflict')
    expect(await outcome(deleteRefund(w, ordercode, 'calledoff'))).toBe('200 cancelled')
    await pass(w, 10)
    expect(w.wechat.books.refunds()).toEqual([])
    expect(refundWebhooks(w)).toEqual([])
    expect(await kinds(w)).toEqual([])
    expect(await refundEvents(w, ordercode)).toEqual(['refund_requested', 'refund_cancelled'])

    expect(await outcome(putRefund(w, ordercode, 'anew', 1_000))).toBe('201 processing')
    await pass(w, 5)
    expect(states(await w.read(ordercode))).toEqual(['cancelled', 'succeeded'])
    await expectBalanced(w, ordercode)
  })

  it('asks nothing about a refund that was never sent, because another one of the payment was', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'unsent')
    await refund(w, ordercode, 'first', 100)
    expect(await outcome(putRefund(w, ordercode, 'second', 200))).toBe('201 requested')
    w.wechat.faults.inject({ endpoint: 'refundquery', kind: 'http_500', times: 9 })
    expect(await outcome(deleteRefund(w, ordercode, 'second'))).toBe('200 cancelled')
    expect(called(w, '/pay/refundquery')).toBe(0)
    w.wechat.faults.clear()
    await pass(w, 5)
    expect(w.wechat.books.refunds(ordercode)).toHaveLength(1)
  })

  it('needs a refund of the order', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'nothere')
    const other = await paidOrder(w, 'elsewhere')
    await refund(w, other.ordercode, 'R1', 100)
    expect(await outcome(deleteRefund(w, ordercode, 'R1'))).toBe('404 refund_not_found')
    expect(await outcome(deleteRefund(w, ordercode, 'a.b'))).toBe('404 refund_not_found')
    expect(await outcome(deleteRefund(w, 'unknown-order', 'R1'))).toBe('404 order_not_found')
    expect(await outcome(w.fetch(`/orders/${ordercode}/refunds/R1`, { method: 'DELETE' }))).toBe(
      '401 unauthorized',
    )
  })

  it('is refused for a refund that WeChat has, whatever became of it', async () => {
    const w = world()
    for (const status of [undefined, 'SUCCESS', 'REFUNDCLOSE', 'CHANGE'] as const) {
      const { ordercode } = await paidOrder(w, `has-${status ?? 'open'}`)
      const number = `has-${status ?? 'open'}`
      w.wechat.platform.holdRefunds()
      await refund(w, ordercode, number, 100)
      if (status !== undefined) w.wechat.platform.settleRefund(number, status)
      await w.deliverNotices()
      const before = await getRefund(w, ordercode, number)
      const answer = await deleteRefund(w, ordercode, number)
      expect(await answer.json()).toMatchObject({
        status: 409,
        code: 'refund_under_way',
        state: before.state,
      })
      expect(await getRefund(w, ordercode, number)).toEqual(before)
    }
  })

  it('is refused while a try may still arrive, and possible a minute after it', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'arrives', 1_000)
    const sent = recordRefunds(w)
    injectFault(w, { kind: 'request_lost' })
    expect(await outcome(putRefund(w, ordercode, 'R1', 800))).toBe('201 requested')
    w.advance(59)
    const answer = await deleteRefund(w, ordercode, 'R1')
    expect(answer.headers.get('retry-after')).toBe('120')
    expect(await outcome(answer)).toBe('409 refund_under_way')
    await expectReserved(w, ordercode, 200)
    w.advance(1)
    expect(await outcome(deleteRefund(w, ordercode, 'R1'))).toBe('200 cancelled')
    expect(sent).toHaveLength(2)
  })

  it('is refused when WeChat has taken on the refund and its answer was lost', async () => {
    const w = world()
    w.wechat.platform.holdRefunds()
    const { ordercode } = await paidOrder(w, 'lost', 1_000)
    injectFault(w, { kind: 'reply_lost' })
    await putRefund(w, ordercode, 'R1', 800)
    w.advance(61)
    expect(await outcome(deleteRefund(w, ordercode, 'R1'))).toBe('409 refund_under_way')
    expect(await getRefund(w, ordercode, 'R1')).toMatchObject({ state: 'processing' })
    await expectReserved(w, ordercode, 200)
  })

  it('is not possible while WeChat gives no clear answer', async () => {
    const w = world()
    const ordercode = await waitingRefund(w, 'silent')
    for (const kind of ['http_500', 'wrong_sign', 'stall_after', 'system_error'] as const) {
      w.wechat.faults.inject({ endpoint: 'refundquery', kind, times: 2 })
      expect(await outcome(deleteRefund(w, ordercode, 'silent'))).toBe('503 wechat_unavailable')
      w.wechat.faults.clear()
    }
    await expectReserved(w, ordercode, 200)
    expect(await outcome(deleteRefund(w, ordercode, 'silent'))).toBe('200 cancelled')
  })

  it('is refused while another request sends the refund, which then goes on', async () => {
    const w = world()
    const ordercode = await waitingRefund(w, 'sending')
    w.wechat.platform.setBalance(10_000)
    let hold = () => {}
    w.holds.set('/secapi/pay/refund', new Promise<void>((done) => (hold = done)))
    const before = called(w, '/secapi/pay/refund')
    const sending = outcome(putRefund(w, ordercode, 'sending', 800))
    await vi.waitFor(() => expect(called(w, '/secapi/pay/refund')).toBe(before + 1))
    expect(await outcome(deleteRefund(w, ordercode, 'sending'))).toBe('409 refund_under_way')
    hold()
    expect(await sending).toBe('200 processing')
  })

  it.each(['the other origin', 'the same origin'])(
    'keeps the repetition to %s of a sender away that froze in the middle of its call',
    async (where) => {
      const w = world()
      const { ordercode } = await paidOrder(w, 'frozen', 1_000)
      const real = w.wechat.fetchWithCertificate.bind(w.wechat)
      let calls = 0
      vi.spyOn(w.wechat, 'fetchWithCertificate').mockImplementation(async (request) => {
        calls++
        if (calls > 1) return real(request)
        // Nothing arrives, and the Worker freezes, for longer than its lease and the way to WeChat.
        w.advance(121)
        expect(await outcome(deleteRefund(w, ordercode, 'frozen'))).toBe('200 cancelled')
        if (where === 'the other origin') throw new TypeError('Network connection lost.')
        w.wechat.faults.inject({ endpoint: 'refund', kind: 'system_error' })
        return real(request)
      })
      await putRefund(w, ordercode, 'frozen', 800)
      expect(await getRefund(w, ordercode, 'frozen')).toMatchObject({ state: 'cancelled' })
      expect(calls).toBe(1)
      expect(w.wechat.books.refundedFen()).toBe(0)
      await expectReserved(w, ordercode, 1_000)
    },
  )

  it('has the same outcome when D1 fails on the way and the request is repeated', async () => {
    const watched = watchDatabase(env.DB)
    const w = world({ wrapDb: () => watched.db })
    const faults: readonly (readonly [DatabaseFault, number])[] = [
      ['before_commit', 3],
      ['after_commit', 1],
    ]
    for (const [index, [fault, times]] of faults.entries()) {
      for (const [step, matching] of [
        /SET sending_until = \?/,
        /refund_cancelled|events/,
      ].entries()) {
        const name = `d1-${index}-${step}`
        const ordercode = await waitingRefund(w, name)
        watched.fail(fault, { matching, times })
        expect(await outcome(deleteRefund(w, ordercode, name))).toBe('503 store_unavailable')
        // The lease of the failed request may still stand. After it, a send must be thought possible for a minute.
        w.advance(121)
        expect(await outcome(deleteRefund(w, ordercode, name))).toBe('200 cancelled')
        expect(await refundEvents(w, ordercode)).toEqual(['refund_requested', 'refund_cancelled'])
        await expectReserved(w, ordercode, 1_000)
      }
    }
  })
})

describe('an automatic refund', () => {
  it('can be called off, and the payment then be refunded under another number', async () => {
    const w = world()
    const { ordercode, transactions } = await paidTwice(w, 'twice')
    w.wechat.platform.setBalance(0)
    await w.deliverNotices()
    await pass(w, 2)
    const number = `auto*${transactions[1]}`
    expect(await getRefund(w, ordercode, number)).toMatchObject({
      state: 'requested',
      err_code: 'NOTENOUGH',
      refund_account: 'unsettled',
    })
    expect(await outcome(deleteRefund(w, ordercode, number))).toBe('200 cancelled')
    const { id } = await openReview(w, 'second_payment')
    expect(await outcome(resolveReview(w, id, { note: 'x', action: 'refund' }))).toBe(
      '409 refund_cancelled',
    )
    w.wechat.platform.setBalance(1_000_000)
    const body = { refund_fee: 8_800, transaction_id: transactions[1] ?? '' }
    expect(await outcome(putRefund(w, ordercode, 'anew', body))).toMatch(/^201 /)
    await pass(w, 6)
    expect(states(await w.read(ordercode))).toEqual(['cancelled', 'succeeded'])
    expect(w.wechat.books.refundedFen()).toBe(8_800)
  })

  it('of a payment that was to go back opens a review when it is called off', async () => {
    const w = world({ vars: { LATE_PAYMENT: 'refund', WX_CERT: 'bound' } })
    const { ordercode, transactionId } = await paidLate(w, 'late')
    w.wechat.platform.setBalance(0)
    await w.deliverNotices()
    expect(await outcome(deleteRefund(w, ordercode, `auto*${transactionId}`))).toBe('200 cancelled')
    const { id } = await openReview(w, 'refund_failed')
    expect((await resolveReview(w, id, { note: 'we deliver', action: 'accept' })).status).toBe(200)
    expect(await w.read(ordercode)).toMatchObject({ state: 'paid', transaction_id: transactionId })
  })
})

describe('a refund that was called off and that WeChat makes nevertheless', () => {
  /** Calls a refund off whose message is still on its way, longer than any message may be. */
  async function calledOffTooEarly(w: World, name: string) {
    const { ordercode } = await paidOrder(w, name, 1_000)
    const sent = recordRefunds(w)
    injectFault(w, { kind: 'request_lost' })
    await putRefund(w, ordercode, name, 800)
    w.advance(61)
    expect(await outcome(deleteRefund(w, ordercode, name))).toBe('200 cancelled')
    return { ordercode, late: sent[0] }
  }

  it('is what WeChat says: succeeded, with its webhook', async () => {
    const w = world()
    const { ordercode, late } = await calledOffTooEarly(w, 'late')
    await arrive(w, late)
    await pass(w, 5)
    expect(await getRefund(w, ordercode, 'late')).toMatchObject({ state: 'succeeded' })
    expect(refundWebhooks(w)).toEqual(['refund.succeeded late'])
    expect(await kinds(w)).toEqual([])
    await expectReserved(w, ordercode, 200)
    await expectBalanced(w, ordercode)
  })

  it('is found by the bill of the day when its notices are lost', async () => {
    const w = world()
    const { ordercode, late } = await calledOffTooEarly(w, 'billed')
    w.wechat.notices.ofRefunds.loseNext('billed')
    await arrive(w, late)
    // The next morning in Beijing.
    w.advance(86_400)
    await pass(w, 5, { notices: false })
    expect(await getRefund(w, ordercode, 'billed')).toMatchObject({ state: 'succeeded' })
    const report = await (await w.shop('GET', '/bills/2026-11-23')).json()
    expect(report).toMatchObject({
      differences: [{ kind: 'refund_differs', books: { state: 'cancelled' } }],
    })
  })

  it('opens a review when its amount was reserved anew, and WeChat pays only once', async () => {
    const w = world()
    const { ordercode, late } = await calledOffTooEarly(w, 'twice')
    w.wechat.platform.setBalance(0)
    expect(await outcome(putRefund(w, ordercode, 'anew', 900))).toBe('201 requested')
    w.wechat.platform.setBalance(10_000)
    await arrive(w, late)
    w.advance(200)
    await w.deliverNotices()
    expect((await openReview(w, 'refund_conflict')).evidence).toMatchObject({
      out_refund_no: 'twice',
      reason: 'refund_exceeds_payment',
    })
    await pass(w, 5)
    expect(w.wechat.books.refundedFen()).toBe(800)
    expect(states(await w.read(ordercode))).toEqual(['refused', 'succeeded'])
    await expectBalanced(w, ordercode)
  })

  it('is not sent again when WeChat then denies that it has the refund', async () => {
    const w = world()
    w.wechat.platform.holdRefunds()
    const { ordercode, late } = await calledOffTooEarly(w, 'denied')
    await arrive(w, late)
    const before = called(w, '/secapi/pay/refund')
    w.wechat.platform.settleRefund('denied', 'CHANGE')
    await w.deliverNotices()
    expect(await getRefund(w, ordercode, 'denied')).toMatchObject({ state: 'abnormal' })
    const unknown = { endpoint: 'refundquery', ...errCode('REFUNDNOTEXIST'), times: 99 } as const
    w.wechat.faults.inject(unknown)
    await pass(w, 40, { notices: false })
    expect(called(w, '/secapi/pay/refund')).toBe(before)
  })
})
