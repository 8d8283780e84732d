import { describe, expect, it } from 'vitest'
import { controlledShop } from '../../../testing/simulator/controlled-shop.ts'
import {
  DAY_MS,
  OUT_REFUND_NO,
  OUT_TRADE_NO,
  REFUND_NOTIFY_URL,
} from '../../../testing/simulator/simulated-shop.ts'

const DAY = '20240102'

describe('the control interface of refunds', () => {
  it('lists its calls', async () => {
    const { call } = await controlledShop()

    expect((await call('')).json['calls']).toMatchObject({
      'GET /_control/refunds': expect.any(String),
      'POST /_control/settle-refund': expect.stringContaining('REFUNDCLOSE'),
      'POST /_control/change-bill': expect.stringContaining('drop_row'),
    })
  })

  it('makes, holds, settles and shows refunds', async () => {
    const { call, clock } = await controlledShop()
    expect(
      (
        await call('refund-on-platform', {
          out_trade_no: OUT_TRADE_NO,
          refund_fee: 40,
          out_refund_no: OUT_REFUND_NO,
        })
      ).json,
    ).toMatchObject({ ok: true, refund: { refund_fee: 40, source: 'VENDOR_PLATFORM' } })
    await call('hold-refunds', {})
    clock.advance(DAY_MS)

    expect((await call('refunds')).json).toMatchObject({
      refunds: [{ out_refund_no: OUT_REFUND_NO, status: 'PROCESSING' }],
    })
    expect((await call('state')).json).toMatchObject({
      captured_fen: 100,
      refunded_fen: 0,
      refunding_fen: 40,
      unsettled_fen: null,
      available_fen: null,
      refunds: 1,
    })
    expect(
      (await call('settle-refund', { out_refund_no: OUT_REFUND_NO, status: 'CHANGE' })).json,
    ).toMatchObject({ status: 'CHANGE' })
    await call('settle-refund', { out_refund_no: OUT_REFUND_NO, status: 'SUCCESS' })
    await call('let-refunds-go', {})
    expect((await call('state')).json).toMatchObject({ refunded_fen: 40, refunding_fen: 0 })
    expect((await call(`orders/${OUT_TRADE_NO}`)).json).toMatchObject({
      trade_state: 'REFUND',
      refunds: [{ out_refund_no: OUT_REFUND_NO, status: 'SUCCESS' }],
      refund_notices: [],
    })
  })

  it('sets the balances that the merchant can refund from', async () => {
    const { call, refund } = await controlledShop()
    const refund_account = 'REFUND_SOURCE_RECHARGE_FUNDS'
    await call('set-balance', { fen: 29 })
    await call('set-balance', { fen: 28, refund_account })

    expect((await call('state')).json).toMatchObject({ unsettled_fen: 29, available_fen: 28 })
    expect(await refund()).toMatchObject({ err_code: 'NOTENOUGH' })
    const byHand = { out_trade_no: OUT_TRADE_NO, refund_fee: 29, refund_account }
    expect((await call('refund-on-platform', byHand)).json).toMatchObject({
      ok: false,
      why: expect.stringContaining('基本账户余额不足'),
    })
    await call('set-balance', { fen: null })
    expect(await refund()).toMatchObject({ result_code: 'SUCCESS' })
  })

  it('loses, duplicates and posts notices of refunds', async () => {
    const { call, clock, posted, refund, wechat } = await controlledShop()
    await call('deliver-notices', {})
    await call('set-refund-notify-url', { url: REFUND_NOTIFY_URL })
    await refund()
    await call('duplicate-next-refund-notice', { copies: 2 })
    clock.advance(DAY_MS)
    await call('deliver-notices', {})
    expect(posted).toHaveLength(3)

    const { json } = await call('resend-refund-notice', {
      out_refund_no: OUT_REFUND_NO,
      copies: 2,
      fields: { appid: null },
      req_info: 'garbage',
    })

    expect(json['replies']).toMatchObject([{ outcome: 'delivered' }, { outcome: 'delivered' }])
    expect(posted.at(-1)).toContain('<req_info><![CDATA[garbage]]></req_info>')
    expect(posted.at(-1)).not.toContain('appid')
    await call('lose-next-refund-notice', {})
    wechat.platform.refund(OUT_TRADE_NO, { refundFee: 1 })
    await call('advance', { seconds: 180 })
    await call('deliver-notices', {})
    expect(wechat.notices.ofRefunds.all()).toMatchObject([
      { state: 'delivered' },
      { attempts: [{ outcome: 'lost' }] },
    ])
    await call('set-refund-notify-url', { url: null })
    wechat.platform.refund(OUT_TRADE_NO, { refundFee: 1 })
    await call('advance', { seconds: 180 })
    expect(wechat.notices.ofRefunds.all()).toHaveLength(2)
  })

  it.each<[string, unknown, number, string]>([
    ['settle-refund', { out_refund_no: 'none', status: 'SUCCESS' }, 404, 'no refund none'],
    ['settle-refund', { out_refund_no: OUT_REFUND_NO, status: 'DONE' }, 400, 'DONE is unknown'],
    ['refund-on-platform', { out_trade_no: 'none', refund_fee: 1 }, 404, 'no order none'],
    [
      'refund-on-platform',
      { out_trade_no: OUT_TRADE_NO, refund_fee: 0 },
      400,
      'whole number of fen',
    ],
    ['set-balance', { fen: -1 }, 400, 'whole number of fen'],
    ['set-balance', { fen: 1, refund_account: 'PURSE' }, 400, 'refund_account PURSE is unknown'],
    ['resend-refund-notice', { out_refund_no: OUT_REFUND_NO }, 400, 'has no notify_url'],
    ['resend-refund-notice', { out_refund_no: OUT_REFUND_NO, info: [] }, 400, 'not an object'],
    ['resend-refund-notice', { out_refund_no: OUT_REFUND_NO, copies: 0 }, 400, 'copies is not'],
    ['change-bill', { date: DAY, kind: 'burn' }, 400, 'kind burn is unknown'],
    ['change-bill', { date: 'today', kind: 'cut_off' }, 400, 'today is not a day'],
    ['change-bill', { date: DAY, kind: 'drop_row', number: 'none' }, 400, 'the number none'],
    ['change-bill', { date: DAY, kind: 'set_columns', number: 'x' }, 400, 'columns is not'],
    ['change-bill', { date: DAY, kind: 'cut_off', at: 'end' }, 400, 'at end is unknown'],
    ['change-bill', { date: DAY, kind: 'escapes', escapes: 'x' }, 400, 'escapes x is unknown'],
    ['bill', { date: DAY, bill_type: 'REVOKED' }, 400, 'REVOKED is unknown'],
  ])('explains a mistake in %s %j', async (path, body, status, error) => {
    const { call, refund } = await controlledShop()
    await refund()

    const answer = await call(path, body)

    expect(answer.status).toBe(status)
    expect(answer.json['error']).toContain(error)
  })
})
