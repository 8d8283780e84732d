import { afterEach, describe, expect, it, vi } from 'vitest'
import { encryptReqInfo } from '../../../simulator/notices/req-info.ts'
import {
  called,
  getRefund,
  kinds,
  notifyRefund,
  outcome,
  paidOrder,
  paidTwice,
  pass,
  putRefund,
  refund,
  refundWebhooks,
  reviews,
} from '../../../testing/refund-stories.ts'
import { MERCHANT, world, type World } from '../../../testing/world.ts'

afterEach(() => vi.restoreAllMocks())

const REFUSED = {
  endpoint: 'refund',
  kind: 'err_code',
  errCode: 'TRADE_STATE_ERROR',
  errCodeDes: '?',
} as const

const resolve = (w: World, id: string, body: unknown): Promise<Response> =>
  w.shop('POST', `/reviews/${encodeURIComponent(id)}/resolve`, body)

async function reviewOf(w: World, kind: string) {
  const found = (await reviews(w, '?open=true')).find((each) => each.kind === kind)
  if (found === undefined) throw new Error(`no review ${kind}`)
  return found
}

/** A refund that nothing came of for thirty days, so that a person is asked. */
async function overdue(w: World): Promise<string> {
  for (let week = 0; week < 5; week++) {
    w.advance(7 * 86_400)
    await w.cron()
  }
  return (await reviewOf(w, 'refund_overdue')).id
}

describe('a person who says that a refund is over', () => {
  it('is not believed while WeChat is silent: it might go back twice', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'silent', 1_000)
    w.wechat.platform.setBalance(0)
    await refund(w, ordercode, 'R1', 800)
    const id = await overdue(w)
    const word = { note: 'sent by bank transfer' }

    w.wechat.faults.inject({ endpoint: 'refundquery', kind: 'http_500', times: 2 })
    expect(await outcome(resolve(w, id, word))).toBe('503 wechat_unavailable')
    w.wechat.faults.clear()
    expect((await resolve(w, id, word)).status).toBe(200)

    w.wechat.platform.setBalance(1_000_000)
    await pass(w, 3)
    expect((await getRefund(w, ordercode, 'R1')).state).toBe('refused')
    expect(w.wechat.books.refundedFen()).toBe(0)
    expect(refundWebhooks(w)).toEqual(['refund.failed R1'])
  })

  it('is not believed while a try of it may still arrive, or somebody sends it', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'arrives', 1_000)
    w.wechat.platform.setBalance(0)
    await refund(w, ordercode, 'R1', 300)
    const id = await overdue(w)
    w.wechat.platform.setBalance(1_000_000)
    const word = { note: 'paid back in cash' }

    w.wechat.faults.inject({ endpoint: 'refund', kind: 'request_lost', times: 2 })
    expect(await outcome(putRefund(w, ordercode, 'R1', 300))).toBe('200 requested')
    expect(await outcome(resolve(w, id, word))).toBe('503 wechat_unavailable')

    w.advance(61)
    let hold = () => {}
    w.holds.set('/secapi/pay/refund', new Promise<void>((done) => (hold = done)))
    const before = called(w, '/secapi/pay/refund')
    const sending = outcome(putRefund(w, ordercode, 'R1', 300))
    await vi.waitFor(() => expect(called(w, '/secapi/pay/refund')).toBe(before + 1))
    expect(await outcome(resolve(w, id, word))).toBe('409 order_busy')
    hold()
    expect(await sending).toBe('200 processing')
    expect(await outcome(putRefund(w, ordercode, 'R2', 701))).toBe('409 refund_exceeds_payment')
  })

  it('is told when it went through after all', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'afterall', 1_000)
    w.wechat.platform.setBalance(0)
    await refund(w, ordercode, 'R1', 800)
    const id = await overdue(w)
    w.wechat.platform.setBalance(1_000_000)
    w.wechat.faults.inject({ endpoint: 'refund', kind: 'reply_lost', times: 2 })
    w.advance(86_400)
    await w.cron()
    expect((await getRefund(w, ordercode, 'R1')).state).toBe('requested')
    const word = { note: 'sent by bank transfer' }
    w.advance(61)
    expect(await outcome(resolve(w, id, word))).toBe('409 order_busy')
    expect((await getRefund(w, ordercode, 'R1')).state).not.toBe('requested')
    expect((await resolve(w, id, { note: 'it went through' })).status).toBe(200)
  })

  it('frees one that WeChat took on and does not know any more', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'forgot', 1_000)
    await refund(w, ordercode, 'R1', 800)
    const unknown = { kind: 'err_code', errCode: 'REFUNDNOTEXIST', errCodeDes: '?' } as const
    w.wechat.faults.inject({ endpoint: 'refundquery', ...unknown, times: 9_999 })
    w.wechat.faults.inject({ ...REFUSED, errCode: 'TRADE_OVERDUE', times: 9_999 })
    const id = await overdue(w)
    expect(await getRefund(w, ordercode, 'R1')).toMatchObject({
      state: 'processing',
      err_code: 'TRADE_OVERDUE',
    })
    expect((await resolve(w, id, { note: 'WeChat says there never was one' })).status).toBe(200)
    expect(await outcome(putRefund(w, ordercode, 'R2', 800))).toMatch(/^201 /)
    expect((await w.history(ordercode)).filter((type) => type === 'refund_given_up')).toHaveLength(
      1,
    )
  })
})

async function close(w: World, ordercode: string): Promise<void> {
  await w.shop('POST', `/orders/${ordercode}/close`)
}

/** By another payer, and known. */
async function payBefore(w: World, ordercode: string): Promise<void> {
  await w.pay(ordercode, w.wechat.payer.newOpenid())
  w.wechat.payer.pay(`${ordercode}*2`)
  w.wechat.notices.ofPayments.loseNext(`${ordercode}*2`)
  await w.notify(w.wechat.notices.ofPayments.xml(`${ordercode}*2`))
}

describe('a person who accepts a payment', () => {
  it.each([
    ['late', 'refund', close],
    ['second', 'accept', payBefore],
  ] as const)(
    'a %s one under LATE_PAYMENT=%s has accepted it: nothing goes back',
    async (name, policy, before) => {
      const w = world({ vars: { LATE_PAYMENT: policy, WX_CERT: 'bound' } })
      const ordercode = await w.order(`accepted-${name}`)
      await w.pay(ordercode, w.wechat.payer.newOpenid())
      await before(w, ordercode)
      w.wechat.payer.pay(ordercode, { despiteClose: true })
      w.wechat.notices.ofPayments.loseNext(ordercode)
      const openid = w.wechat.payer.newOpenid()
      await w.notify(w.wechat.notices.ofPayments.xml(ordercode, { changes: { openid } }))
      const { id } = await reviewOf(w, 'foreign_payment')
      expect((await resolve(w, id, { note: 'the same person', action: 'accept' })).status).toBe(200)
      await pass(w, 8)
      expect(w.receiver.types()).toContain('order.paid')
      expect(w.receiver.types()).not.toContain('payment.returned')
      expect(called(w, '/secapi/pay/refund')).toBe(0)
    },
  )
})

describe('a request that may still be on its way', () => {
  it('when the other origin refused its repetition is remembered: no second refund is made room for', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'stuck', 1_000)
    const real = w.wechat.fetchWithCertificate
    let stuck = ''
    vi.spyOn(w.wechat, 'fetchWithCertificate').mockImplementation(async (request) => {
      if (stuck !== '') return real(request)
      stuck = await request.text()
      return new Promise<Response>(() => {})
    })
    w.wechat.faults.inject({ ...REFUSED, times: 2 })
    expect(await outcome(putRefund(w, ordercode, 'R1', 400))).toBe('201 requested')
    w.advance(1)
    expect(await outcome(putRefund(w, ordercode, 'R1', 400))).toBe('200 requested')
    w.advance(5)
    const url = 'https://api.mch.weixin.qq.com/secapi/pay/refund'
    await real(new Request(url, { method: 'POST', body: stuck }))
    await pass(w, 10)
    expect(w.wechat.books.refundedFen()).toBe(400)
    expect((await getRefund(w, ordercode, 'R1')).state).toBe('succeeded')
    expect(refundWebhooks(w)).toEqual(['refund.succeeded R1'])
  })
})

describe('what nobody but a person can see to', () => {
  it('is the rest of a payment that we hear of when a part of it is back', async () => {
    const w = world()
    const ordercode = await w.order('part')
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    w.wechat.notices.ofPayments.loseNext()
    w.wechat.payer.pay(ordercode)
    w.wechat.platform.refund(ordercode, { refundFee: 100 })
    await pass(w, 12)
    expect(w.receiver.types()).toContain('payment.returned')
    const { id, evidence } = await reviewOf(w, 'partly_returned')
    expect(evidence).toMatchObject({ total_fee: 8_800, refunded: 100, left: 8_700 })

    expect((await resolve(w, id, { note: 'not shipped', action: 'refund' })).status).toBe(200)
    await pass(w, 5)
    expect(await w.read(ordercode)).toMatchObject({ refunded_fee: 8_800 })
    expect(await reviews(w, '?open=true')).toEqual([])
  })

  it('is a refund of ours that fails', async () => {
    const w = world()
    const { ordercode } = await paidTwice(w, 'fails')
    w.wechat.platform.holdRefunds()
    await w.deliverNotices()
    const { id } = await reviewOf(w, 'second_payment')
    expect((await resolve(w, id, { note: 'x', action: 'refund' })).status).toBe(200)
    await pass(w, 2)
    const [back] = (await w.read(ordercode)).refunds
    w.wechat.platform.settleRefund(back?.out_refund_no ?? '', 'REFUNDCLOSE')
    await pass(w, 8)
    expect((await w.read(ordercode)).refunds).toMatchObject([{ state: 'closed' }])
    expect((await reviewOf(w, 'refund_failed')).evidence).toMatchObject({
      out_refund_no: back?.out_refund_no,
      state: 'closed',
    })
    // The shop's own numbers are the shop's own business.
    const other = await paidOrder(w, 'shops')
    await putRefund(w, other.ordercode, 'R1', 100)
    w.wechat.platform.settleRefund('R1', 'REFUNDCLOSE')
    await pass(w, 3)
    expect((await reviews(w)).filter(({ kind }) => kind === 'refund_failed')).toHaveLength(1)
  })

  it('is money that WeChat returned under a number that we refused', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'othersum', 1_000)
    w.wechat.platform.refund(ordercode, { refundFee: 500, outRefundNo: 'R1' })
    w.advance(60)
    expect(await outcome(putRefund(w, ordercode, 'R1', 300))).toBe('201 refused')
    await pass(w, 3)
    expect(await kinds(w)).toEqual(['refund_conflict'])
  })

  it('is a merchant certificate that WeChat does not take: nobody says that the money is on its way', async () => {
    const w = world()
    await paidTwice(w, 'certificate')
    w.wechat.faults.inject({ ...REFUSED, errCode: 'CERT_ERROR', times: 99 })
    await w.deliverNotices()
    const { id } = await reviewOf(w, 'second_payment')
    const word = { note: 'x', action: 'refund' }
    expect(await outcome(resolve(w, id, word))).toBe('500 misconfigured')
    w.wechat.faults.clear()
    expect((await resolve(w, id, word)).status).toBe(200)
  })
})

describe('WeChat', () => {
  it.each(['INVALID_REQ_TOO_MUCH', 'FREQUENCY_LIMITED', 'ORDER_NOT_READY'])(
    'that says %s is asked again in minutes, however old the refund is',
    async (errCode) => {
      const w = world()
      const { ordercode } = await paidOrder(w, 'minutes', 1_000)
      w.wechat.platform.setBalance(0)
      await refund(w, ordercode, 'R1', 100)
      // One minute, five, thirty, two hours, a day.
      for (const seconds of [60, 240, 1_500, 5_400]) {
        w.advance(seconds)
        await w.cron()
      }
      w.advance(86_400 - 7_200)
      w.wechat.platform.setBalance(1_000_000)
      w.wechat.faults.inject({ endpoint: 'refund', kind: 'err_code', errCode, errCodeDes: '?' })
      await w.cron()
      expect(await getRefund(w, ordercode, 'R1')).toMatchObject({ err_code: errCode })
      await pass(w, 6)
      expect((await getRefund(w, ordercode, 'R1')).state).not.toBe('requested')
    },
  )

  it('is asked little by a thief of the old key', async () => {
    const OLD = 'ffffffffffffffffffffffffffffffff'
    const w = world({ vars: { WX_API_KEY_OLD: OLD } })
    const { ordercode, transactionId } = await paidOrder(w, 'thief', 1_000)
    const before = called(w, '/pay/refundquery')
    for (let n = 0; n < 30; n++) {
      const info = `<root><out_refund_no>F${n}</out_refund_no><transaction_id>${transactionId}</transaction_id><out_trade_no>${ordercode}</out_trade_no></root>`
      const body = `<xml><return_code>SUCCESS</return_code><appid>${MERCHANT.appid}</appid><mch_id>${MERCHANT.mchId}</mch_id><nonce_str>x</nonce_str><req_info>${encryptReqInfo(info, OLD)}</req_info></xml>`
      expect((await notifyRefund(w, body)).status).not.toBe(200)
    }
    expect(called(w, '/pay/refundquery') - before).toBe(1)
  })

  it('that knows more than twenty refunds of a payment is asked for twenty', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'twentyfour')
    for (let n = 0; n < 24; n++) {
      w.wechat.platform.refund(ordercode, { refundFee: 10, outRefundNo: `T-${n}` })
    }
    expect((await w.shop('POST', `/orders/${ordercode}/query`)).status).toBe(200)
    expect((await w.read(ordercode)).refunds).toHaveLength(20)
    expect(called(w, '/pay/refundquery')).toBe(2)
  })
})

describe('without the certificate any more', () => {
  it('a refund that is there is still there', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'nocert')
    await putRefund(w, ordercode, 'R1', 100)
    const without = world({ certificate: false })
    expect(await outcome(putRefund(without, ordercode, 'R1', 100))).toBe('200 processing')
    expect(await outcome(putRefund(without, ordercode, 'R1', 101))).toBe(
      '501 refund_not_configured',
    )
    expect(await outcome(putRefund(without, ordercode, 'R2', 100))).toBe(
      '501 refund_not_configured',
    )
  })
})
