import { env } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'
import { type DatabaseFault, watchDatabase } from '../../../testing/d1/watched-database.ts'
import {
  called,
  expectBalanced,
  getRefund,
  outcome,
  paidOrder,
  pass,
  passUntilSent,
  putRefund,
  recordRefunds,
  refund,
  refundEvents,
  refundWebhooks,
  withoutNonce,
} from '../../../testing/refund-stories.ts'
import { world } from '../../../testing/world.ts'

/** A world whose database can be made to fail, with a paid order. */
async function fragile(name: string) {
  const watched = watchDatabase(env.DB)
  const w = world({ wrapDb: () => watched.db })
  const { ordercode, transactionId } = await paidOrder(w, name)
  return { watched, w, ordercode, transactionId }
}

const FAULTS: readonly (readonly [DatabaseFault, times: number])[] = [
  ['before_commit', 3],
  ['stall_before_commit', 1],
  ['after_commit', 1],
  ['stall_after_commit', 1],
]

const RESERVING = /INSERT INTO refunds/
const STORING = /UPDATE refunds/

describe('a crash', () => {
  it('between reserving and sending leaves the sending to the cron', async () => {
    const { watched, w, ordercode } = await fragile('reserved')
    watched.fail('after_commit', { matching: RESERVING })
    expect((await putRefund(w, ordercode, 'R1', 800)).status).toBe(503)
    expect(called(w, '/secapi/pay/refund')).toBe(0)
    expect(await getRefund(w, ordercode, 'R1')).toMatchObject({ state: 'requested' })

    await passUntilSent(w, ordercode, 'R1')
    expect(called(w, '/secapi/pay/refund')).toBe(1)
    await pass(w, 6)
    expect(await getRefund(w, ordercode, 'R1')).toMatchObject({ state: 'succeeded' })
    expect(await refundEvents(w, ordercode)).toEqual([
      'refund_requested',
      'refund_accepted',
      'refund_succeeded',
    ])
    expect(refundWebhooks(w)).toEqual(['refund.succeeded R1'])
  })

  it('between sending and storing the answer makes the cron send the same again, and WeChat has one refund', async () => {
    for (const [index, [fault, times]] of FAULTS.entries()) {
      const { watched, w, ordercode } = await fragile(`storing-${index}`)
      const number = `storing-${index}`
      const sent = recordRefunds(w)
      watched.fail(fault, { matching: STORING, times })
      // The refund is reserved, so the shop must not take this for a failed request.
      const answer = await outcome(putRefund(w, ordercode, number, 800))
      expect(`${fault} ${answer}`).toBe(`${fault} 201 requested`)
      expect(w.log).toContainEqual(
        expect.objectContaining({
          event: 'refund_interrupted',
          error: expect.stringContaining('D1'),
        }),
      )
      expect(w.wechat.books.refunds(ordercode)).toHaveLength(1)
      await passUntilSent(w, ordercode, number)
      await pass(w, 6)
      expect(await getRefund(w, ordercode, number)).toMatchObject({ state: 'succeeded' })
      expect(w.wechat.books.refunds(ordercode)).toHaveLength(1)
      expect(new Set(sent.map(withoutNonce)).size).toBe(1)
      expect(await refundEvents(w, ordercode)).toEqual([
        'refund_requested',
        'refund_accepted',
        'refund_succeeded',
      ])
      expect(refundWebhooks(w)).toEqual([`refund.succeeded ${number}`])
      await expectBalanced(w, ordercode)
    }
  })

  it('leads to no second refund when the shop repeats its request', async () => {
    for (const [index, [fault, times]] of FAULTS.entries()) {
      for (const [name, matching, status] of [
        ['reserving', RESERVING, 503],
        ['storing', STORING, 201],
      ] as const) {
        const { watched, w, ordercode } = await fragile(`shop-${name}-${index}`)
        const number = `shop-${name}-${index}`
        watched.fail(fault, { matching, times })
        const first = await putRefund(w, ordercode, number, 800)
        expect(first.status).toBe(status)
        if (status === 503) {
          expect((await first.json<{ detail: string }>()).detail).toContain(
            'keep its out_refund_no',
          )
        }
        expect(await outcome(putRefund(w, ordercode, number, 800))).toMatch(
          /^20[01] (requested|processing)$/,
        )
        await pass(w, 6)
        expect(`${fault} ${(await getRefund(w, ordercode, number)).state}`).toBe(
          `${fault} succeeded`,
        )
        expect(w.wechat.books.refunds(ordercode)).toHaveLength(1)
        expect(refundWebhooks(w)).toEqual([`refund.succeeded ${number}`])
        const events = await refundEvents(w, ordercode)
        expect(new Set(events).size).toBe(events.length)
      }
    }
  })

  it('during a refusal still sends one refund.failed', async () => {
    for (const [index, [fault, times]] of FAULTS.entries()) {
      const { watched, w, ordercode } = await fragile(`refusal-${index}`)
      const number = `refusal-${index}`
      const refusal = { errCode: 'USER_ACCOUNT_ABNORMAL', errCodeDes: '?' }
      w.wechat.faults.inject({ endpoint: 'refund', kind: 'err_code', ...refusal, times: 20 })
      watched.fail(fault, { matching: STORING, times })
      await putRefund(w, ordercode, number, 800)
      await pass(w, 7)
      expect(await getRefund(w, ordercode, number)).toMatchObject({ state: 'refused' })
      expect(refundWebhooks(w)).toEqual([`refund.failed ${number}`])
      expect(await refundEvents(w, ordercode)).toEqual(['refund_requested', 'refund_refused'])
    }
  })

  it('of the Worker during the call leaves a refund that the cron completes', async () => {
    const { w, ordercode } = await fragile('dies')
    // An evicted Worker receives no reply of WeChat and sends no answer to the shop.
    const real = w.wechat.fetchWithCertificate
    let gone = false
    vi.spyOn(w.wechat, 'fetchWithCertificate').mockImplementation(async (request) => {
      const answer = await real(request)
      if (!gone) {
        gone = true
        throw new Error('the isolate was evicted')
      }
      return answer
    })
    await putRefund(w, ordercode, 'R1', 800).catch(() => undefined)
    await pass(w, 7)
    expect(await getRefund(w, ordercode, 'R1')).toMatchObject({ state: 'succeeded' })
    expect(w.wechat.books.refunds(ordercode)).toHaveLength(1)
  })

  it('of D1 during the request reserves nothing and sends nothing', async () => {
    const { watched, w, ordercode } = await fragile('d1down')
    watched.fail('before_commit', { times: 3 })
    expect(await outcome(putRefund(w, ordercode, 'R1', 800))).toBe('503 store_unavailable')
    expect(called(w, '/secapi/pay/refund')).toBe(0)
    expect((await w.read(ordercode)).refunds).toEqual([])
    watched.fail('before_commit', { times: 1, matching: RESERVING })
    expect(await outcome(putRefund(w, ordercode, 'R1', 800))).toBe('201 processing')
  })
})

describe('a lost answer of D1', () => {
  it('that may be retried leads to no second refund and no repeated event', async () => {
    const watched = watchDatabase(env.DB)
    let loses = false
    const db = new Proxy(watched.db, {
      get(target, name) {
        if (name !== 'batch') return Reflect.get(target, name)
        return async (statements: D1PreparedStatement[]) => {
          const results = await target.batch(statements)
          if (!loses) return results
          loses = false
          throw new Error('D1_ERROR: Network connection lost.')
        }
      },
    })
    const w = world({ wrapDb: () => db })
    const { ordercode } = await paidOrder(w, 'lostanswer')
    for (const matching of [RESERVING, STORING]) {
      watched.before(matching, async () => void (loses = true))
    }
    // The retry finds the refund, as if a concurrent request were sending it. So the cron sends it.
    expect(await outcome(putRefund(w, ordercode, 'R1', 8_800))).toBe('200 requested')
    await pass(w, 6)
    expect(await refundEvents(w, ordercode)).toEqual([
      'refund_requested',
      'refund_accepted',
      'refund_succeeded',
    ])
    expect(refundWebhooks(w)).toEqual(['refund.succeeded R1'])
    expect(w.wechat.books.refunds()).toHaveLength(1)
  })
})

describe('the cron', () => {
  it('sends a due refund once when three runs overlap', async () => {
    const { watched, w, ordercode } = await fragile('threetimes')
    watched.fail('after_commit', { matching: RESERVING })
    await putRefund(w, ordercode, 'R1', 800)
    w.advance(60)
    await Promise.all([w.cron(), w.cron(), w.cron()])
    expect(called(w, '/secapi/pay/refund')).toBe(1)
    expect(await getRefund(w, ordercode, 'R1')).toMatchObject({ state: 'processing' })
    const before = called(w, '/pay/refundquery')
    w.advance(60)
    await Promise.all([w.cron(), w.cron(), w.cron()])
    expect(called(w, '/pay/refundquery') - before).toBeLessThanOrEqual(1)
  })

  it('makes one refund together with concurrent requests of the shop', async () => {
    const { watched, w, ordercode } = await fragile('together')
    watched.fail('after_commit', { matching: RESERVING })
    await putRefund(w, ordercode, 'R1', 800)
    w.advance(60)
    const put = () => putRefund(w, ordercode, 'R1', 800)
    await Promise.all([w.cron(), put(), w.cron(), put(), put()])
    expect(w.wechat.books.refunds(ordercode)).toHaveLength(1)
    expect(await refundEvents(w, ordercode)).toEqual(['refund_requested', 'refund_accepted'])
  })

  it('sends refunds of one payment a minute apart, also while the shop requests another one', async () => {
    const { w, ordercode } = await fragile('another')
    await refund(w, ordercode, 'A', 100)
    await refund(w, ordercode, 'B', 100)
    w.advance(60)
    await Promise.all([w.cron(), putRefund(w, ordercode, 'C', 100), w.cron()])
    const begun = () =>
      w.wechat.books
        .refunds(ordercode)
        .map(({ appliedAt }) => appliedAt)
        .sort((a, b) => a - b)
    expect(begun()).toHaveLength(2)
    await pass(w, 6)
    expect(begun()).toHaveLength(3)
    const [first = 0, second = 0, third = 0] = begun()
    expect(Math.min(second - first, third - second)).toBeGreaterThanOrEqual(60_000)
    expect(w.log.filter(({ reason }) => reason === 'INVALID_REQ_TOO_MUCH')).toEqual([])
  })

  it('repeats a refund that a failed run had claimed when the lease ends', async () => {
    const { watched, w, ordercode } = await fragile('lease')
    w.wechat.faults.inject({ endpoint: 'refund', kind: 'http_500' })
    await refund(w, ordercode, 'R1', 800)
    w.advance(60)
    // The run claims the refund, and then every call to the database fails.
    watched.fail('before_commit', { matching: /FROM orders/, times: 30 })
    await w.cron().catch(() => undefined)
    watched.reset()
    expect(await getRefund(w, ordercode, 'R1')).toMatchObject({ state: 'requested' })
    await passUntilSent(w, ordercode, 'R1')
    expect((await getRefund(w, ordercode, 'R1')).state).not.toBe('requested')
  })

  it('still queries payments when D1 fails for refunds', async () => {
    const watched = watchDatabase(env.DB)
    const w = world({ wrapDb: () => watched.db })
    const ordercode = await w.order('allthesame')
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    w.wechat.notices.ofPayments.loseNext()
    expect(w.wechat.payer.pay(ordercode).ok).toBe(true)
    watched.fail('before_commit', { matching: /UPDATE refunds/, times: 1_000 })
    for (let run = 0; run < 3; run++) {
      w.advance(120) // in every other minute refunds come first
      await w.cron().catch(() => undefined)
    }
    expect((await w.read(ordercode)).state).toBe('paid')
  })

  it('continues after an outage of days', async () => {
    const { w, ordercode } = await fragile('silence')
    w.wechat.faults.inject({ endpoint: 'refund', kind: 'http_500' })
    await refund(w, ordercode, 'A', 100)
    await refund(w, ordercode, 'B', 200)
    w.advance(4 * 86_400)
    await pass(w, 10, { notices: false })
    expect((await w.read(ordercode)).refunded_fee).toBe(300)
    expect(refundWebhooks(w).sort()).toEqual(['refund.succeeded A', 'refund.succeeded B'])
  })
})

describe('the schema', () => {
  it('refuses to reserve more than was paid', async () => {
    const { w, ordercode, transactionId } = await fragile('schema')
    await refund(w, ordercode, 'R1', 8_000)
    const insert = (number: string, fee: number) =>
      env.DB.prepare(
        `INSERT INTO refunds (out_refund_no, ordercode, transaction_id, state, refund_fee, total_fee,
           source, requested_at) VALUES (?, ?, ?, 'requested', ?, 8800, 'shop', 1)`,
      )
        .bind(number, ordercode, transactionId, fee)
        .run()
    await expect(insert('R2', 801)).rejects.toThrow()
    await expect(insert('R1', 1)).rejects.toThrow()
    await insert('R2', 800)
  })
})
