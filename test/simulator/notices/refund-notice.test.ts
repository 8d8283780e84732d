import { createDecipheriv, createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { parseXml } from '../../../simulator/lib/xml.ts'
import { DEMO_MERCHANT } from '../../../simulator/server/demo-merchant.ts'
import { shopAwaitingRefundNotice } from '../../../testing/simulator/prepared-shops.ts'
import {
  DAY_MS,
  MINUTE_MS,
  OUT_REFUND_NO,
  OUT_TRADE_NO,
  read,
  REFUND_NOTIFY_URL,
  SECOND_MS,
  shop,
  SUCCESS_REPLY,
} from '../../../testing/simulator/simulated-shop.ts'

const accept = async () => new Response(SUCCESS_REPLY)
const refuse = async () => new Response('', { status: 500 })

function plaintextOf(notice: string, apiKey = DEMO_MERCHANT.apiKey): string {
  const key = createHash('md5').update(apiKey).digest('hex')
  const decipher = createDecipheriv('aes-256-ecb', key, null)
  return decipher.update(read(notice)['req_info'] ?? '', 'base64', 'utf8') + decipher.final('utf8')
}

function infoOf(notice: string, apiKey?: string): Record<string, string> {
  const parsed = parseXml(plaintextOf(notice, apiKey), 'root')
  if (!parsed.ok) throw new Error(parsed.why)
  return Object.fromEntries(parsed.fields)
}

describe('the notice of a refund', () => {
  it('is sent when the payer has the money, in the documented shape', async () => {
    const { wechat, clock, transactionId, refundId } = await shopAwaitingRefundNotice()
    const seen: Request[] = []
    const keep = async (request: Request) => {
      seen.push(request.clone())
      return accept()
    }

    clock.advance(3 * MINUTE_MS - 1)
    expect(await wechat.notices.deliverDue(keep)).toEqual([])
    clock.advance(1)
    expect(await wechat.notices.deliverDue(keep)).toMatchObject([
      { outRefundNo: OUT_REFUND_NO, outTradeNo: OUT_TRADE_NO, outcome: 'delivered' },
    ])

    const [request] = seen
    expect(request?.url).toBe(REFUND_NOTIFY_URL)
    expect(request?.method).toBe('POST')
    expect(request?.headers.get('Content-Type')).toBe('text/xml')
    const xml = (await request?.text()) ?? ''
    expect(read(xml)).toEqual({
      return_code: 'SUCCESS',
      appid: DEMO_MERCHANT.appid,
      mch_id: DEMO_MERCHANT.mchId,
      nonce_str: expect.stringMatching(/^(\d{13}|[0-9a-f]{32})$/),
      req_info: expect.stringMatching(/^[A-Za-z0-9+/]+={0,2}$/),
    })
    expect(plaintextOf(xml)).toMatch(
      /^<root>\n<out_refund_no><!\[CDATA\[.+\]\]><\/out_refund_no>\n[^]*\n<\/root>$/,
    )
    expect(infoOf(xml)).toEqual({
      transaction_id: transactionId,
      out_trade_no: OUT_TRADE_NO,
      refund_id: refundId,
      out_refund_no: OUT_REFUND_NO,
      total_fee: '100',
      settlement_total_fee: '100',
      refund_fee: '30',
      settlement_refund_fee: '30',
      refund_status: 'SUCCESS',
      success_time: '2024-01-02 03:07:05',
      refund_recv_accout: '支付用户零钱',
      refund_account: 'REFUND_SOURCE_UNSETTLED_FUNDS',
      refund_request_source: 'API',
    })
  })

  it('has the cash amount of the refund for a payment with coupons', async () => {
    const { paid, refund, wechat } = shop()
    await paid({}, { coupons: [{ type: 'NO_CASH', fee: 50 }] })
    await refund()

    expect(infoOf(wechat.notices.ofRefunds.xml(OUT_REFUND_NO))).toMatchObject({
      settlement_total_fee: '50',
      settlement_refund_fee: '15',
      cash_refund_fee: '15',
    })
  })

  it.each(['CHANGE', 'REFUNDCLOSE'] as const)(
    'reports %s without a success_time',
    async (status) => {
      const { wechat } = await shopAwaitingRefundNotice()
      wechat.platform.settleRefund(OUT_REFUND_NO, status)

      const [attempt] = await wechat.notices.deliverDue(accept)

      const info = infoOf(attempt?.body ?? '')
      expect(info).toMatchObject({ refund_status: status })
      expect(info).not.toHaveProperty('success_time')
    },
  )

  it('is sent again when a CHANGE refund becomes SUCCESS, while the old notice still reports CHANGE', async () => {
    const { wechat, clock } = await shopAwaitingRefundNotice()
    wechat.platform.settleRefund(OUT_REFUND_NO, 'CHANGE')
    await wechat.notices.deliverDue(refuse)
    wechat.platform.settleRefund(OUT_REFUND_NO, 'SUCCESS')

    clock.advance(15 * SECOND_MS)
    const attempts = await wechat.notices.deliverDue(accept)

    expect(attempts.map(({ body }) => infoOf(body)['refund_status'])).toEqual(['CHANGE', 'SUCCESS'])
    expect(wechat.notices.ofRefunds.all().map(({ state }) => state)).toEqual([
      'delivered',
      'delivered',
    ])
  })

  it('goes to the URL of the platform when the request names none', async () => {
    const platformUrl = 'https://shop.example.com/platform'
    const { wechat, clock, paid } = shop({ refundNotifyUrl: platformUrl })
    await paid()
    await wechat.notices.deliverDue(accept)
    wechat.platform.refund(OUT_TRADE_NO, { refundFee: 40 })
    clock.advance(DAY_MS)

    const [attempt] = await wechat.notices.deliverDue(accept)

    expect(attempt?.url).toBe(platformUrl)
    expect(infoOf(attempt?.body ?? '')).toMatchObject({
      refund_fee: '40',
      refund_request_source: 'VENDOR_PLATFORM',
    })
  })

  it('is not sent when there is no URL at all', async () => {
    const { wechat, clock, paid, refund } = shop()
    await paid()
    await wechat.notices.deliverDue(accept)
    await refund()

    expect(wechat.notices.nextDueAt()).toBeUndefined()
    clock.advance(DAY_MS)
    expect(await wechat.notices.deliverDue(accept)).toEqual([])
    await expect(wechat.notices.ofRefunds.post(OUT_REFUND_NO)).rejects.toThrow('has no notify_url')
    expect(() => wechat.platform.setRefundNotifyUrl('shop.example.com')).toThrow(
      'not a valid notify_url',
    )
    wechat.platform.setRefundNotifyUrl(REFUND_NOTIFY_URL)
    expect(await wechat.notices.ofRefunds.post(OUT_REFUND_NO, {}, accept)).toMatchObject({
      outcome: 'delivered',
    })
  })

  it('sometimes contains undocumented elements, inside and outside req_info', async () => {
    const { wechat } = await shopAwaitingRefundNotice({ strict: { undocumentedElementRate: 1 } })

    const xml = wechat.notices.ofRefunds.xml(OUT_REFUND_NO)

    expect(Object.keys(read(xml))).toHaveLength(6)
    expect(Object.keys(infoOf(xml))).toHaveLength(14)
  })

  it('sometimes has amounts without CDATA', async () => {
    const { wechat } = await shopAwaitingRefundNotice({ strict: { integerStyleRate: 0.5 } })

    const plaintexts = Array.from({ length: 20 }, () =>
      plaintextOf(wechat.notices.ofRefunds.xml(OUT_REFUND_NO)),
    )

    expect(plaintexts.some((text) => text.includes('<refund_fee>30<'))).toBe(true)
    expect(plaintexts.some((text) => text.includes('<refund_fee><![CDATA[30]]>'))).toBe(true)
  })
})

describe('a wrong notice of a refund', () => {
  const KEY = 'k'.repeat(32)

  it('can have other elements, another key, and any req_info', async () => {
    const { wechat } = await shopAwaitingRefundNotice()
    const xml = (options: Parameters<typeof wechat.notices.ofRefunds.xml>[1]) =>
      wechat.notices.ofRefunds.xml(OUT_REFUND_NO, options)

    expect(infoOf(xml({ key: KEY }), KEY)).toMatchObject({ out_refund_no: OUT_REFUND_NO })
    expect(() => plaintextOf(xml({ key: KEY }))).toThrow()
    expect(read(xml({ reqInfo: 'garbage' }))['req_info']).toBe('garbage')
    expect(plaintextOf(xml({ plaintext: '<xml><a/></xml>' }))).toBe('<xml><a/></xml>')
    expect(read(xml({ changes: { appid: 'wx0000000000000000', mch_id: undefined } }))).toEqual(
      expect.objectContaining({ appid: 'wx0000000000000000' }),
    )
    const info = infoOf(
      xml({
        info: {
          refund_status: 'REFUNDCLOSE',
          out_refund_no: 'x',
          Zone: '上海',
          refund_id: undefined,
        },
      }),
    )
    expect(info).toMatchObject({ refund_status: 'REFUNDCLOSE', out_refund_no: 'x', Zone: '上海' })
    expect(info).not.toHaveProperty('refund_id')
  })

  it('reports SUCCESS for a PROCESSING refund, which stays PROCESSING', async () => {
    const { wechat } = await shopAwaitingRefundNotice()

    expect(infoOf(wechat.notices.ofRefunds.xml(OUT_REFUND_NO))).toMatchObject({
      refund_status: 'SUCCESS',
      success_time: '2024-01-02 03:04:05',
    })
    expect(wechat.books.refund(OUT_REFUND_NO)).toMatchObject({ status: 'PROCESSING' })
  })

  it('is posted immediately, and the caller gets the reply', async () => {
    const { wechat } = await shopAwaitingRefundNotice()
    const seen: string[] = []

    const posted = await wechat.notices.ofRefunds.post(
      OUT_REFUND_NO,
      { info: { refund_fee: '3000' } },
      async (request) => {
        seen.push(await request.text())
        return new Response('no', { status: 400 })
      },
    )

    expect(posted).toEqual({ outcome: 'refused', status: 400, reply: 'no' })
    expect(infoOf(seen[0] ?? '')).toMatchObject({ refund_fee: '3000' })
    expect(wechat.books.history().at(-1)).toMatchObject({
      type: 'notice_sent',
      outRefundNo: OUT_REFUND_NO,
    })
    expect(() => wechat.notices.ofRefunds.xml('none')).toThrow('has no refund')
  })
})
