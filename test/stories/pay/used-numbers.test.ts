/** Numbers under which WeChat has an order that is not ours: of another system of the merchant, or from before a restore. */
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { watchDatabase } from '../../../testing/d1/watched-database.ts'
import { signedXml } from '../../../testing/simulator/simulated-shop.ts'
import { MERCHANT, world, type World } from '../../../testing/world.ts'

const USED = {
  endpoint: 'unifiedorder',
  kind: 'err_code',
  errCode: 'INVALID_REQUEST',
  errCodeDes: '201 商户订单号重复',
} as const

/** Another system places an order of 88.00 yuan at WeChat, under the same number as the shop's order here. */
async function placedElsewhere(w: World, name: string) {
  const ordercode = await w.order(name)
  const openid = w.wechat.payer.newOpenid()
  const body = signedXml(
    {
      appid: MERCHANT.appid,
      mch_id: MERCHANT.mchId,
      nonce_str: '0123456789abcdef',
      body: '另一个系统',
      out_trade_no: ordercode,
      total_fee: '8800',
      spbill_create_ip: '203.0.113.9',
      notify_url: 'https://other.test/notify',
      trade_type: 'JSAPI',
      openid,
    },
    MERCHANT.apiKey,
  )
  const url = 'https://api.mch.weixin.qq.com/pay/unifiedorder'
  await w.wechat.fetch(new Request(url, { method: 'POST', body }))
  expect(stateOf(w, ordercode)).toBe('NOTPAY')
  return { ordercode, openid }
}

const stateOf = (w: World, outTradeNo: string) => w.wechat.books.order(outTradeNo)?.tradeState
const closes = (w: World) => w.calls.filter((call) => call.endsWith('/pay/closeorder')).length

/** The ends of the order's attempts: number and reason. */
async function ends(w: World, ordercode: string): Promise<string[]> {
  const answer = await w.shop('GET', `/orders/${ordercode}/events`)
  type Event = { type: string; out_trade_no?: string; reason: string; attempt_reason?: string }
  const { events } = await answer.json<{ events: Event[] }>()
  return events.flatMap(({ type, out_trade_no = '', reason, attempt_reason }) => {
    if (type === 'attempt_closed') return [`${out_trade_no} ${reason}`]
    // The event of an order that closes with its attempt has both reasons.
    return attempt_reason === undefined ? [] : [`${out_trade_no} ${attempt_reason}`]
  })
}

describe('an order of another system with the same number', () => {
  it('stays as it is at WeChat, and the payer pays under the next number', async () => {
    const w = world()
    const { ordercode } = await placedElsewhere(w, 'elsewhere')

    expect((await w.pay(ordercode, w.wechat.payer.newOpenid())).status).toBe(200)

    expect(closes(w)).toBe(0)
    expect(stateOf(w, ordercode)).toBe('NOTPAY')
    expect(stateOf(w, `${ordercode}*2`)).toBe('NOTPAY')
    expect(await ends(w, ordercode)).toEqual([`${ordercode} number_used`])
    expect((await w.read(ordercode)).attempts.map(({ state }) => state)).toEqual(['closed', 'open'])
  })

  it('is asked about after 10 minutes and after 24 hours, and not closed then either', async () => {
    const w = world()
    const { ordercode } = await placedElsewhere(w, 'followed')
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    w.wechat.payer.pay(`${ordercode}*2`)
    await w.deliverNotices()
    const queriedAfter: number[] = []
    for (const minutes of [9, 1, 23 * 60, 49, 1, 24 * 60]) {
      w.advance(minutes * 60)
      w.calls.length = 0
      await w.cron()
      const queried = w.calls.filter((call) => call.endsWith('/pay/orderquery')).length
      queriedAfter.push(queried)
    }

    expect(queriedAfter).toEqual([0, 1, 0, 0, 1, 0])
    expect(closes(w)).toBe(0)
    expect(stateOf(w, ordercode)).toBe('NOTPAY')
  })

  it('may be closed, or be paid at this moment: the payer gets the next number all the same', async () => {
    const w = world()
    for (const state of ['CLOSED', 'USERPAYING'] as const) {
      const { ordercode } = await placedElsewhere(w, state.toLowerCase())
      w.wechat.platform.setTradeState(ordercode, state)

      expect((await w.pay(ordercode, w.wechat.payer.newOpenid())).status).toBe(200)
      expect(stateOf(w, ordercode)).toBe(state)
    }
    expect(closes(w)).toBe(0)
  })

  it('stays open when the payer taps several times at once', async () => {
    const w = world()
    const { ordercode } = await placedElsewhere(w, 'taps')
    const openid = w.wechat.payer.newOpenid()

    const answers = await Promise.all([1, 2, 3].map(() => w.pay(ordercode, openid)))

    for (const { status } of answers) expect([200, 409]).toContain(status)
    expect((await w.pay(ordercode, openid)).status).toBe(200)
    expect(stateOf(w, ordercode)).toBe('NOTPAY')
    expect((await ends(w, ordercode))[0]).toBe(`${ordercode} number_used`)
  })

  it('stays open when WeChat had refused our order for another reason, and the cron closes ours', async () => {
    const w = world()
    const { ordercode } = await placedElsewhere(w, 'refused')
    const refusal = { kind: 'err_code', errCode: 'PARAM_ERROR', errCodeDes: '参数错误' } as const
    w.wechat.faults.inject({ endpoint: 'unifiedorder', ...refusal })
    expect((await w.pay(ordercode, w.wechat.payer.newOpenid())).status).toBe(502)

    w.advance(7_200)
    await w.cron()

    expect((await w.read(ordercode)).state).toBe('closed')
    expect(await ends(w, ordercode)).toEqual([`${ordercode} number_used`])
    expect(stateOf(w, ordercode)).toBe('NOTPAY')
  })

  it('stays open after a first answer that our configuration is wrong', async () => {
    const w = world()
    const { ordercode } = await placedElsewhere(w, 'noauth')
    const openid = w.wechat.payer.newOpenid()
    w.wechat.faults.inject({ endpoint: 'unifiedorder', kind: 'not_auth' })
    expect((await w.pay(ordercode, openid)).status).toBe(500)

    expect((await w.pay(ordercode, openid)).status).toBe(200)
    expect(await ends(w, ordercode)).toEqual([`${ordercode} number_used`])
    expect(stateOf(w, ordercode)).toBe('NOTPAY')
  })

  it('that is ours from before a restore of the database is recorded when it is paid', async () => {
    const w = world()
    const { ordercode, openid } = await placedElsewhere(w, 'restored')
    expect((await w.pay(ordercode, openid)).status).toBe(200)
    w.wechat.payer.pay(ordercode)

    w.advance(600)
    await w.cron()

    expect(await w.read(ordercode)).toMatchObject({
      state: 'paid',
      payments: [{ transaction_id: w.wechat.books.order(ordercode)?.capture?.transactionId }],
    })
  })
})

describe('a used number of which a call had gone unanswered', () => {
  it('is closed at WeChat before the next one opens, because the order may be ours', async () => {
    const w = world()
    const ordercode = await w.order('unanswered')
    const openid = w.wechat.payer.newOpenid()
    w.wechat.faults.inject({ endpoint: 'unifiedorder', kind: 'reply_lost', times: 2 })
    expect((await w.pay(ordercode, openid)).status).toBe(503)
    w.wechat.faults.inject(USED)

    expect((await w.pay(ordercode, openid)).status).toBe(200)

    expect(stateOf(w, ordercode)).toBe('CLOSED')
    expect(stateOf(w, `${ordercode}*2`)).toBe('NOTPAY')
    expect(await ends(w, ordercode)).toEqual([`${ordercode} closed_at_wechat`])
  })

  it('is closed as well when the Worker crashed before it stored the answer', async () => {
    const watched = watchDatabase(env.DB)
    const w = world({ wrapDb: () => watched.db })
    const ordercode = await w.order('crashed')
    const openid = w.wechat.payer.newOpenid()
    watched.fail('before_commit', { matching: /SET answered_at/, times: 3 })
    expect((await w.pay(ordercode, openid)).status).toBe(503)
    w.wechat.faults.inject(USED)

    expect((await w.pay(ordercode, openid)).status).toBe(200)

    expect(stateOf(w, ordercode)).toBe('CLOSED')
    expect(stateOf(w, `${ordercode}*2`)).toBe('NOTPAY')
  })

  it('is closed as well when WeChat had issued a prepay_id for it', async () => {
    const w = world()
    const ordercode = await w.order('prepared', { expires_in: 40_000 })
    const openid = w.wechat.payer.newOpenid()
    await w.pay(ordercode, openid)
    w.advance(2 * 3_600)
    w.wechat.faults.inject(USED)

    expect((await w.pay(ordercode, openid)).status).toBe(200)

    expect(stateOf(w, ordercode)).toBe('CLOSED')
    expect(stateOf(w, `${ordercode}*2`)).toBe('NOTPAY')
  })

  it('is closed as well when only the repetition at the other origin was answered, with a refusal', async () => {
    const w = world()
    const ordercode = await w.order('repeated')
    w.wechat.faults.inject({ endpoint: 'unifiedorder', kind: 'reply_lost' })
    w.wechat.faults.inject({ endpoint: 'unifiedorder', kind: 'return_fail', returnMsg: '签名错误' })
    expect((await w.pay(ordercode, w.wechat.payer.newOpenid())).status).toBe(500)
    expect(stateOf(w, ordercode)).toBe('NOTPAY')
    w.advance(61)

    expect((await w.pay(ordercode, w.wechat.payer.newOpenid())).status).toBe(200)

    expect(stateOf(w, ordercode)).toBe('CLOSED')
    expect(stateOf(w, `${ordercode}*2`)).toBe('NOTPAY')
  })
})
