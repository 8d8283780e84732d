/** `WX_APPID` is changed while orders and refunds are under way: they go on under the appid that is stored with them. */
import { describe, expect, it, vi } from 'vitest'
import { lost } from '../../../testing/bill-days.ts'
import {
  getRefund,
  kinds,
  notifyRefund,
  outcome,
  paidOrder,
  pass,
  putRefund,
} from '../../../testing/refund-stories.ts'
import { changeAppid, NEXT_APPID, twoMiniPrograms } from '../../../testing/other-merchant.ts'
import { MERCHANT, type World } from '../../../testing/world.ts'

const STRANGER = 'wx0000000000000000'

/** Records the appids of the Worker's calls to WeChat Pay from now on. */
function watchAppids(w: World): string[] {
  const appids: string[] = []
  const watched =
    (real: (request: Request) => Promise<Response>) =>
    async (request: Request): Promise<Response> => {
      const xml = await request.clone().text()
      const [, appid] = /<appid><!\[CDATA\[(.*?)\]\]>/.exec(xml) ?? []
      if (appid !== undefined) appids.push(appid)
      return real(request)
    }
  const { fetch, fetchWithCertificate } = w.wechat
  vi.spyOn(w.wechat, 'fetch').mockImplementation(watched(fetch))
  vi.spyOn(w.wechat, 'fetchWithCertificate').mockImplementation(watched(fetchWithCertificate))
  return appids
}

describe('a payment under the former appid', () => {
  it('is booked by its notice', async () => {
    const w = twoMiniPrograms()
    const { ordercode } = await lost(w, 'notice')
    changeAppid(w)

    const answer = await w.notify(w.wechat.notices.ofPayments.xml(ordercode))

    expect(answer.status).toBe(200)
    expect((await w.read(ordercode)).state).toBe('paid')
  })

  it.each([NEXT_APPID, STRANGER, undefined])(
    'is not booked by a notice that names %s instead, however well it is signed',
    async (appid) => {
      const w = twoMiniPrograms()
      const { ordercode } = await lost(w, 'other')
      changeAppid(w)
      const notice = w.wechat.notices.ofPayments.xml(ordercode, { changes: { appid } })

      expect((await w.notify(notice)).status).toBe(400)
      expect((await w.read(ordercode)).state).toBe('paying')
      expect(await kinds(w)).toEqual([])
    },
  )

  it('is not booked by a notice of another mini program under a number that we do not have', async () => {
    const w = twoMiniPrograms()
    const { ordercode } = await lost(w, 'unknown')
    const changes = { appid: STRANGER, out_trade_no: 'not-registered' }
    const notice = w.wechat.notices.ofPayments.xml(ordercode, { changes })

    expect((await w.notify(notice)).status).toBe(400)
    expect(await kinds(w)).toEqual([])
  })

  it('is found by the cron, which asks under this appid', async () => {
    const w = twoMiniPrograms()
    const { ordercode } = await lost(w, 'query')
    changeAppid(w)
    const appids = watchAppids(w)

    await pass(w, 1, { notices: false })

    expect((await w.read(ordercode)).state).toBe('paid')
    expect(new Set(appids)).toEqual(new Set([MERCHANT.appid]))
  })
})

describe('an attempt under the former appid', () => {
  it('is closed at WeChat under this appid, before a payer pays under the new one', async () => {
    const w = twoMiniPrograms()
    const ordercode = await w.order('replaced')
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    changeAppid(w)
    const appids = watchAppids(w)

    const answer = await w.pay(ordercode, w.wechat.payer.newOpenid())

    expect(answer.status).toBe(200)
    // Query, close and query again, then the new attempt.
    expect(appids).toEqual([MERCHANT.appid, MERCHANT.appid, MERCHANT.appid, NEXT_APPID])
    expect(w.wechat.payer.pay(ordercode)).toMatchObject({ ok: false })
    expect(w.wechat.payer.pay(`${ordercode}*2`)).toMatchObject({ ok: true })
    await w.deliverNotices()
    expect((await w.read(ordercode)).state).toBe('paid')
  })

  it('is closed when its order expires', async () => {
    const w = twoMiniPrograms()
    const ordercode = await w.order('expires')
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    changeAppid(w)

    w.advance(7_201)
    await w.cron()

    expect((await w.read(ordercode)).state).toBe('closed')
    expect(w.wechat.books.order(ordercode)?.tradeState).toBe('CLOSED')
  })

  it('is closed when the shop asks', async () => {
    const w = twoMiniPrograms()
    const ordercode = await w.order('asked')
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    changeAppid(w)

    expect(await outcome(w.shop('POST', `/orders/${ordercode}/close`))).toBe('200 closed')
    expect(w.wechat.books.order(ordercode)?.tradeState).toBe('CLOSED')
  })
})

describe('a refund of a payment under the former appid', () => {
  it('is sent and followed up under this appid', async () => {
    const w = twoMiniPrograms()
    const { ordercode } = await paidOrder(w, 'refund')
    changeAppid(w)
    const appids = watchAppids(w)

    expect(await outcome(putRefund(w, ordercode, 'R-1', 100))).toBe('201 processing')
    w.advance(300)
    await pass(w, 2, { notices: false })

    expect((await getRefund(w, ordercode, 'R-1')).state).toBe('succeeded')
    expect(w.wechat.books.refundedFen()).toBe(100)
    expect(new Set(appids)).toEqual(new Set([MERCHANT.appid]))
  })

  it('that was requested before the change is sent with the same parameters afterwards', async () => {
    const w = twoMiniPrograms()
    const { ordercode } = await paidOrder(w, 'resent')
    w.wechat.faults.inject({ endpoint: 'refund', kind: 'reply_lost', times: 2 })
    expect(await outcome(putRefund(w, ordercode, 'R-1', 100))).toBe('201 requested')
    changeAppid(w)

    expect(await outcome(putRefund(w, ordercode, 'R-1', 100))).toBe('200 processing')
    expect(w.wechat.books.refunds()).toHaveLength(1)
  })

  it('is settled by its notice, and by none that names another mini program', async () => {
    const w = twoMiniPrograms()
    const { ordercode } = await paidOrder(w, 'refund-notice')
    await putRefund(w, ordercode, 'R-1', 100)
    w.advance(300)
    changeAppid(w)
    const { ofRefunds } = w.wechat.notices
    const calls = w.calls.length

    for (const appid of [NEXT_APPID, STRANGER, undefined]) {
      expect((await notifyRefund(w, ofRefunds.xml('R-1', { changes: { appid } }))).status).toBe(400)
    }
    expect(w.calls.length).toBe(calls)
    expect((await notifyRefund(w, ofRefunds.xml('R-1'))).status).toBe(200)
    expect((await getRefund(w, ordercode, 'R-1')).state).toBe('succeeded')
  })
})
