import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  compact,
  DAY,
  downloads,
  everything,
  goTo,
  lost,
  minutes,
  NEXT_DAY,
  onDownload,
  paid,
  reconciled,
  refunded,
  type Report,
  reportOf,
  reviews,
  runNow,
  webhooks,
} from '../../../testing/bill-days.ts'
import {
  crashingDatabase,
  mixedDay,
  openReviews,
  stopQueries,
} from '../../../testing/bill-situations.ts'
import { world, type World } from '../../../testing/world.ts'

afterEach(() => vi.restoreAllMocks())

describe('a reconciled day', () => {
  it('stays reconciled, without a review, when it is run again while WeChat is unavailable', async () => {
    const w = world()
    await paid(w, 'away')
    await reconciled(w)
    goTo(w, '2026-11-27T15:00')
    w.wechat.faults.inject({ endpoint: 'downloadbill', kind: 'http_500' })
    expect((await runNow(w)).status).toBe(409)
    w.wechat.bills.change(compact(DAY), {
      kind: 'unavailable',
      errorCode: '20007',
      returnMsg: '当前商户号账单API权限已经关闭',
      times: 1,
    })
    expect((await runNow(w)).status).toBe(409)
    expect(await reviews(w)).toEqual([])
    expect((await reportOf(w))?.state).toBe('reconciled')
  })

  it.each(['plain text', 'half a bill', 'half of its gzip', 'no bill'] as const)(
    'keeps what is known when it is run again and WeChat sends %s',
    async (what) => {
      const w = world()
      const { transactionId } = await paid(w, 'kept')
      for (let n = 0; n < 20; n++) await paid(w, `kept-${n}`)
      w.wechat.bills.change(compact(DAY), { kind: 'drop_row', number: transactionId })
      const before = await reconciled(w)
      const raw = await (await w.shop('GET', `/bills/${DAY}/raw`)).arrayBuffer()
      w.advance(86_400)
      const answers = {
        'plain text': () => Promise.resolve(new Response('系统繁忙，请稍后再试')),
        'half a bill': async () => {
          const gzip = new Response(raw).body?.pipeThrough(new DecompressionStream('gzip'))
          return new Response((await new Response(gzip).text()).slice(0, 3_000))
        },
        'half of its gzip': () => Promise.resolve(new Response(raw.slice(0, raw.byteLength / 2))),
        'no bill': () =>
          Promise.resolve(
            new Response(
              '<xml><return_code>FAIL</return_code><return_msg>No Bill Exist</return_msg><error_code>20002</error_code></xml>',
            ),
          ),
      }
      onDownload(w, answers[what])

      expect((await runNow(w)).status).toBe(409)

      const after = await reportOf(w)
      expect(after).toEqual({ ...before, last_error: after?.last_error })
      expect(after?.last_error).toEqual(expect.stringMatching(/./))
      const kept = await (await w.shop('GET', `/bills/${DAY}/raw`)).arrayBuffer()
      expect(new Uint8Array(kept)).toEqual(new Uint8Array(raw))
      expect(await reviews(w)).toHaveLength(1)
    },
  )

  it('gets one review, on the next day, for a payment that was recorded later and is in no bill', async () => {
    const w = world()
    await paid(w, 'beside')
    const { ordercode, transactionId } = await lost(w, 'forged')
    await stopQueries(w)
    w.wechat.bills.change(compact(DAY), { kind: 'drop_row', number: transactionId })
    await reconciled(w)
    // As with a notice that a forger signed with a leaked key.
    expect((await w.notify(w.wechat.notices.ofPayments.xml(ordercode))).status).toBe(200)
    await w.settled()
    for (const day of [NEXT_DAY, '2026-11-25']) {
      goTo(w, `${day}T12:00`)
      await paid(w, `later-${day}`)
      await reconciled(w, day)
    }
    const found = (await reviews(w)).map(({ id }) => id)
    expect(found).toEqual([`bill_difference.${NEXT_DAY}.payment_not_in_bill.${transactionId}`])
    // Another run of its own day adds nothing.
    await runNow(w)
    expect((await reviews(w)).map(({ id }) => id)).toEqual(found)
  })

  it('has one review for a refund near midnight, also when its days are run again', async () => {
    const w = world()
    const { ordercode } = await paid(w, 'midnight')
    goTo(w, `${DAY}T23:58:00`)
    const number = w.code('r')
    await refunded(w, ordercode, number, 300)
    w.wechat.bills.change(compact(DAY), { kind: 'drop_row', number })
    await reconciled(w, DAY)
    goTo(w, `${NEXT_DAY}T12:00`)
    await paid(w, 'after-midnight')
    await reconciled(w, NEXT_DAY)
    const before = (await reviews(w)).map(({ id }) => id)
    expect(before).toHaveLength(1)
    for (const day of [DAY, NEXT_DAY, DAY]) {
      w.advance(60)
      expect((await runNow(w, day)).status).toBe(200)
    }
    expect((await reviews(w)).map(({ id }) => id)).toEqual(before)
  })

  it('counts a refund that WeChat dates a moment later with the bill that contains it', async () => {
    const w = world()
    const { ordercode } = await paid(w, 'moment')
    goTo(w, `${DAY}T23:59:59`)
    const real = w.wechat.fetchWithCertificate.bind(w.wechat)
    vi.spyOn(w.wechat, 'fetchWithCertificate').mockImplementation(async (request) => {
      w.advance(2)
      const response = await real(request)
      w.advance(-2)
      return response
    })
    await refunded(w, ordercode, w.code('r'), 300)
    vi.restoreAllMocks()
    await reconciled(w, DAY)
    goTo(w, `${NEXT_DAY}T12:00`)
    await paid(w, 'moment-next')
    const sides = async (day: string) => {
      const report = await reconciled(w, day)
      return [report.bill.refunds, (report.books as { refunds?: number } | null)?.refunds]
    }
    expect(await sides(NEXT_DAY)).toEqual([1, 1])
    await runNow(w, DAY)
    expect(await sides(DAY)).toEqual([0, 0])
  })
})

describe('a day that is run again', () => {
  it('is compared again, and a difference that was corrected disappears', async () => {
    const w = world()
    const { ordercode } = await lost(w, 'put-right')
    await stopQueries(w)
    const frozen = async (fen: number) =>
      w.db
        .prepare('UPDATE attempts SET total_fee = ? WHERE ordercode = ?')
        .bind(fen, ordercode)
        .run()
    await frozen(1)
    expect((await reconciled(w)).differences).toMatchObject([
      { kind: 'payment_not_here', outcome: 'review' },
    ])
    await frozen(8_800)
    expect((await w.notify(w.wechat.notices.ofPayments.xml(ordercode))).status).toBe(200)
    await runNow(w)
    expect(await reconciled(w)).toMatchObject({ bill: { payments: 1 }, difference_count: 0 })
    expect((await openReviews(w)).filter((id) => id.startsWith('bill_difference'))).toEqual([])
  })

  it.each([2, 3, 4, 6])(
    'is not answered with its old report after a request that stopped at its statement %i',
    async (n) => {
      const crashing = crashingDatabase()
      const w = world({ wrapDb: () => crashing.db })
      await paid(w, 'beside')
      const { transactionId } = await paid(w, 'stopped')
      expect((await reconciled(w)).difference_count).toBe(0)
      w.wechat.bills.change(compact(DAY), { kind: 'drop_row', number: transactionId })
      w.advance(60)
      crashing.crashAt(n, 'after')
      expect((await runNow(w)).status).toBe(503)
      expect(crashing.recover()).toBe(true)

      // The lease of the request that stopped lasts five minutes. Then the repeated request, or the cron, goes on.
      for (let tries = 0; tries < 4; tries++) {
        w.advance(100)
        const answer = await runNow(w)
        const report = await answer.json<Partial<Report> & { detail?: string }>()
        if (report.state === 'reconciled') expect(report.difference_count).toBe(1)
        else if (answer.status === 409) expect(report.detail).toContain('Another request')
        else expect(['comparing', 'settling']).toContain(report.state)
      }
      await minutes(w, 5)
      expect(await reportOf(w)).toMatchObject({ state: 'reconciled', difference_count: 1 })
    },
  )
})

describe('a difference that comes back', () => {
  /** Reconciles the day again with a bill that states this amount for the payment; undefined for the right one. */
  async function again(w: World, number: string, fen: number | undefined): Promise<Report> {
    w.wechat.bills.clearChanges()
    if (fen !== undefined) {
      w.wechat.bills.change(compact(DAY), { kind: 'other_amount', number, fen })
    }
    w.advance(60)
    expect((await runNow(w)).status).toBe(200)
    const report = await reconciled(w)
    await minutes(w, 2)
    return report
  }

  /** Ids of the reviews that the webhooks have announced, each with the webhook-id under which it came. */
  const announced = (w: World) =>
    webhooks(w, 'review.opened').map(({ id, data }) => [id, data['id']])

  it('opens a review each time, with a webhook of its own, whoever resolved the last one', async () => {
    const w = world()
    const { transactionId } = await paid(w, 'back')
    const first = `bill_difference.${DAY}.payment_differs.${transactionId}`
    goTo(w, `${NEXT_DAY}T10:10`)
    await again(w, transactionId, 8_801)
    expect(await openReviews(w)).toEqual([first])
    const resolve = (id: string, note: string) => w.shop('POST', `/reviews/${id}/resolve`, { note })
    const resolved = await (await resolve(first, 'asked WeChat')).json()

    // The same result as the last time, while the review is resolved.
    for (let times = 0; times < 2; times++) {
      const { differences } = await again(w, transactionId, 8_801)
      expect(differences).toMatchObject([{ review_id: first }])
      expect(await openReviews(w)).toEqual([])
    }
    // Gone, and back again.
    expect((await again(w, transactionId, undefined)).difference_count).toBe(0)
    const { differences } = await again(w, transactionId, 8_801)
    expect(differences).toMatchObject([{ review_id: `${first}.2`, outcome: 'review' }])
    expect(await openReviews(w)).toEqual([`${first}.2`])
    // Gone while the review is open, and back again.
    await again(w, transactionId, undefined)
    expect(await openReviews(w)).toEqual([])
    await again(w, transactionId, 8_801)
    expect(await openReviews(w)).toEqual([`${first}.3`])
    // Not gone, but another amount than the operator has seen.
    await resolve(`${first}.3`, 'asked WeChat again')
    await again(w, transactionId, 7_700)
    expect(await openReviews(w)).toEqual([`${first}.4`])

    const ids = [first, `${first}.2`, `${first}.3`, `${first}.4`]
    expect((await reviews(w)).map(({ id }) => id)).toEqual(ids.toReversed())
    expect(announced(w)).toEqual(ids.map((id) => [`review.opened.${id}`, id]))
    // The operator repeats an answer whose reply was lost.
    const repeated = await resolve(first, 'asked WeChat')
    expect(repeated.status).toBe(200)
    expect(await repeated.json()).toEqual(resolved)
    expect((await resolve(first, 'something else')).status).toBe(409)
    expect(await openReviews(w)).toEqual([`${first}.4`])
  })
})

describe('reconciling a day again', () => {
  it('changes nothing, however often', async () => {
    const w = world()
    await mixedDay(w)
    const report = await reconciled(w)
    await minutes(w, 20)
    const before = await everything(w)
    const received = w.receiver.received.length
    for (let times = 0; times < 3; times++) {
      w.advance(3_600)
      const answer = await runNow(w)
      expect(answer.status).toBe(200)
      await w.settled()
      const again = await reconciled(w)
      await minutes(w, 10)
      expect(again.fetched_at).not.toBe(report.fetched_at)
      const times = { fetched_at: null, reconciled_at: null }
      expect({ ...again, ...times }).toEqual({ ...report, ...times })
      expect(await everything(w)).toEqual(before)
      expect(w.receiver.received.length).toBe(received)
    }
  })

  it.each(['crons', 'cron and POST', 'POSTs'] as const)(
    'in concurrent %s happens once',
    async (rivals) => {
      const w = world()
      const { ordercode, transactionId } = await lost(w, 'race')
      await paid(w, 'beside')
      // Only the bill may find this payment.
      await w.db.prepare('UPDATE attempts SET due_at = NULL').run()
      await w.db.prepare('UPDATE orders SET due_at = NULL').run()
      goTo(w, `${NEXT_DAY}T10:10`)
      const cron = (): Promise<void> => w.cron()
      const post = async (): Promise<void> => void (await runNow(w))
      const runs = {
        crons: [cron, cron, cron],
        'cron and POST': [cron, post, cron],
        POSTs: [post, post, post],
      }[rivals]
      await Promise.all(runs.map((run) => run()))
      await w.settled()
      const report = await reconciled(w)
      await minutes(w, 10)
      expect(report.differences).toMatchObject([
        { kind: 'payment_not_here', subject: transactionId, outcome: 'booked' },
      ])
      expect(await w.history(ordercode)).toEqual([
        'order_registered',
        'attempt_opened',
        'payment_booked',
      ])
      expect(webhooks(w, 'bill.reconciled')).toHaveLength(1)
      expect(webhooks(w, 'order.paid')).toHaveLength(2)
      const queries = w.calls.filter((call) => call.endsWith('/pay/orderquery'))
      expect(queries).toHaveLength(1)
      if (rivals === 'crons') expect(downloads(w)).toBe(1)
    },
  )

  it('fails when WeChat no longer has the bill, and keeps what was known', async () => {
    const w = world()
    await paid(w, 'again')
    await reconciled(w)
    const creating = { errorCode: '20002', returnMsg: 'Bill Creating', times: 1 }
    w.wechat.bills.change(compact(DAY), { kind: 'unavailable', ...creating })
    const answer = await runNow(w)
    expect([409, 503]).toContain(answer.status)
    const kept = await reportOf(w)
    expect(['waiting', 'reconciled']).toContain(kept?.state)
    expect((await w.shop('GET', `/bills/${DAY}/raw`)).status).toBe(200)
    expect(await reconciled(w)).toMatchObject({ difference_count: 0 })
    await minutes(w, 2)
    expect(webhooks(w, 'bill.reconciled')).toHaveLength(1)
  })

  it('sends no webhook while the comparison is unfinished', async () => {
    const crashing = crashingDatabase()
    const w = world({ wrapDb: () => crashing.db })
    await mixedDay(w)
    await reconciled(w)
    await minutes(w, 2)
    w.receiver.received.length = 0
    // The webhook is as after a crash before its first try.
    await w.db
      .prepare(
        `UPDATE deliveries SET state = 'pending', tries = 0, step = 0, tried_at = NULL, body = NULL,
           delivered_at = NULL, due_at = ? WHERE type = 'bill.reconciled'`,
      )
      .bind(w.now() / 1_000)
      .run()

    crashing.crashAt(5, 'after')
    await runNow(w)
    expect(crashing.recover()).toBe(true)
    expect((await reportOf(w))?.state).toBe('comparing')
    await minutes(w, 3)
    expect(w.receiver.received).toEqual([])

    await reconciled(w)
    await minutes(w, 5)
    const states = webhooks(w, 'bill.reconciled').map(({ data }) => data['state'])
    expect(states).toEqual(['reconciled'])
  })

  it('sends no webhook, and leaves none pending, without a webhook target', async () => {
    const w = world({ vars: { WEBHOOK_URL: '', WEBHOOK_SECRET: '' } })
    const { transactionId } = await paid(w, 'no-target')
    await paid(w, 'no-target-2')
    w.wechat.bills.change(compact(DAY), { kind: 'drop_row', number: transactionId })
    expect((await reconciled(w)).difference_count).toBe(1)
    const { results } = await w.db.prepare('SELECT DISTINCT state FROM deliveries').all()
    expect(results).toEqual([{ state: 'no_target' }])
    expect(w.receiver.received).toEqual([])
  })
})
