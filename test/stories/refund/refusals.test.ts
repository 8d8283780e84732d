import { afterEach, describe, expect, it, vi } from 'vitest'
import { errCode, expectReserved, injectFault } from '../../../testing/refund-situations.ts'
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
} from '../../../testing/refund-stories.ts'
import { world, type World } from '../../../testing/world.ts'

afterEach(() => vi.restoreAllMocks())

const OVERDUE = { kind: 'err_code', errCode: 'TRADE_OVERDUE', errCodeDes: '订单已过期' } as const

/** Makes WeChat take this long for every refund. */
function delayRefunds(w: World, seconds: number): void {
  const real = w.wechat.fetchWithCertificate
  vi.spyOn(w.wechat, 'fetchWithCertificate').mockImplementation(async (request) => {
    w.advance(seconds)
    return real(request)
  })
}

describe('a refund that WeChat finally refuses', () => {
  for (const code of ['USER_ACCOUNT_ABNORMAL', 'TRADE_OVERDUE'] as const) {
    it(`(${code}) releases its amount and notifies the shop once`, async () => {
      const w = world()
      const { ordercode } = await paidOrder(w, 'refused', 1_000)
      injectFault(w, errCode(code, '退款失败'), 1)
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

  it('is refused because the payment is more than a year old', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'yearold')
    w.advance(366 * 86_400)
    expect(await refund(w, ordercode, 'R1', 100)).toMatchObject({
      state: 'refused',
      err_code: 'TRADE_OVERDUE',
    })
  })

  it('is one refusal with one webhook for ten concurrent clients', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'tenrefused')
    injectFault(w, errCode('USER_ACCOUNT_ABNORMAL'), 10)
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => outcome(putRefund(w, ordercode, 'R1', 100))),
    )
    // One client sends the refund. The others get its current state.
    expect(answers.toSorted()).toEqual([...Array<string>(9).fill('200 requested'), '201 refused'])
    expect(called(w, '/secapi/pay/refund')).toBe(1)
    await pass(w, 3)
    expect(refundWebhooks(w)).toEqual(['refund.failed R1'])
    expect(await refundEvents(w, ordercode)).toEqual(['refund_requested', 'refund_refused'])
  })

  it('stays reserved when the refusal answers a repetition and WeChat accepted the first try', async () => {
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
      injectFault(w, { kind: 'reply_lost' })
      expect(await outcome(putRefund(w, ordercode, number, 1_000))).toBe('201 requested')
      injectFault(w, errCode(code), 1)
      expect(`${code} ${await outcome(putRefund(w, ordercode, number, 1_000))}`).toBe(
        `${code} 200 processing`,
      )
      await expectReserved(w, ordercode, 0)
    }
    await pass(w, 10)
    expect(refundWebhooks(w).filter((each) => each.startsWith('refund.failed'))).toEqual([])
  })

  it('succeeds when a delayed request reaches WeChat after the refusal', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'stuck', 1_000)
    const stuck = recordRefunds(w)
    injectFault(w, { kind: 'request_lost' })
    await refund(w, ordercode, 'R1', 1_000)
    injectFault(w, errCode('USER_ACCOUNT_ABNORMAL'), 2)
    // Within a minute the first request may still arrive, so that the refusal of its repetition is not final.
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

  it('stays reserved until a query confirms the refusal', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'unconfirmed')
    injectFault(w, errCode('USER_ACCOUNT_ABNORMAL'), 10)
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

  it('stays reserved when the answer to the query is not valid', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'forgedanswer')
    for (const kind of ['wrong_sign', 'missing_sign', 'other_appid'] as const) {
      injectFault(w, errCode('USER_ACCOUNT_ABNORMAL'), 1)
      w.wechat.faults.inject({ endpoint: 'refundquery', kind, times: 2 })
      expect((await refund(w, ordercode, 'R1', 800)).state).toBe('requested')
      w.wechat.faults.clear()
    }
  })
})

describe('a refund that WeChat refuses', () => {
  it.each([1, 2, 7])(
    'releases its amount when WeChat takes %i seconds to refuse it',
    async (seconds) => {
      const w = world()
      const { ordercode } = await paidOrder(w, `slow-${seconds}`, 1_000)
      delayRefunds(w, seconds)
      w.wechat.faults.inject({ endpoint: 'refund', ...OVERDUE })
      expect(await outcome(putRefund(w, ordercode, 'R1', 1_000))).toBe('201 refused')
      await w.settled()
      expect(refundWebhooks(w)).toEqual(['refund.failed R1'])
      // The second refund starts a minute after the first one, as all refunds of one payment do.
      expect(await outcome(putRefund(w, ordercode, 'R2', 1_000))).toBe('201 requested')
    },
  )

  it('stays reserved when the backup refused it after the primary did not answer', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'origins', 1_000)
    w.wechat.faults.inject({ endpoint: 'refund', kind: 'request_lost', times: 1 })
    w.wechat.faults.inject({ endpoint: 'refund', ...OVERDUE })
    expect(await refund(w, ordercode, 'R1', 1_000)).toMatchObject({
      state: 'requested',
      err_code: 'TRADE_OVERDUE',
    })
    expect(await outcome(putRefund(w, ordercode, 'R2', 1))).toBe('409 refund_exceeds_payment')
    w.wechat.faults.inject({ endpoint: 'refund', ...OVERDUE })
    await pass(w, 2)
    expect((await getRefund(w, ordercode, 'R1')).state).toBe('refused')
  })

  it('stays reserved when WeChat was too busy right before the refusal', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'busy', 1_000)
    w.wechat.faults.inject({ endpoint: 'refund', kind: 'system_error', times: 1 })
    w.wechat.faults.inject({ endpoint: 'refund', ...OVERDUE })
    expect((await refund(w, ordercode, 'R1', 1_000)).state).toBe('requested')
  })
})

describe('a refund under a wrong configuration', () => {
  const certificates = {
    'no certificate': (w: World) => w.wechat.fetch,
    'another certificate': (w: World) => w.wechat.fetchWithWrongCertificate,
  }
  for (const [name, fetchOf] of Object.entries(certificates)) {
    it(`(${name}) is reserved with the reason, and is sent when the configuration is fixed`, async () => {
      const w = world()
      const { ordercode } = await paidOrder(w, 'certificate')
      vi.spyOn(w.wechat, 'fetchWithCertificate').mockImplementation(fetchOf(w))
      expect(await refund(w, ordercode, 'R1', 800)).toMatchObject({
        status: 201,
        state: 'requested',
        err_code: 'NO_CERTIFICATE',
      })
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
    it(`(${code}) is reserved with the reason, and is sent by the next request`, async () => {
      const w = world()
      const { ordercode } = await paidOrder(w, 'config')
      injectFault(w, errCode(code, '原因'), 1)
      expect(await refund(w, ordercode, 'R1', 800)).toMatchObject({
        status: 201,
        state: 'requested',
        err_code: code,
        err_code_des: '原因',
      })
      expect(await outcome(putRefund(w, ordercode, 'R1', 800))).toBe('200 processing')
    })
  }

  it('(wrong key) is reserved with the reason, and is sent by the next request', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'key')
    injectFault(w, { kind: 'return_fail', returnMsg: '签名错误' }, 1)
    expect(await refund(w, ordercode, 'R1', 800)).toMatchObject({
      status: 201,
      state: 'requested',
      err_code_des: '签名错误',
    })
    expect(await outcome(putRefund(w, ordercode, 'R1', 800))).toBe('200 processing')
  })
})
