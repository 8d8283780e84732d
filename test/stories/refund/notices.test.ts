import { env } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'
import { watchDatabase } from '../../../testing/d1/watched-database.ts'
import {
  called,
  expectBalanced,
  getRefund,
  kinds,
  notifyRefund,
  outcome,
  paidOrder,
  pass,
  putRefund,
  refund,
  refundEvents,
  refundWebhooks,
  SUCCESS,
} from '../../../testing/refund-stories.ts'
import { world, type World } from '../../../testing/world.ts'

/** A refund that WeChat has taken on, and says so until a test lets it go. */
async function underWay(w: World, name: string) {
  w.wechat.platform.holdRefunds()
  const paid = await paidOrder(w, name)
  const number = `${name}-1`
  expect(await outcome(putRefund(w, paid.ordercode, number, 800))).toBe('201 processing')
  return { ...paid, number }
}

const everything = async (w: World, ordercode: string) => ({
  order: await w.read(ordercode),
  history: await w.history(ordercode),
  reviews: await kinds(w),
})

/** Refused as every other is, and nothing moved. */
async function expectRefused(w: World, ordercode: string, body: BodyInit): Promise<void> {
  const before = await everything(w, ordercode)
  const answer = await notifyRefund(w, body)
  const nonsense = await notifyRefund(w, 'not xml at all')
  expect(nonsense.status).toBeGreaterThanOrEqual(400)
  expect(nonsense.status).toBeLessThan(500)
  expect(answer.status).toBe(nonsense.status)
  const text = await answer.text()
  expect(text).toContain('<return_code><![CDATA[FAIL]]></return_code>')
  expect(text).toBe(await nonsense.text())
  expect(await everything(w, ordercode)).toEqual(before)
}

describe('a refund notice', () => {
  it('is confirmed by a query, booked, and answered in WeChat’s own words', async () => {
    const w = world()
    const { ordercode, number } = await underWay(w, 'plain')
    w.wechat.platform.settleRefund(number, 'SUCCESS')
    const answer = await notifyRefund(w, w.wechat.notices.ofRefunds.xml(number))
    expect(answer.status).toBe(200)
    expect(await answer.text()).toBe(SUCCESS)
    expect(called(w, '/pay/refundquery')).toBe(1)
    expect(await getRefund(w, ordercode, number)).toMatchObject({
      state: 'succeeded',
      refund_id: w.wechat.books.refund(number)?.refundId,
    })
    await w.settled()
    expect(refundWebhooks(w)).toEqual([`refund.succeeded ${number}`])
  })

  it('comes by itself from WeChat, and needs to come once', async () => {
    const w = world()
    const { ordercode, number } = await underWay(w, 'itself')
    w.wechat.platform.releaseRefunds()
    w.advance(180)
    const [attempt] = await w.deliverNotices()
    expect(attempt).toMatchObject({ outcome: 'delivered', url: 'https://pay.test/notify/refund' })
    expect((await getRefund(w, ordercode, number)).state).toBe('succeeded')
    w.advance(86_400)
    expect(await w.deliverNotices()).toEqual([])
  })

  it('twenty times at once is booked once, and answered SUCCESS twenty times', async () => {
    const w = world()
    const { ordercode, number } = await underWay(w, 'twenty')
    w.wechat.platform.settleRefund(number, 'SUCCESS')
    const notice = w.wechat.notices.ofRefunds.xml(number)
    const answers = await Promise.all(Array.from({ length: 20 }, () => notifyRefund(w, notice)))
    for (const answer of answers) expect(await answer.text()).toBe(SUCCESS)
    await w.settled()
    expect(refundWebhooks(w)).toEqual([`refund.succeeded ${number}`])
    expect(await refundEvents(w, ordercode)).toEqual([
      'refund_requested',
      'refund_accepted',
      'refund_succeeded',
    ])
    await expectBalanced(w, ordercode)
  })

  it('twenty times at once about a closed one is one refund.failed', async () => {
    const w = world()
    const { ordercode, number } = await underWay(w, 'twentyclosed')
    w.wechat.platform.settleRefund(number, 'REFUNDCLOSE')
    const notice = w.wechat.notices.ofRefunds.xml(number)
    await Promise.all(Array.from({ length: 20 }, () => notifyRefund(w, notice)))
    await w.settled()
    expect(refundWebhooks(w)).toEqual([`refund.failed ${number}`])
    expect((await getRefund(w, ordercode, number)).state).toBe('closed')
  })

  it('together with a cron, a query and a PUT is booked once', async () => {
    const w = world()
    const { ordercode, number } = await underWay(w, 'crowd')
    w.wechat.platform.settleRefund(number, 'SUCCESS')
    w.advance(60)
    const notice = w.wechat.notices.ofRefunds.xml(number)
    await Promise.all([
      notifyRefund(w, notice),
      w.cron(),
      w.shop('POST', `/orders/${ordercode}/query`),
      putRefund(w, ordercode, number, 800),
      notifyRefund(w, notice),
    ])
    await w.settled()
    expect((await getRefund(w, ordercode, number)).state).toBe('succeeded')
    expect(refundWebhooks(w)).toEqual([`refund.succeeded ${number}`])
    expect((await refundEvents(w, ordercode)).filter((t) => t === 'refund_succeeded')).toHaveLength(
      1,
    )
  })

  it('of each of ten refunds of one order, all at once: all are booked, whoever was quicker', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'tenatonce')
    w.wechat.platform.holdRefunds()
    for (let n = 0; n < 10; n++) {
      expect(await outcome(putRefund(w, ordercode, `ten-${n}`, 100 + n))).toBe('201 processing')
      w.advance(60)
    }
    w.wechat.platform.releaseRefunds()
    w.advance(180)
    const attempts = await w.deliverNotices()
    expect(new Set(attempts.map(({ outRefundNo }) => outRefundNo)).size).toBe(10)
    // Who lost every race is not told SUCCESS, and comes again.
    for (let minute = 0; minute < 10; minute++) {
      w.advance(60)
      await w.deliverNotices()
    }
    await w.settled()
    const order = await w.read(ordercode)
    expect(order.refunded_fee).toBe(1_045)
    expect(refundWebhooks(w)).toHaveLength(10)
    expect(await kinds(w)).toEqual([])
    await expectBalanced(w, ordercode)
  })

  it('that comes before the answer to the PUT is believed, and the PUT tells the truth', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'before')
    const real = w.wechat.fetchWithCertificate
    vi.spyOn(w.wechat, 'fetchWithCertificate').mockImplementation(async (request) => {
      const answer = await real(request)
      w.wechat.platform.settleRefund('B1', 'SUCCESS')
      const [attempt] = await w.deliverNotices()
      expect(attempt).toMatchObject({ outcome: 'delivered' })
      return answer
    })
    expect(await outcome(putRefund(w, ordercode, 'B1', 800))).toBe('201 succeeded')
    await w.settled()
    expect(refundWebhooks(w)).toEqual(['refund.succeeded B1'])
    expect((await w.read(ordercode)).refunded_fee).toBe(800)
  })

  it('of an old state does not take a newer one back', async () => {
    const w = world()
    const { ordercode, number } = await underWay(w, 'oldstate')
    w.wechat.platform.settleRefund(number, 'CHANGE')
    const old = w.wechat.notices.ofRefunds.xml(number)
    w.wechat.platform.settleRefund(number, 'SUCCESS')
    await notifyRefund(w, w.wechat.notices.ofRefunds.xml(number))
    expect((await getRefund(w, ordercode, number)).state).toBe('succeeded')
    expect((await notifyRefund(w, old)).status).toBe(200)
    expect((await getRefund(w, ordercode, number)).state).toBe('succeeded')
    expect(await kinds(w)).toEqual([])
  })

  it('under the old key is good while the key is being changed', async () => {
    const old = 'leading-zero-md5-000000000000064' // its MD5 begins with two zeros
    const w = world({ vars: { WX_API_KEY_OLD: old } })
    const { ordercode, number } = await underWay(w, 'rotation')
    w.wechat.platform.settleRefund(number, 'SUCCESS')
    const answer = await notifyRefund(w, w.wechat.notices.ofRefunds.xml(number, { key: old }))
    expect(await answer.text()).toBe(SUCCESS)
    expect((await getRefund(w, ordercode, number)).state).toBe('succeeded')
  })

  it('gives a thief of the old key nothing', async () => {
    const old = 'o'.repeat(32)
    const w = world({ vars: { WX_API_KEY_OLD: old } })
    const { ordercode, number } = await underWay(w, 'thief')
    const before = await everything(w, ordercode)
    for (const refund_status of ['SUCCESS', 'REFUNDCLOSE', 'CHANGE']) {
      await notifyRefund(
        w,
        w.wechat.notices.ofRefunds.xml(number, { key: old, info: { refund_status } }),
      )
      expect(await everything(w, ordercode)).toEqual(before)
    }
    await w.settled()
    expect(refundWebhooks(w)).toEqual([])
  })
})

describe('a refund notice is only a hint:', () => {
  it('whatever status it tells, WeChat’s word counts', async () => {
    const w = world()
    const { ordercode, number } = await underWay(w, 'status')
    const before = await everything(w, ordercode)
    for (const refund_status of ['SUCCESS', 'REFUNDCLOSE', 'CHANGE', 'PROCESSING', 'X', '']) {
      await notifyRefund(w, w.wechat.notices.ofRefunds.xml(number, { info: { refund_status } }))
      expect(await everything(w, ordercode)).toEqual(before)
    }
    w.wechat.platform.settleRefund(number, 'REFUNDCLOSE')
    const lie = w.wechat.notices.ofRefunds.xml(number, { info: { refund_status: 'SUCCESS' } })
    await notifyRefund(w, lie)
    expect((await getRefund(w, ordercode, number)).state).toBe('closed')
    expect((await w.read(ordercode)).refunded_fee).toBe(0)
  })

  it('whatever amounts it tells, WeChat’s are booked', async () => {
    const w = world()
    const { ordercode, number } = await underWay(w, 'amounts')
    w.wechat.platform.settleRefund(number, 'SUCCESS')
    const info = { refund_fee: '8800', total_fee: '1', settlement_refund_fee: '8800' }
    await notifyRefund(w, w.wechat.notices.ofRefunds.xml(number, { info }))
    await notifyRefund(w, w.wechat.notices.ofRefunds.xml(number))
    expect(await w.read(ordercode)).toMatchObject({
      refunded_fee: 800,
      refunds: [{ state: 'succeeded', refund_fee: 800 }],
    })
  })

  it('about one that WeChat has not taken on it changes nothing', async () => {
    const w = world()
    const { ordercode, transactionId } = await paidOrder(w, 'nottaken')
    const other = await underWay(w, 'taken')
    w.wechat.faults.inject({ endpoint: 'refund', kind: 'request_lost', times: 2 })
    await refund(w, ordercode, 'N1', 800)
    const info = { out_refund_no: 'N1', out_trade_no: ordercode, transaction_id: transactionId }
    for (const refund_status of ['SUCCESS', 'REFUNDCLOSE']) {
      const forged = w.wechat.notices.ofRefunds.xml(other.number, {
        info: { ...info, refund_status },
      })
      await expectRefused(w, ordercode, forged)
    }
    expect((await getRefund(w, ordercode, 'N1')).state).toBe('requested')
  })
})

describe('a refund notice is refused, and nobody can tell why, when it', () => {
  it('cannot be decrypted', async () => {
    const w = world()
    const { ordercode, number } = await underWay(w, 'decrypt')
    w.wechat.platform.settleRefund(number, 'SUCCESS')
    const good = /<req_info>(?:<!\[CDATA\[)?([^<\]]+)/.exec(w.wechat.notices.ofRefunds.xml(number))
    const reqInfo = good?.[1] ?? ''
    expect(reqInfo.length).toBeGreaterThan(100)
    const bad = [
      w.wechat.notices.ofRefunds.xml(number, { key: 'k'.repeat(32) }),
      ...['', '=', 'AAAA', '退款', 'T87GAHG17', reqInfo.slice(4), reqInfo.slice(0, -4)].map(
        (each) => w.wechat.notices.ofRefunds.xml(number, { reqInfo: each }),
      ),
      w.wechat.notices.ofRefunds.xml(number, { changes: { req_info: undefined } }),
    ]
    for (const body of bad) await expectRefused(w, ordercode, body)
    expect((await notifyRefund(w, w.wechat.notices.ofRefunds.xml(number))).status).toBe(200)
  })

  it('is for another appid or merchant, or says FAIL', async () => {
    const w = world()
    const { ordercode, number } = await underWay(w, 'merchants')
    w.wechat.platform.settleRefund(number, 'SUCCESS')
    const changes: Record<string, string | undefined>[] = [
      { appid: 'wx0000000000000000' },
      { appid: undefined },
      { mch_id: '10000101' },
      { mch_id: undefined },
      { return_code: 'FAIL' },
      { return_code: undefined },
    ]
    for (const each of changes) {
      await expectRefused(w, ordercode, w.wechat.notices.ofRefunds.xml(number, { changes: each }))
    }
    expect((await getRefund(w, ordercode, number)).state).toBe('processing')
  })

  it('is about a refund, an order or a payment that nobody knows', async () => {
    const w = world()
    const { ordercode, number } = await underWay(w, 'nobody')
    const other = await underWay(w, 'somebody')
    const infos: Record<string, string | undefined>[] = [
      { out_refund_no: 'nobody-knows-this' },
      { out_refund_no: other.number },
      { out_refund_no: undefined },
      { out_refund_no: '' },
      { out_refund_no: "x' OR 1=1 --" },
      { out_trade_no: 'nobody-knows-this' },
      { out_trade_no: undefined },
      { out_trade_no: other.ordercode },
      { transaction_id: '4200000540202611239999999999' },
      { transaction_id: undefined },
      { transaction_id: '' },
    ]
    for (const info of infos) {
      await expectRefused(w, ordercode, w.wechat.notices.ofRefunds.xml(number, { info }))
      expect((await getRefund(w, other.ordercode, other.number)).state).toBe('processing')
    }
  })

  it('is made of hostile XML, outside or inside', async () => {
    const w = world()
    const { ordercode, number } = await underWay(w, 'hostile')
    w.wechat.platform.settleRefund(number, 'SUCCESS')
    const good = w.wechat.notices.ofRefunds.xml(number)
    const inner = good.replace(/^<xml>/, '').replace(/<\/xml>\s*$/, '')
    const root =
      `<out_refund_no>${number}</out_refund_no><out_trade_no>${ordercode}</out_trade_no>` +
      `<transaction_id>${w.wechat.books.refund(number)?.transactionId}</transaction_id>` +
      '<refund_status>SUCCESS</refund_status>'
    const plaintexts = [
      '',
      'SUCCESS',
      `<!DOCTYPE root [<!ENTITY x SYSTEM "file:///etc/passwd">]><root>${root}</root>`,
      `<xml>${root}</xml>`,
      `<root>${root}<a><b>1</b></a></root>`,
      `<root>${root}${root}</root>`,
      `<root>${root}`,
      `<root>${root}</root><root>${root}</root>`,
      `<root>${root}<__proto__>1</__proto__></root>`,
    ]
    const hostile: BodyInit[] = [
      '',
      `<!DOCTYPE xml [<!ENTITY x SYSTEM "file:///etc/passwd">]>${good}`,
      `<xml>${inner}<deep><deeper>1</deeper></deep></xml>`,
      `<xml>${inner}<req_info>1</req_info></xml>`,
      `<root>${inner}</root>`,
      good + good,
      `<xml>${inner}<big>${'x'.repeat(65 * 1024)}</big></xml>`,
      ...plaintexts.map((plaintext) => w.wechat.notices.ofRefunds.xml(number, { plaintext })),
    ]
    for (const body of hostile) await expectRefused(w, ordercode, body)
    expect((await notifyRefund(w, good)).status).toBe(200)
  })
})

describe('when we cannot take a refund notice', () => {
  it('because D1 is down, WeChat is asked to come again, and does', async () => {
    const watched = watchDatabase(env.DB)
    const w = world({ wrapDb: () => watched.db })
    const { ordercode, number } = await underWay(w, 'd1down')
    w.wechat.platform.settleRefund(number, 'SUCCESS')
    watched.fail('before_commit', { times: 3 })
    const [first] = await w.deliverNotices()
    expect(first).toMatchObject({ outcome: 'refused' })
    expect(first?.status).toBeGreaterThanOrEqual(500)
    w.advance(15)
    const [second] = await w.deliverNotices()
    expect(second).toMatchObject({ outcome: 'delivered' })
    await w.settled()
    expect((await getRefund(w, ordercode, number)).state).toBe('succeeded')
    expect(refundWebhooks(w)).toEqual([`refund.succeeded ${number}`])
  })

  it('because D1 fails under the booking, before or after the commit, or stalls', async () => {
    const watched = watchDatabase(env.DB)
    const w = world({ wrapDb: () => watched.db })
    const faults = [
      ['before_commit', 3],
      ['after_commit', 1],
      ['stall_before_commit', 1],
      ['stall_after_commit', 1],
    ] as const
    for (const [fault, times] of faults) {
      const { ordercode, number } = await underWay(
        w,
        `under-${fault.replaceAll('_', '-')}`.slice(0, 18),
      )
      w.wechat.platform.settleRefund(number, 'SUCCESS')
      watched.fail(fault, { matching: /UPDATE refunds/, times })
      const notice = w.wechat.notices.ofRefunds.xml(number)
      const first = await notifyRefund(w, notice)
      expect(`${fault} ${first.status >= 500}`).toBe(`${fault} true`)
      expect(await first.text()).toContain('FAIL')
      expect((await notifyRefund(w, notice)).status).toBe(200)
      await w.cron()
      expect((await getRefund(w, ordercode, number)).state).toBe('succeeded')
      const events = await refundEvents(w, ordercode)
      expect(events.filter((type) => type === 'refund_succeeded')).toHaveLength(1)
    }
    await pass(w, 2)
    expect(new Set(refundWebhooks(w)).size).toBe(4)
    expect(refundWebhooks(w)).toHaveLength(4)
  })

  it('because WeChat’s own query does not answer, it is asked to come again', async () => {
    const w = world()
    const { ordercode, number } = await underWay(w, 'queryless')
    w.wechat.platform.settleRefund(number, 'SUCCESS')
    w.wechat.faults.inject({ endpoint: 'refundquery', kind: 'http_500', times: 2 })
    const notice = w.wechat.notices.ofRefunds.xml(number)
    const first = await notifyRefund(w, notice)
    expect(await first.text()).toContain('FAIL')
    expect((await getRefund(w, ordercode, number)).state).toBe('processing')
    w.wechat.faults.clear()
    expect((await notifyRefund(w, notice)).status).toBe(200)
    expect((await getRefund(w, ordercode, number)).state).toBe('succeeded')
  })

  it('because it is not posted, or has no body, or too much of one', async () => {
    const w = world()
    expect((await w.fetch('/notify/refund')).status).toBe(405)
    expect((await notifyRefund(w, '')).status).toBe((await notifyRefund(w, 'x')).status)
    expect((await notifyRefund(w, 'x'.repeat(70_000))).status).toBe(
      (await notifyRefund(w, 'x')).status,
    )
  })
})
