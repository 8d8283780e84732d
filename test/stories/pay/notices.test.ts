import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { watchDatabase } from '../../../testing/d1/watched-database.ts'
import { world, type World } from '../../../testing/world.ts'

const SUCCESS =
  '<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>'

/** An order that was just paid at WeChat, before any notice was sent. */
async function paidAtWechat(w: World, name: string, terms: Record<string, unknown> = {}) {
  const ordercode = await w.order(name, terms)
  const openid = w.wechat.payer.newOpenid()
  const answer = await w.pay(ordercode, openid)
  expect(answer.status).toBe(200)
  const paid = w.wechat.payer.pay(ordercode)
  expect(paid.ok).toBe(true)
  return { ordercode, openid, transactionId: paid.ok ? paid.transactionId : '' }
}

/** Sends a notice that must be refused, and expects that nothing changed. */
async function expectRefused(w: World, ordercode: string, body: BodyInit): Promise<void> {
  const state = async () => {
    // A refused payment may open a review. The order itself must not change.
    const { reviews: _, ...order } = await w.read(ordercode)
    return { order, history: await w.history(ordercode) }
  }
  const before = await state()
  const answer = await w.notify(body)
  expect(answer.status).toBe(400)
  const text = await answer.text()
  expect(text).toContain('<return_code><![CDATA[FAIL]]></return_code>')
  expect(text).toBe(await (await w.notify('not xml at all')).text())
  expect(await state()).toEqual(before)
}

describe('a notice', () => {
  it('records the payment and is answered with SUCCESS', async () => {
    const w = world()
    const { ordercode, transactionId } = await paidAtWechat(w, 'plain')

    const answer = await w.notify(w.wechat.notices.ofPayments.xml(ordercode))

    expect(answer.status).toBe(200)
    expect(await answer.text()).toBe(SUCCESS)
    expect(await w.read(ordercode)).toMatchObject({ state: 'paid', transaction_id: transactionId })
  })

  it('records one payment and is answered with SUCCESS each time when it comes twenty times concurrently', async () => {
    const w = world()
    const { ordercode } = await paidAtWechat(w, 'twenty')
    const notice = w.wechat.notices.ofPayments.xml(ordercode)

    const answers = await Promise.all(Array.from({ length: 20 }, () => w.notify(notice)))

    for (const answer of answers) expect(await answer.text()).toBe(SUCCESS)
    expect((await w.read(ordercode)).payments).toHaveLength(1)
    expect(await w.history(ordercode)).toEqual([
      'order_registered',
      'attempt_opened',
      'payment_booked',
    ])
  })

  it('takes one round trip to D1, and writes no row when it is repeated', async () => {
    const watched = watchDatabase(env.DB)
    const w = world({ wrapDb: () => watched.db, vars: { WEBHOOK_URL: '' } })
    const { ordercode } = await paidAtWechat(w, 'counted')
    const notice = w.wechat.notices.ofPayments.xml(ordercode)

    watched.reset()
    await w.notify(notice)
    expect(watched.roundTrips()).toBe(1)
    expect(watched.rowsWritten()).toBeGreaterThan(0)

    watched.reset()
    await w.notify(notice)
    expect(watched.roundTrips()).toBe(1)
    expect(watched.rowsWritten()).toBe(0)
  })

  it('is compared by total_fee when coupons paid a part', async () => {
    const w = world()
    const ordercode = await w.order('coupons')
    const openid = w.wechat.payer.newOpenid()
    await w.pay(ordercode, openid)
    w.wechat.payer.pay(ordercode, { coupons: [{ type: 'CASH', fee: 800 }] })
    await w.deliverNotices()

    expect(await w.read(ordercode)).toMatchObject({
      state: 'paid',
      payments: [{ total_fee: 8_800, cash_fee: 8_000 }],
    })
  })

  it('is accepted without a sign_type element for an HMAC-SHA256 order', async () => {
    const w = world({ vars: { WX_SIGN_TYPE: 'HMAC-SHA256' } })
    const { ordercode } = await paidAtWechat(w, 'hmac')
    const notice = w.wechat.notices.ofPayments.xml(ordercode, { withSignTypeElement: false })
    expect(notice).not.toContain('sign_type')

    await w.notify(notice)

    expect(await w.read(ordercode)).toMatchObject({ state: 'paid' })
  })

  it('is refused when it is signed with the other type, and a query records the payment', async () => {
    const w = world()
    const { ordercode } = await paidAtWechat(w, 'othertype')
    await expectRefused(
      w,
      ordercode,
      w.wechat.notices.ofPayments.xml(ordercode, { signType: 'HMAC-SHA256' }),
    )

    await w.shop('POST', `/orders/${ordercode}/query`)
    expect(await w.read(ordercode)).toMatchObject({ state: 'paid' })
  })

  it('is recorded when it arrives before the reply to unifiedorder was stored', async () => {
    const watched = watchDatabase(env.DB)
    const w = world({ wrapDb: () => watched.db })
    const ordercode = await w.order('early')
    const openid = w.wechat.payer.newOpenid()
    // WeChat has the order, and the payer pays, while we are about to store its reply.
    watched.before(/SET answered_at/, async () => {
      w.wechat.payer.pay(ordercode)
      await w.deliverNotices()
    })
    const answer = await w.pay(ordercode, openid)

    expect(answer.status).toBe(409)
    expect(await answer.json()).toMatchObject({ code: 'order_paid' })
    expect(await w.read(ordercode)).toMatchObject({ state: 'paid' })
    expect(w.wechat.books.capturedFen()).toBe(8_800)
  })
})

describe('a forged or wrong notice changes nothing', () => {
  it('without a signature', async () => {
    const w = world()
    const { ordercode } = await paidAtWechat(w, 'nosign')
    await expectRefused(
      w,
      ordercode,
      w.wechat.notices.ofPayments.xml(ordercode, { stripSign: true }),
    )
    expect(w.log).toContainEqual({ event: 'notice_refused', reason: 'bad_signature' })
  })

  it('with a wrong key', async () => {
    const w = world()
    const { ordercode } = await paidAtWechat(w, 'wrongkey')
    const key = 'x'.repeat(32)
    await expectRefused(w, ordercode, w.wechat.notices.ofPayments.xml(ordercode, { key }))
  })

  it('with the right signature in lower case, or cut short', async () => {
    const w = world()
    const { ordercode } = await paidAtWechat(w, 'lower')
    const notice = w.wechat.notices.ofPayments.xml(ordercode)
    const sign = /<sign><!\[CDATA\[([0-9A-F]{32})\]\]><\/sign>/.exec(notice)?.[1] ?? ''
    expect(sign).toHaveLength(32)
    await expectRefused(w, ordercode, notice.replace(sign, sign.toLowerCase()))
    await expectRefused(w, ordercode, notice.replace(sign, sign.slice(0, 31)))
  })

  it('for another appid or merchant, even when it is signed with our key', async () => {
    const w = world()
    const { ordercode } = await paidAtWechat(w, 'others')
    const appid = w.wechat.notices.ofPayments.xml(ordercode, {
      changes: { appid: 'wx0000000000000000' },
    })
    await expectRefused(w, ordercode, appid)
    const merchant = w.wechat.notices.ofPayments.xml(ordercode, { changes: { mch_id: '10000101' } })
    await expectRefused(w, ordercode, merchant)
  })

  it('with another amount, even by one fen', async () => {
    const w = world()
    const { ordercode } = await paidAtWechat(w, 'amount')
    for (const total_fee of ['8799', '8801', '1', '0']) {
      await expectRefused(
        w,
        ordercode,
        w.wechat.notices.ofPayments.xml(ordercode, { changes: { total_fee } }),
      )
    }
    expect(w.log).toContainEqual(
      expect.objectContaining({ event: 'payment_rejected', reason: 'amount_mismatch' }),
    )
  })

  it('in another currency', async () => {
    const w = world()
    const { ordercode } = await paidAtWechat(w, 'usd')
    const notice = w.wechat.notices.ofPayments.xml(ordercode, { changes: { fee_type: 'USD' } })
    await expectRefused(w, ordercode, notice)
  })

  it('from another payer, with another trade type, or from before the attempt', async () => {
    const w = world()
    const { ordercode } = await paidAtWechat(w, 'foreign')
    const changes = [
      { openid: w.wechat.payer.newOpenid() },
      { trade_type: 'NATIVE' },
      { time_end: '20200101000000' },
    ]
    for (const change of changes) {
      await expectRefused(
        w,
        ordercode,
        w.wechat.notices.ofPayments.xml(ordercode, { changes: change }),
      )
    }
  })

  it('about an order that was never registered', async () => {
    const w = world()
    const { ordercode } = await paidAtWechat(w, 'known')
    for (const out_trade_no of ['never-registered', `${ordercode}*2`, `${ordercode}*x`, '*2']) {
      await expectRefused(
        w,
        ordercode,
        w.wechat.notices.ofPayments.xml(ordercode, { changes: { out_trade_no } }),
      )
    }
  })

  it('replayed for another order with its number replaced', async () => {
    const w = world()
    const one = await paidAtWechat(w, 'replay-a')
    const two = await paidAtWechat(w, 'replay-b')
    const notice = w.wechat.notices.ofPayments.xml(one.ordercode)
    await expectRefused(w, two.ordercode, notice.replaceAll(one.ordercode, two.ordercode))
  })

  it('with FAIL, or without a transaction_id', async () => {
    const w = world()
    const { ordercode } = await paidAtWechat(w, 'fails')
    const fail = w.wechat.notices.ofPayments.xml(ordercode, { changes: { result_code: 'FAIL' } })
    await expectRefused(w, ordercode, fail)
    const none = w.wechat.notices.ofPayments.xml(ordercode, { changes: { transaction_id: '' } })
    await expectRefused(w, ordercode, none)
  })

  it('made of hostile XML', async () => {
    const w = world()
    const { ordercode } = await paidAtWechat(w, 'hostile')
    const good = w.wechat.notices.ofPayments.xml(ordercode)
    const inner = good.replace(/^<xml>/, '').replace(/<\/xml>\s*$/, '')
    const bytes = new TextEncoder().encode(good)
    const hostile: BodyInit[] = [
      '',
      `<!DOCTYPE xml [<!ENTITY x SYSTEM "file:///etc/passwd">]>${good}`,
      `<!DOCTYPE xml [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><xml>${inner}<z>&b;</z></xml>`,
      `<xml>${inner}<deep><deeper>1</deeper></deep></xml>`,
      `<xml>${inner}<attach>1</attach><attach>1</attach></xml>`,
      `<xml>${inner}<__proto__>1</__proto__></xml>`,
      `<root>${inner}</root>`,
      good.slice(0, -9),
      `<xml>${inner}<big>${'x'.repeat(65 * 1024)}</big></xml>`,
      `<xml>${inner}<nul>\0</nul></xml>`,
      `<xml>${inner}<nul>&#0;</nul></xml>`,
      `<xml>${inner}<half>&#xD800;</half></xml>`,
      new Uint8Array([...bytes.slice(0, -6), 0xed, 0xa0, 0x80, ...bytes.slice(-6)]),
      new Uint8Array([0xef, 0xbb, 0xbf, ...bytes]),
      `<xml><!-- ${inner} --></xml>`,
      good + good,
    ]
    for (const body of hostile) await expectRefused(w, ordercode, body)
    expect((await w.notify(good)).status).toBe(200)
  })
})

describe('a notice while D1 fails', () => {
  it('is retried when D1 fails before the commit, and recorded once', async () => {
    const watched = watchDatabase(env.DB)
    const w = world({ wrapDb: () => watched.db })
    const { ordercode } = await paidAtWechat(w, 'd1-before')
    watched.fail('before_commit', { matching: /INSERT INTO payments/ })

    expect((await w.notify(w.wechat.notices.ofPayments.xml(ordercode))).status).toBe(200)
    expect((await w.read(ordercode)).payments).toHaveLength(1)
  })

  it('is answered with 503 when the retries fail too, and recorded when WeChat repeats it', async () => {
    const watched = watchDatabase(env.DB)
    const w = world({ wrapDb: () => watched.db })
    const { ordercode } = await paidAtWechat(w, 'd1-long')
    watched.fail('before_commit', { matching: /INSERT INTO payments/, times: 3 })

    const [first] = await w.deliverNotices()
    expect(first).toMatchObject({ outcome: 'refused', status: 503 })
    expect((await w.read(ordercode)).state).toBe('paying')

    w.advance(15)
    await w.deliverNotices()
    expect((await w.read(ordercode)).state).toBe('paid')
  })

  it('is answered with 503 when D1 fails after the commit, and with SUCCESS when WeChat repeats it', async () => {
    const watched = watchDatabase(env.DB)
    const w = world({ wrapDb: () => watched.db })
    const { ordercode } = await paidAtWechat(w, 'd1-after')
    watched.fail('after_commit', { matching: /INSERT INTO payments/ })

    const notice = w.wechat.notices.ofPayments.xml(ordercode)
    const first = await w.notify(notice)
    expect(first.status).toBe(503)
    expect(await first.text()).toContain('FAIL')
    expect((await w.notify(notice)).status).toBe(200)
    expect(await w.history(ordercode)).toEqual([
      'order_registered',
      'attempt_opened',
      'payment_booked',
    ])
  })

  it('is answered with FAIL within the deadline when D1 does not answer', async () => {
    const watched = watchDatabase(env.DB)
    const w = world({ wrapDb: () => watched.db })
    const { ordercode } = await paidAtWechat(w, 'd1-stall')
    watched.fail('stall_before_commit', { matching: /INSERT INTO payments/ })

    const notice = w.wechat.notices.ofPayments.xml(ordercode)
    expect((await w.notify(notice)).status).toBe(503)
    expect((await w.notify(notice)).status).toBe(200)
    expect((await w.read(ordercode)).payments).toHaveLength(1)
  })
})
