import { describe, expect, it } from 'vitest'
import { isSignedBy } from '../../../simulator/lib/sign.ts'
import { DEMO_MERCHANT } from '../../../simulator/server/demo-merchant.ts'
import { paidShop } from '../../../testing/simulator/prepared-shops.ts'
import {
  NOTIFY_URL,
  OUT_TRADE_NO,
  read,
  shop,
  SUCCESS_REPLY,
} from '../../../testing/simulator/simulated-shop.ts'

const accept = async () => new Response(SUCCESS_REPLY)

describe('a payment notice', () => {
  it('has the shape of a live one', async () => {
    const { wechat, openid, transactionId } = await paidShop()
    const seen: Request[] = []

    await wechat.notices.deliverDue(async (request) => {
      seen.push(request.clone())
      return accept()
    })

    expect(seen).toHaveLength(1)
    const [request] = seen
    expect(request?.url).toBe(NOTIFY_URL)
    expect(request?.method).toBe('POST')
    expect(request?.headers.get('Content-Type')).toBe('text/xml')
    expect(request?.headers.get('Request-ID')).toMatch(/^08[0-9A-F]+-0$/)
    const xml = (await request?.text()) ?? ''
    const fields = read(xml)
    expect(Object.keys(fields)).toEqual(Object.keys(fields).sort())
    expect(xml).toContain('<total_fee>100</total_fee>\n')
    expect(xml).toContain('<cash_fee><![CDATA[100]]></cash_fee>\n')
    const { nonce_str: nonce, sign: signature, ...rest } = fields
    expect(nonce).toMatch(/^(\d{13}|[0-9a-f]{32})$/)
    expect(signature).toHaveLength(32)
    expect(rest).toEqual({
      appid: DEMO_MERCHANT.appid,
      bank_type: 'OTHERS',
      cash_fee: '100',
      fee_type: 'CNY',
      is_subscribe: 'N',
      mch_id: DEMO_MERCHANT.mchId,
      openid,
      out_trade_no: OUT_TRADE_NO,
      result_code: 'SUCCESS',
      return_code: 'SUCCESS',
      time_end: '20240102030405',
      total_fee: '100',
      trade_type: 'JSAPI',
      transaction_id: transactionId,
    })
    expect(isSignedBy(fields, DEMO_MERCHANT.apiKey, 'MD5')).toBe(true)
  })

  it('is signed like its unified order, and names the sign_type now and then', async () => {
    const { wechat } = await paidShop(
      { strict: { signTypeElementRate: 0.5 } },
      { sign_type: 'HMAC-SHA256' },
    )

    const notices = Array.from({ length: 20 }, () =>
      read(wechat.notices.ofPayments.xml(OUT_TRADE_NO)),
    )

    const named = notices.filter((fields) => 'sign_type' in fields)
    expect(named.length).toBeGreaterThan(0)
    expect(named.length).toBeLessThan(20)
    expect(new Set(named.map((fields) => fields['sign_type']))).toEqual(new Set(['HMAC-SHA256']))
    for (const fields of notices) {
      expect(isSignedBy(fields, DEMO_MERCHANT.apiKey, 'HMAC-SHA256')).toBe(true)
    }
  })

  it('can be told to name the sign_type, or not to', async () => {
    const { wechat } = await paidShop(
      { strict: { signTypeElementRate: 0.5 } },
      { sign_type: 'HMAC-SHA256' },
    )
    const namings = (withSignTypeElement: boolean) =>
      Array.from({ length: 20 }, () =>
        read(wechat.notices.ofPayments.xml(OUT_TRADE_NO, { withSignTypeElement })),
      ).map((fields) => fields['sign_type'])

    expect(new Set(namings(true))).toEqual(new Set(['HMAC-SHA256']))
    expect(new Set(namings(false))).toEqual(new Set([undefined]))
  })

  it('never names the sign_type MD5 by itself', async () => {
    const { wechat } = await paidShop({ strict: { signTypeElementRate: 1 } })

    expect(read(wechat.notices.ofPayments.xml(OUT_TRADE_NO))).not.toHaveProperty('sign_type')
  })

  it('can be wrong in every way, with a valid sign or a wrong one', async () => {
    const { wechat } = await paidShop()
    const key = 'k'.repeat(32)

    const changed = read(
      wechat.notices.ofPayments.xml(OUT_TRADE_NO, {
        changes: { total_fee: '1', openid: undefined, Zone: 'x' },
      }),
    )
    expect(changed).toMatchObject({ total_fee: '1', Zone: 'x' })
    expect(changed).not.toHaveProperty('openid')
    expect(isSignedBy(changed, DEMO_MERCHANT.apiKey, 'MD5')).toBe(true)

    const forged = read(
      wechat.notices.ofPayments.xml(OUT_TRADE_NO, { key, signType: 'HMAC-SHA256' }),
    )
    expect(isSignedBy(forged, key, 'HMAC-SHA256')).toBe(true)

    const outspoken = read(
      wechat.notices.ofPayments.xml(OUT_TRADE_NO, { withSignTypeElement: true }),
    )
    expect(outspoken['sign_type']).toBe('MD5')
    expect(isSignedBy(outspoken, DEMO_MERCHANT.apiKey, 'MD5')).toBe(true)

    expect(
      read(wechat.notices.ofPayments.xml(OUT_TRADE_NO, { stripSign: true })),
    ).not.toHaveProperty('sign')
  })

  it('can be forged for an unpaid order, which stays unpaid', async () => {
    const { wechat, unifiedOrder } = shop()
    await unifiedOrder()

    expect(read(wechat.notices.ofPayments.xml(OUT_TRADE_NO))['transaction_id']).toHaveLength(28)
    expect(wechat.books.capturedFen()).toBe(0)
  })

  it('sometimes contains a signed element that no document names', async () => {
    const { wechat } = await paidShop({ strict: { undocumentedElementRate: 1 } })

    const fields = read(wechat.notices.ofPayments.xml(OUT_TRADE_NO))

    expect(Object.keys(fields)).toHaveLength(17)
    expect(isSignedBy(fields, DEMO_MERCHANT.apiKey, 'MD5')).toBe(true)
  })
})
