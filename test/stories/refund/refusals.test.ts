import { describe, expect, it, vi } from 'vitest'
import type { Fault } from '../../../simulator/protocol/faults.ts'
import {
  called,
  expectBalanced,
  getRefund,
  kinds,
  outcome,
  paidOrder,
  pass,
  passUntilSent,
  putRefund,
  recordRefunds,
  refund,
  refundEvents,
  refundWebhooks,
  reviews,
  withoutNonce,
} from '../../../testing/refund-stories.ts'
import { world, type World } from '../../../testing/world.ts'

type Trouble = Fault extends infer Each
  ? Each extends Fault
    ? Omit<Each, 'endpoint'>
    : never
  : never

const errCode = (code: string, errCodeDes = '?') =>
  ({ kind: 'err_code', errCode: code, errCodeDes }) as const

const trouble = (w: World, fault: Trouble, times = 2): void =>
  w.wechat.faults.inject({ endpoint: 'refund', ...fault, times } as Fault)

/** Nothing but what is on its way may be promised to somebody else. */
async function expectReserved(w: World, ordercode: string, left: number): Promise<void> {
  const answer = await refund(w, ordercode, 'too-much', left + 1)
  expect(answer).toMatchObject({ status: 409, code: 'refund_exceeds_payment', left })
}

describe('when WeChat does not say what became of a refund', () => {
  // Whether it was taken on at WeChat, and what keeps it waiting as the shop reads it.
  const UNKNOWN: readonly (readonly [Trouble, takenOn: boolean])[] = [
    [{ kind: 'request_lost' }, false],
    [{ kind: 'reply_lost' }, true],
    [{ kind: 'stall_before' }, false],
    [{ kind: 'stall_after' }, true],
    [{ kind: 'http_500' }, false],
    [{ kind: 'http_502' }, false],
    [{ kind: 'http_502_after' }, true],
    [{ kind: 'system_error' }, false],
    [{ kind: 'system_error_after' }, true],
    [{ kind: 'wrong_sign' }, true],
    [{ kind: 'missing_sign' }, true],
    [{ kind: 'other_appid' }, true],
    [{ kind: 'other_mch_id' }, true],
    [{ kind: 'truncated_xml' }, true],
    [{ kind: 'return_fail', returnMsg: '系统繁忙，请稍后再试' }, false],
    [errCode('BIZERR_NEED_RETRY'), false],
    [errCode('SOMETHING_NEW'), false],
    [errCode(''), false],
  ]

  for (const [fault, takenOn] of UNKNOWN) {
    const name = fault.kind === 'err_code' ? fault.errCode || 'no err_code' : fault.kind
    it(`(${name}) it stays requested and reserved, and goes again with the same words`, async () => {
      const w = world()
      w.wechat.platform.holdRefunds()
      const { ordercode } = await paidOrder(w, 'unknown')
      const sent = recordRefunds(w)
      trouble(w, fault)
      expect(await outcome(putRefund(w, ordercode, 'R1', 800))).toBe('201 requested')
      expect(w.wechat.books.refund('R1') !== undefined).toBe(takenOn)
      await expectReserved(w, ordercode, 8_000)
      w.wechat.faults.clear()

      await passUntilSent(w, ordercode, 'R1')

      expect(await getRefund(w, ordercode, 'R1')).toMatchObject({
        state: 'processing',
        err_code: null,
        err_code_des: null,
      })
      expect(w.wechat.books.refunds(ordercode)).toHaveLength(1)
      expect(new Set(sent.map(withoutNonce)).size).toBe(1)
      expect(refundWebhooks(w)).toEqual([])
      expect(await kinds(w)).toEqual([])
      w.wechat.platform.settleRefund('R1', 'SUCCESS')
      await w.deliverNotices()
      await w.settled()
      expect(refundWebhooks(w)).toEqual(['refund.succeeded R1'])
      await expectBalanced(w, ordercode)
    })
  }

  it('once, it is asked again at once, under the same number', async () => {
    const w = world()
    for (const kind of ['reply_lost', 'request_lost', 'stall_after', 'system_error'] as const) {
      const { ordercode } = await paidOrder(w, `once-${kind.replaceAll('_', '-')}`)
      const sent = recordRefunds(w)
      trouble(w, { kind }, 1)
      expect(`${kind} ${await outcome(putRefund(w, ordercode, kind, 800))}`).toBe(
        `${kind} 201 processing`,
      )
      expect(sent).toHaveLength(2)
      expect(new Set(sent).size).toBe(1)
      expect(w.wechat.books.refunds(ordercode)).toHaveLength(1)
      vi.restoreAllMocks()
    }
    expect(w.calls).toContain('api2.mch.weixin.qq.com/secapi/pay/refund')
  })

  it('the shop may ask again itself, and gets the answer of the same refund', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'askitself')
    trouble(w, { kind: 'reply_lost' })
    expect(await outcome(putRefund(w, ordercode, 'R1', 800))).toBe('201 requested')
    w.advance(5)
    expect(await outcome(putRefund(w, ordercode, 'R1', 800))).toBe('200 processing')
    expect(w.wechat.books.refunds(ordercode)).toHaveLength(1)
  })

  it('a notice settles it, though no answer was ever seen', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'noticed')
    trouble(w, { kind: 'reply_lost' })
    await refund(w, ordercode, 'R1', 800)
    w.wechat.platform.settleRefund('R1', 'SUCCESS')
    await w.deliverNotices()
    expect(await getRefund(w, ordercode, 'R1')).toMatchObject({ state: 'succeeded' })
    expect(await refundEvents(w, ordercode)).toEqual(['refund_requested', 'refund_succeeded'])
  })

  it('for a day, it is sent on and on, and nothing is given free', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'wholeday', 1_000)
    trouble(w, { kind: 'http_500' }, 1_000)
    await refund(w, ordercode, 'R1', 1_000)
    for (let hour = 0; hour < 26; hour++) {
      w.advance(3_600)
      await w.cron()
    }
    expect(await getRefund(w, ordercode, 'R1')).toMatchObject({ state: 'requested' })
    expect(called(w, '/secapi/pay/refund')).toBeGreaterThan(3)
    await expectReserved(w, ordercode, 0)
    w.wechat.faults.clear()
    expect(await outcome(putRefund(w, ordercode, 'R1', 1_000))).toBe('200 processing')
  })

  it('the same words go out although the Worker was deployed with another address meanwhile', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'deployed')
    const sent = recordRefunds(w)
    trouble(w, { kind: 'request_lost' })
    await refund(w, ordercode, 'R1', { refund_fee: 800, reason: '少发' })
    // Another Worker over the same database; its WeChat is another one, but what it sends can be read.
    const later = world({ vars: { PUBLIC_URL: 'https://new.test' } })
    const sentLater = recordRefunds(later)
    later.advance(120)
    await later.cron()
    expect(sentLater).toHaveLength(1)
    expect(new Set([...sent, ...sentLater].map(withoutNonce)).size).toBe(1)
  })
})

describe('when WeChat asks for patience', () => {
  const WAITING = [
    'NOTENOUGH',
    'INVALID_REQ_TOO_MUCH',
    'FREQUENCY_LIMITED',
    'ORDER_NOT_READY',
    'ERROR',
  ] as const

  for (const code of WAITING) {
    it(`(${code}) the refund waits, says why, and goes by itself`, async () => {
      const w = world()
      w.wechat.platform.holdRefunds()
      const { ordercode } = await paidOrder(w, 'waits')
      const sent = recordRefunds(w)
      trouble(w, errCode(code, '请稍后'))
      expect(await refund(w, ordercode, 'R1', 800)).toMatchObject({
        status: 201,
        state: 'requested',
        err_code: code,
        err_code_des: '请稍后',
      })
      await expectReserved(w, ordercode, 8_000)
      w.wechat.faults.clear()
      await passUntilSent(w, ordercode, 'R1')
      expect(await getRefund(w, ordercode, 'R1')).toMatchObject({
        state: 'processing',
        err_code: null,
        err_code_des: null,
      })
      expect(new Set(sent.map(withoutNonce)).size).toBe(1)
      expect(refundWebhooks(w)).toEqual([])
    })
  }

  it('until the merchant has filled up the account: days later, with nobody asking', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'notenough')
    w.wechat.platform.setBalance(500)
    expect(await refund(w, ordercode, 'R1', 800)).toMatchObject({
      status: 201,
      state: 'requested',
      err_code: 'NOTENOUGH',
      err_code_des: '基本账户余额不足，请充值后重新发起',
    })
    w.advance(2 * 86_400)
    await w.cron()
    expect(await getRefund(w, ordercode, 'R1')).toMatchObject({ err_code: 'NOTENOUGH' })
    w.wechat.platform.setBalance(10_000)
    w.advance(86_400)
    await w.cron()
    expect(await getRefund(w, ordercode, 'R1')).toMatchObject({ state: 'processing' })
    expect(w.wechat.books.balanceFen()).toBe(9_200)
    await pass(w, 5)
    expect(refundWebhooks(w)).toEqual(['refund.succeeded R1'])
  })

  it('a smaller refund of another payment need not wait for a bigger one', async () => {
    const w = world()
    const [big, small] = [await paidOrder(w, 'big'), await paidOrder(w, 'small')]
    w.wechat.platform.setBalance(500)
    expect(await outcome(putRefund(w, big.ordercode, 'big', 800))).toBe('201 requested')
    expect(await outcome(putRefund(w, small.ordercode, 'small', 400))).toBe('201 processing')
    await pass(w, 5)
    expect(refundWebhooks(w)).toEqual(['refund.succeeded small'])
  })

  it('NOTENOUGH keeps it due, for longer than a month', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'month')
    w.wechat.platform.setBalance(0)
    await refund(w, ordercode, 'R1', 800)
    for (let week = 0; week < 6; week++) {
      w.advance(7 * 86_400)
      await w.cron()
    }
    w.wechat.platform.setBalance(10_000)
    for (let day = 0; day < 3; day++) {
      w.advance(86_400)
      await w.cron()
    }
    expect(await getRefund(w, ordercode, 'R1')).toMatchObject({ state: 'succeeded' })
  })
})

describe('when a person says that a refund which waited for a month is over', () => {
  async function waited(w: World, name: string) {
    const { ordercode } = await paidOrder(w, name, 1_000)
    w.wechat.platform.setBalance(0)
    await refund(w, ordercode, 'R1', 300)
    for (let week = 0; week < 5; week++) {
      w.advance(7 * 86_400)
      await w.cron()
    }
    w.wechat.platform.setBalance(10_000)
    const [review = expect.fail('nobody looks at it')] = await reviews(w)
    const path = `/reviews/${encodeURIComponent(review.id)}/resolve`
    const resolve = () => w.shop('POST', path, { note: 'paid back in cash' })
    return { ordercode, kind: review.kind, resolve }
  }

  it('and WeChat does not know it, its amount is free, and the shop is told why', async () => {
    const w = world()
    const { ordercode, kind, resolve } = await waited(w, 'over')
    expect(kind).toBe('refund_overdue')
    expect((await resolve()).status).toBe(200)
    expect(await getRefund(w, ordercode, 'R1')).toMatchObject({
      state: 'refused',
      err_code: 'NOTENOUGH',
    })
    await expectReserved(w, ordercode, 1_000)
    await pass(w, 2)
    expect(refundWebhooks(w)).toEqual(['refund.failed R1'])
    expect(w.wechat.books.refunds()).toEqual([])
  })

  it('but WeChat has it, or does not say, nothing is given free', async () => {
    const w = world()
    const { ordercode, resolve } = await waited(w, 'notover')
    trouble(w, { kind: 'reply_lost' })
    expect(await outcome(putRefund(w, ordercode, 'R1', 300))).toBe('200 requested')
    w.wechat.faults.inject({ endpoint: 'refundquery', kind: 'http_500', times: 2 })
    await resolve()
    await expectReserved(w, ordercode, 700)
    await pass(w, 5)
    expect(await getRefund(w, ordercode, 'R1')).toMatchObject({ state: 'succeeded' })
    expect(refundWebhooks(w)).toEqual(['refund.succeeded R1'])
    await expectBalanced(w, ordercode)
  })
})

describe('when WeChat refuses a refund for good', () => {
  for (const code of ['USER_ACCOUNT_ABNORMAL', 'TRADE_OVERDUE'] as const) {
    it(`(${code}) the amount is free again, and the shop is told once`, async () => {
      const w = world()
      const { ordercode } = await paidOrder(w, 'refused', 1_000)
      trouble(w, errCode(code, '退款失败'), 1)
      expect(await refund(w, ordercode, 'R1', 1_000)).toMatchObject({
        status: 201,
        state: 'refused',
        err_code: code,
        err_code_des: '退款失败',
        accepted_at: null,
        succeeded_at: null,
      })
      expect(await refund(w, ordercode, 'R1', 1_000)).toMatchObject({
        status: 200,
        state: 'refused',
      })
      await pass(w, 10)
      expect(called(w, '/secapi/pay/refund')).toBe(1)
      expect(await refundEvents(w, ordercode)).toEqual(['refund_requested', 'refund_refused'])
      expect(refundWebhooks(w)).toEqual(['refund.failed R1'])
      expect(w.receiver.received.at(-1)).toMatchObject({
        id: 'refund.failed.R1',
        data: { state: 'refused', err_code: code, refund_fee: 1_000 },
      })
      expect(await outcome(putRefund(w, ordercode, 'R2', 1_000))).toBe('201 processing')
      await pass(w, 5)
      expect(refundWebhooks(w)).toEqual(['refund.failed R1', 'refund.succeeded R2'])
      await expectBalanced(w, ordercode)
    })
  }

  it('because the payment is more than a year old', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'yearold')
    w.advance(366 * 86_400)
    expect(await refund(w, ordercode, 'R1', 100)).toMatchObject({
      state: 'refused',
      err_code: 'TRADE_OVERDUE',
    })
  })

  it('told to ten clients at once it is one refusal, and one webhook', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'tenrefused')
    trouble(w, errCode('USER_ACCOUNT_ABNORMAL'), 10)
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => outcome(putRefund(w, ordercode, 'R1', 100))),
    )
    // One of them sends it; the others are told how it stands.
    expect(answers.toSorted()).toEqual([...Array<string>(9).fill('200 requested'), '201 refused'])
    expect(called(w, '/secapi/pay/refund')).toBe(1)
    await pass(w, 3)
    expect(refundWebhooks(w)).toEqual(['refund.failed R1'])
    expect(await refundEvents(w, ordercode)).toEqual(['refund_requested', 'refund_refused'])
  })

  it('and the first try got through, the refusal of the repetition is not believed', async () => {
    const w = world()
    for (const [index, code] of [
      'TRADE_STATE_ERROR',
      'REFUND_FEE_INVALID',
      'INVALID_REQUEST',
      'ORDERNOTEXIST',
      'USER_ACCOUNT_ABNORMAL',
    ].entries()) {
      const { ordercode } = await paidOrder(w, `through-${index}`, 1_000)
      const number = `through-${index}`
      trouble(w, { kind: 'reply_lost' })
      expect(await outcome(putRefund(w, ordercode, number, 1_000))).toBe('201 requested')
      trouble(w, errCode(code), 1)
      expect(`${code} ${await outcome(putRefund(w, ordercode, number, 1_000))}`).toBe(
        `${code} 200 processing`,
      )
      await expectReserved(w, ordercode, 0)
    }
    await pass(w, 10)
    expect(refundWebhooks(w).filter((each) => each.startsWith('refund.failed'))).toEqual([])
  })

  it('and a request that was stuck on its way arrives after that, WeChat’s word counts', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'stuck', 1_000)
    const stuck = recordRefunds(w)
    trouble(w, { kind: 'request_lost' })
    await refund(w, ordercode, 'R1', 1_000)
    trouble(w, errCode('USER_ACCOUNT_ABNORMAL'), 2)
    // Within a minute it may still arrive, and then the refusal of its repetition is no refusal.
    expect(await outcome(putRefund(w, ordercode, 'R1', 1_000))).toBe('200 requested')
    w.advance(61)
    expect(await outcome(putRefund(w, ordercode, 'R1', 1_000))).toBe('200 refused')
    const url = 'https://api.mch.weixin.qq.com/secapi/pay/refund'
    await w.wechat.fetchWithCertificate(new Request(url, { method: 'POST', body: stuck[0] ?? '' }))
    expect(w.wechat.books.refunds()).toHaveLength(1)
    await pass(w, 5)
    expect(await getRefund(w, ordercode, 'R1')).toMatchObject({
      state: 'succeeded',
      err_code: null,
    })
    expect(await outcome(putRefund(w, ordercode, 'R2', 1))).toBe('409 refund_exceeds_payment')
    expect(refundWebhooks(w)).toEqual(['refund.failed R1', 'refund.succeeded R1'])
    await expectBalanced(w, ordercode)
  })

  it('but a query cannot confirm it, nothing is given free until one can', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'unconfirmed')
    trouble(w, errCode('USER_ACCOUNT_ABNORMAL'), 10)
    w.wechat.faults.inject({ endpoint: 'refundquery', kind: 'http_500', times: 2 })
    expect(await refund(w, ordercode, 'R1', 800)).toMatchObject({
      state: 'requested',
      err_code: 'USER_ACCOUNT_ABNORMAL',
    })
    await expectReserved(w, ordercode, 8_000)
    expect(refundWebhooks(w)).toEqual([])
    await pass(w, 10)
    expect(await getRefund(w, ordercode, 'R1')).toMatchObject({ state: 'refused' })
    expect(refundWebhooks(w)).toEqual(['refund.failed R1'])
  })

  it('and the query tells of another refund, that is no confirmation', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'forgedanswer')
    for (const kind of ['wrong_sign', 'missing_sign', 'other_appid'] as const) {
      trouble(w, errCode('USER_ACCOUNT_ABNORMAL'), 1)
      w.wechat.faults.inject({ endpoint: 'refundquery', kind, times: 2 })
      expect((await refund(w, ordercode, 'R1', 800)).state).toBe('requested')
      w.wechat.faults.clear()
    }
  })
})

describe('when the installation is wrong', () => {
  const certificates = {
    'no certificate is shown': (w: World) => w.wechat.fetch,
    'another certificate is shown': (w: World) => w.wechat.fetchWithWrongCertificate,
  }
  for (const [name, shown] of Object.entries(certificates)) {
    it(`(${name}) the operator is told, the refund is kept, and goes when it is mended`, async () => {
      const w = world()
      const { ordercode } = await paidOrder(w, 'certificate')
      vi.spyOn(w.wechat, 'fetchWithCertificate').mockImplementation(shown(w))
      expect(await outcome(putRefund(w, ordercode, 'R1', 800))).toBe('500 misconfigured')
      expect(await getRefund(w, ordercode, 'R1')).toMatchObject({ state: 'requested' })
      await expectReserved(w, ordercode, 8_000)
      await pass(w, 2)
      expect(await getRefund(w, ordercode, 'R1')).toMatchObject({ state: 'requested' })
      vi.restoreAllMocks()
      await passUntilSent(w, ordercode, 'R1')
      expect((await getRefund(w, ordercode, 'R1')).state).not.toBe('requested')
      expect(refundWebhooks(w).filter((each) => each.startsWith('refund.failed'))).toEqual([])
    })
  }

  for (const code of ['CERT_ERROR', 'SIGNERROR', 'APPID_NOT_EXIST', 'MCHID_NOT_EXIST'] as const) {
    it(`(${code}) the answer is misconfigured, and nothing is lost`, async () => {
      const w = world()
      const { ordercode } = await paidOrder(w, 'config')
      trouble(w, errCode(code), 1)
      expect(await outcome(putRefund(w, ordercode, 'R1', 800))).toBe('500 misconfigured')
      expect(await outcome(putRefund(w, ordercode, 'R1', 800))).toBe('200 processing')
    })
  }

  it('(a wrong key) the answer is misconfigured, and nothing is lost', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'key')
    trouble(w, { kind: 'return_fail', returnMsg: '签名错误' }, 1)
    expect(await outcome(putRefund(w, ordercode, 'R1', 800))).toBe('500 misconfigured')
    expect(await outcome(putRefund(w, ordercode, 'R1', 800))).toBe('200 processing')
  })
})

describe('a refund that WeChat has taken on', () => {
  it('is asked about after 1, 5, 30 minutes, 2 hours, 1 day, 3 days, then daily to 30 days', async () => {
    const w = world()
    w.wechat.platform.holdRefunds()
    const { ordercode } = await paidOrder(w, 'ladder')
    await refund(w, ordercode, 'R1', 800)
    const daily = Array.from({ length: 27 }, (_, n) => (n + 4) * 1_440)
    let minute = 0
    const questionsAt = async (at: number): Promise<number> => {
      w.advance((at - minute) * 60)
      minute = at
      const before = called(w, '/pay/refundquery')
      await w.cron()
      return called(w, '/pay/refundquery') - before
    }
    for (const rung of [1, 5, 30, 120, 1_440, 3 * 1_440, ...daily]) {
      expect(`${rung}: ${await questionsAt(rung - 1)}`).toBe(`${rung}: 0`)
      expect(await kinds(w)).toEqual([])
      expect(`${rung}: ${await questionsAt(rung)}`).toBe(`${rung}: 1`)
    }
    expect(await questionsAt(32 * 1_440)).toBe(0)
    expect(await questionsAt(90 * 1_440)).toBe(0)
    expect(called(w, '/secapi/pay/refund')).toBe(1)

    // A person must look now, once.
    expect(await kinds(w)).toEqual(['refund_overdue'])
    expect(await reviews(w)).toMatchObject([{ ordercode, evidence: { out_refund_no: 'R1' } }])
    await w.settled()
    expect(w.receiver.types().filter((type) => type === 'review.opened')).toHaveLength(1)
    await expectReserved(w, ordercode, 8_000)

    // And when it arrives after all, it is booked.
    w.wechat.platform.releaseRefunds()
    await w.deliverNotices()
    await w.settled()
    expect(await getRefund(w, ordercode, 'R1')).toMatchObject({ state: 'succeeded' })
    expect(refundWebhooks(w)).toEqual(['refund.succeeded R1'])
    expect(await kinds(w)).toEqual(['refund_overdue'])
  })

  it('and is never heard of again is found by the shop asking, even after the month', async () => {
    const w = world()
    w.wechat.platform.holdRefunds()
    const { ordercode } = await paidOrder(w, 'afterall')
    await refund(w, ordercode, 'R1', 800)
    for (let week = 0; week < 6; week++) {
      w.advance(7 * 86_400)
      await w.cron()
    }
    expect(await kinds(w)).toEqual(['refund_overdue'])
    w.wechat.notices.ofRefunds.loseNext('R1')
    w.wechat.platform.releaseRefunds()
    await w.shop('POST', `/orders/${ordercode}/query`)
    expect(await getRefund(w, ordercode, 'R1')).toMatchObject({ state: 'succeeded' })
  })

  it('succeeds without a notice, by the query', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'noticeless')
    await refund(w, ordercode, 'R1', 800)
    await pass(w, 6, { notices: false })
    expect(await getRefund(w, ordercode, 'R1')).toMatchObject({ state: 'succeeded' })
    expect(refundWebhooks(w)).toEqual(['refund.succeeded R1'])
  })

  it('learns nothing from a query that is lost, unsigned, forged or not understood', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'queries')
    await refund(w, ordercode, 'R1', 800)
    w.wechat.platform.settleRefund('R1', 'REFUNDCLOSE')
    const faults: Trouble[] = [
      { kind: 'request_lost' },
      { kind: 'reply_lost' },
      { kind: 'stall_after' },
      { kind: 'http_500' },
      { kind: 'http_502_after' },
      { kind: 'system_error' },
      { kind: 'frequency_limited' },
      { kind: 'wrong_sign' },
      { kind: 'missing_sign' },
      { kind: 'other_appid' },
      { kind: 'other_mch_id' },
      { kind: 'truncated_xml' },
      { kind: 'return_fail', returnMsg: '退款订单不存在' },
      errCode('SOMETHING_NEW'),
      errCode('PARAM_ERROR'),
    ]
    for (const fault of faults) {
      w.wechat.faults.inject({ endpoint: 'refundquery', ...fault, times: 3 } as Fault)
      const answer = await w.shop('POST', `/orders/${ordercode}/query`)
      expect(`${fault.kind} ${answer.status}`).toBe(`${fault.kind} 503`)
      w.wechat.faults.clear()
      expect((await getRefund(w, ordercode, 'R1')).state).toBe('processing')
    }
    expect(refundWebhooks(w)).toEqual([])
    expect((await w.shop('POST', `/orders/${ordercode}/query`)).status).toBe(200)
    expect((await getRefund(w, ordercode, 'R1')).state).toBe('closed')
  })

  it('and does not know any more (REFUNDNOTEXIST) is sent again under the same number', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'forgotten')
    const sent = recordRefunds(w)
    await refund(w, ordercode, 'R1', 800)
    w.wechat.platform.holdRefunds()
    w.wechat.faults.inject({ endpoint: 'refundquery', ...errCode('REFUNDNOTEXIST') })
    await pass(w, 1)
    expect(sent).toHaveLength(2)
    expect(new Set(sent.map(withoutNonce)).size).toBe(1)
    expect(await getRefund(w, ordercode, 'R1')).toMatchObject({ state: 'processing' })
    expect(w.wechat.books.refunds(ordercode)).toHaveLength(1)
    expect(refundWebhooks(w)).toEqual([])
  })

  it('but closes gives the amount free, and the shop is told once', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'closed', 1_000)
    await refund(w, ordercode, 'R1', 1_000)
    w.wechat.notices.ofRefunds.duplicateNext(3)
    w.wechat.platform.settleRefund('R1', 'REFUNDCLOSE')
    await w.deliverNotices()
    await pass(w, 6)
    expect(await getRefund(w, ordercode, 'R1')).toMatchObject({
      state: 'closed',
      succeeded_at: null,
    })
    expect(await w.read(ordercode)).toMatchObject({ refunded_fee: 0, state: 'paid' })
    expect(refundWebhooks(w)).toEqual(['refund.failed R1'])
    expect(await refundEvents(w, ordercode)).toEqual([
      'refund_requested',
      'refund_accepted',
      'refund_closed',
    ])
    expect(await outcome(putRefund(w, ordercode, 'R1', 1_000))).toBe('200 closed')
    expect(await outcome(putRefund(w, ordercode, 'R2', 1_000))).toBe('201 processing')
    await pass(w, 5)
    expect(await w.read(ordercode)).toMatchObject({ refunded_fee: 1_000 })
    await expectBalanced(w, ordercode)
  })

  it('and cannot deliver (the card is gone) is put before a person, and stays reserved', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'abnormal')
    await refund(w, ordercode, 'R1', 800)
    w.wechat.notices.ofRefunds.duplicateNext(3)
    w.wechat.platform.settleRefund('R1', 'CHANGE')
    await w.deliverNotices()
    await pass(w, 7)
    expect(await getRefund(w, ordercode, 'R1')).toMatchObject({
      state: 'abnormal',
      ended_at: null,
    })
    expect(await reviews(w)).toMatchObject([{ kind: 'refund_abnormal', ordercode }])
    expect((await w.read(ordercode)).reviews).toMatchObject([{ kind: 'refund_abnormal' }])
    expect(w.receiver.types()).toEqual(['order.paid', 'review.opened'])
    expect(await outcome(putRefund(w, ordercode, 'R1', 800))).toBe('200 abnormal')
    await expectReserved(w, ordercode, 8_000)

    // The merchant sends it to another card, and it arrives.
    w.wechat.platform.settleRefund('R1', 'SUCCESS')
    await w.deliverNotices()
    await w.settled()
    expect(await getRefund(w, ordercode, 'R1')).toMatchObject({ state: 'succeeded' })
    expect(refundWebhooks(w)).toEqual(['refund.succeeded R1'])
    expect(await refundEvents(w, ordercode)).toEqual([
      'refund_requested',
      'refund_accepted',
      'refund_abnormal',
      'refund_succeeded',
    ])
    expect((await w.read(ordercode)).refunded_fee).toBe(800)
  })

  it('abnormal, and mended without a notice, is found by the cron', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'mended')
    await refund(w, ordercode, 'R1', 800)
    w.wechat.platform.settleRefund('R1', 'CHANGE')
    await pass(w, 6, { notices: false })
    expect(await getRefund(w, ordercode, 'R1')).toMatchObject({ state: 'abnormal' })
    w.wechat.platform.settleRefund('R1', 'SUCCESS')
    await pass(w, 30, { notices: false })
    expect(await getRefund(w, ordercode, 'R1')).toMatchObject({ state: 'succeeded' })
  })
})
