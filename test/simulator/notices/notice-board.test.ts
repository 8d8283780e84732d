import { describe, expect, it } from 'vitest'
import { sign } from '../../../simulator/lib/sign.ts'
import { DEMO_MERCHANT } from '../../../simulator/server/demo-merchant.ts'
import { paidShop } from '../../../testing/simulator/prepared-shops.ts'
import {
  OUT_TRADE_NO,
  read,
  SECOND_MS,
  shop,
  SUCCESS_REPLY,
  T0,
} from '../../../testing/simulator/simulated-shop.ts'

const accept = async () => new Response(SUCCESS_REPLY)
const refuse = async () => new Response('', { status: 500 })

describe('the schedule of notices', () => {
  it('tries sixteen times at the documented times, and then gives up', async () => {
    const { wechat, clock, notice } = await paidShop()
    const offsets: number[] = []

    for (;;) {
      const due = wechat.notices.nextDueAt()
      if (due === undefined) break
      clock.advance(due - clock.now())
      const attempts = await wechat.notices.deliverDue(refuse)
      offsets.push(...attempts.map(({ at }) => (at - T0) / SECOND_MS))
    }

    expect(offsets).toEqual([
      0, 15, 30, 60, 240, 840, 2_040, 3_840, 5_640, 7_440, 11_040, 21_840, 32_640, 43_440, 65_040,
      86_640,
    ])
    expect(notice.state).toBe('given_up')
    expect(notice.attempts.at(-1)).toMatchObject({ attempt: 16, outcome: 'refused', status: 500 })
  })

  it('posts no notice before its time, and none after the shop accepted it', async () => {
    const { wechat, clock, notice } = await paidShop()

    expect(await wechat.notices.deliverDue(refuse)).toHaveLength(1)
    expect(await wechat.notices.deliverDue(accept)).toEqual([])
    clock.advance(14_999)
    expect(await wechat.notices.deliverDue(accept)).toEqual([])
    clock.advance(1)
    expect(await wechat.notices.deliverDue(accept)).toMatchObject([{ outcome: 'delivered' }])
    clock.advance(86_640_000)
    expect(await wechat.notices.deliverDue(accept)).toEqual([])
    expect(notice.state).toBe('delivered')
    expect(wechat.notices.nextDueAt()).toBeUndefined()
  })

  it('catches up after a jump of the clock, until the shop accepts', async () => {
    const { wechat, clock } = await paidShop()
    clock.advance(60_000)
    let calls = 0

    const attempts = await wechat.notices.deliverDue(async () => {
      calls += 1
      return calls < 3 ? refuse() : accept()
    })

    expect(attempts.map(({ outcome }) => outcome)).toEqual(['refused', 'refused', 'delivered'])
  })

  it('makes a delivery attempt once, even when two polls overlap', async () => {
    const { wechat } = await paidShop()

    const made = await Promise.all([
      wechat.notices.deliverDue(accept),
      wechat.notices.deliverDue(accept),
    ])

    expect(made.flat()).toHaveLength(1)
  })

  it('writes the XML anew for every delivery attempt: another nonce, the same payment', async () => {
    const { wechat, clock, notice } = await paidShop()
    await wechat.notices.deliverDue(refuse)
    clock.advance(15_000)
    await wechat.notices.deliverDue(refuse)

    const [first, second] = notice.attempts.map(({ body }) => read(body))
    expect(first?.['nonce_str']).not.toBe(second?.['nonce_str'])
    expect(first?.['transaction_id']).toBe(second?.['transaction_id'])
  })

  it('can lose every notice of one order', async () => {
    const { wechat, clock, notice } = await paidShop()
    wechat.notices.ofPayments.loseNext(OUT_TRADE_NO)

    clock.advance(86_640_000)
    const attempts = await wechat.notices.deliverDue(() => Promise.reject(new Error('was posted')))

    expect(attempts).toHaveLength(16)
    expect(new Set(attempts.map(({ outcome }) => outcome))).toEqual(new Set(['lost']))
    expect(notice.state).toBe('given_up')
  })

  it('can lose the notice of the next payment, and of no other', async () => {
    const { wechat, unifiedOrder } = shop()
    wechat.notices.ofPayments.loseNext()
    for (const outTradeNo of ['order-1', 'order-2']) {
      await unifiedOrder({ out_trade_no: outTradeNo })
      wechat.payer.pay(outTradeNo)
    }

    const attempts = await wechat.notices.deliverDue(accept)

    expect(attempts.map(({ outcome }) => outcome)).toEqual(['lost', 'delivered'])
  })

  it('can post a notice several times in parallel', async () => {
    const { wechat } = await paidShop()
    wechat.notices.ofPayments.duplicateNext(3)
    let inParallel = 0
    let release = () => {}
    const everybodyIsHere = new Promise<void>((resolve) => (release = resolve))

    const attempts = await wechat.notices.deliverDue(async () => {
      inParallel += 1
      if (inParallel === 3) release()
      await everybodyIsHere
      return accept()
    })

    expect(attempts.map(({ attempt, outcome }) => [attempt, outcome])).toEqual([
      [1, 'delivered'],
      [1, 'delivered'],
      [1, 'delivered'],
    ])
  })
})

describe("the shop's reply to a notice", () => {
  it.each([
    ['the documented reply', SUCCESS_REPLY],
    ['the documented reply on several lines', SUCCESS_REPLY.replaceAll('><', '>\n  <')],
    ['a prolog', `<?xml version="1.0" encoding="UTF-8"?>\r\n${SUCCESS_REPLY}\r\n`],
    ['no CDATA', SUCCESS_REPLY.replaceAll(/<!\[CDATA\[|\]\]>/g, '')],
    ['no return_msg', '<xml><return_code>SUCCESS</return_code></xml>'],
    ['an empty return_msg', '<xml>\t<return_code>SUCCESS</return_code><return_msg/></xml>'],
    ['another return_msg', SUCCESS_REPLY.replace('OK', '成功')],
    ['the elements in another order', '<xml><return_msg/><return_code>SUCCESS</return_code></xml>'],
  ])('ends the retries: %s', async (_, body) => {
    const { wechat } = await paidShop()

    expect(await wechat.notices.deliverDue(async () => new Response(body))).toMatchObject([
      { outcome: 'delivered' },
    ])
  })

  it.each<[string, string, number]>([
    ['an empty body', '', 200],
    ['ok', 'ok', 200],
    ['success', 'success', 200],
    ['SUCCESS', 'SUCCESS', 200],
    ['支付成功', '支付成功', 200],
    ['JSON', '{"return_code":"SUCCESS","return_msg":"OK"}', 200],
    ['an HTML page', '<html><body>OK</body></html>', 200],
    ['literal line feeds', SUCCESS_REPLY.replaceAll('><', '>\\n<'), 200],
    ['FAIL', SUCCESS_REPLY.replace('SUCCESS', 'FAIL'), 200],
    ['no return_code', '<xml><return_msg>OK</return_msg></xml>', 200],
    ['a return_code in lower case', '<xml><return_code>success</return_code></xml>', 200],
    [
      'SUCCESS and FAIL',
      SUCCESS_REPLY.replace('</xml>', '<return_code>FAIL</return_code></xml>'),
      200,
    ],
    ['another root', SUCCESS_REPLY.replaceAll('xml>', 'root>'), 200],
    ['half a reply', SUCCESS_REPLY.slice(0, 50), 200],
    ['a DOCTYPE', `<!DOCTYPE xml>${SUCCESS_REPLY}`, 200],
    ['text after the reply', `${SUCCESS_REPLY}<!-- -->`, 200],
    ['a 201', SUCCESS_REPLY, 201],
    ['a 500', SUCCESS_REPLY, 500],
    ['a redirection', SUCCESS_REPLY, 302],
  ])('is a failure: %s', async (_, body, status) => {
    const { wechat, notice } = await paidShop()

    await wechat.notices.deliverDue(async () => new Response(body, { status }))

    expect(notice.attempts).toMatchObject([{ outcome: 'refused', status }])
    expect(notice.nextDueAt).toBe(T0 + 15_000)
  })

  it('is a failure when it does not come in time', async () => {
    const { wechat } = await paidShop({ noticeTimeout: () => AbortSignal.timeout(20) })

    expect(await wechat.notices.deliverDue(() => new Promise(() => {}))).toMatchObject([
      { outcome: 'timeout' },
    ])
  })

  it('is a failure when the connection is refused', async () => {
    const { wechat } = await paidShop()

    expect(
      await wechat.notices.deliverDue(() => Promise.reject(new TypeError('fetch failed'))),
    ).toMatchObject([{ outcome: 'connection_error', why: 'fetch failed' }])
  })

  it('is returned to a caller who posts a notice outside the schedule', async () => {
    const { wechat } = await paidShop()
    const seen: string[] = []

    const posted = await wechat.notices.ofPayments.post(
      OUT_TRADE_NO,
      { changes: { total_fee: '1' } },
      async (request) => {
        seen.push(await request.text())
        return new Response('no', { status: 400 })
      },
    )

    expect(posted).toEqual({ outcome: 'refused', status: 400, reply: 'no' })
    const fields = read(seen[0] ?? '')
    expect(fields['total_fee']).toBe('1')
    expect(fields['sign']).toBe(sign(fields, DEMO_MERCHANT.apiKey, 'MD5'))
  })
})
