import { createHmac } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import { describe, expect, it } from 'vitest'
import type { Alert } from '../../src/core/alert.ts'
import { Secret } from '../../src/lib/secret.ts'
import { alertSender } from '../../src/webhooks/alert-sender.ts'
import { alertText } from '../../src/webhooks/alert-text.ts'
import { hmacBase64, webhookHeaders } from '../../src/webhooks/signature.ts'
import { HeldTimers } from '../../testing/samples/held-timers.ts'

const WECOM =
  'https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa'
const FEISHU = 'https://open.feishu.cn/open-apis/bot/v2/hook/xxx'
const LARK = 'https://open.larksuite.com/open-apis/bot/v2/hook/xxx'
const DINGTALK = 'https://oapi.dingtalk.com/robot/send?access_token=abc'
const SLACK = 'https://hooks.slack.com/services/T0/B0/xyz'
const OTHER = 'https://ops.test/hook'
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const CONSOLE = 'https://pay.test/console'

const NEWS: Alert = {
  reviews: [{ id: 'second_payment.42', kind: 'second_payment', ordercode: 'o-000001' }],
  began: ['payments.backlog'],
  ended: [],
  allResolved: false,
}

type Given = Readonly<{ url: string; secret?: string; nowMs?: number; answer?: () => Response }>

/** Sends one alert. @returns the request that left, and what the sender says about it. */
async function sent({ url, secret, nowMs = 1_600_000_000_500, answer }: Given) {
  const requests: Request[] = []
  const send = alertSender({
    async fetch(request) {
      requests.push(request.clone())
      return answer?.() ?? Response.json({ errcode: 0, code: 0 })
    },
    timers: new HeldTimers(),
    nowMs: () => nowMs,
    url: new Secret(url),
    secret: secret === undefined ? undefined : new Secret(secret),
    consoleUrl: CONSOLE,
  })
  const failed = await send(NEWS, 'alert.7')
  const [request] = requests
  const text = (await request?.text()) ?? ''
  return { failed, request, text, json: JSON.parse(text) as Record<string, unknown> }
}

describe('the signature', () => {
  it('of Feishu is the example of its documentation: the key has the time, and the text is empty', async () => {
    expect(await hmacBase64('1599360473\ndemo', '')).toBe(
      'l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8=',
    )
  })

  it('of DingTalk has the time in the text', async () => {
    const secret = `SECdemo${'0'.repeat(58)}`

    expect(await hmacBase64(secret, `1577262236757\n${secret}`)).toBe(
      'kq4oofcPuMnPtQmgeKjKr+XTTLAh1huxOfnS8QExFyE=',
    )
  })

  it('of Standard Webhooks is the example of the specification', async () => {
    const message = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', body: '{"test": 2432232314}' }
    const headers = await webhookHeaders(message, 1_614_265_330, [new Secret(SECRET)])

    expect(headers['webhook-signature']).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=')
  })
})

describe('an alert', () => {
  it('goes to WeCom as a text in Chinese, and the address stays as it is', async () => {
    const { request, json } = await sent({ url: WECOM })

    expect(request?.url).toBe(WECOM)
    expect(json).toEqual({ msgtype: 'text', text: { content: alertText(NEWS, CONSOLE, 'zh') } })
  })

  it('goes to Feishu with the time in seconds as text and the signature in the body', async () => {
    const { json } = await sent({ url: FEISHU, secret: 'demo', nowMs: 1_599_360_473_900 })

    expect(json).toEqual({
      timestamp: '1599360473',
      sign: 'l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8=',
      msg_type: 'text',
      content: { text: alertText(NEWS, CONSOLE, 'zh') },
    })
  })

  it('goes to Feishu and DingTalk without a signature when there is no secret', async () => {
    expect(Object.keys((await sent({ url: FEISHU })).json)).toEqual(['msg_type', 'content'])
    expect((await sent({ url: DINGTALK })).request?.url).toBe(DINGTALK)
  })

  it('goes to Lark in English', async () => {
    expect((await sent({ url: LARK })).json['content']).toEqual({
      text: alertText(NEWS, CONSOLE, 'en'),
    })
  })

  it('goes to DingTalk with the time in milliseconds and the signature in the address', async () => {
    const secret = `SECdemo${'0'.repeat(58)}`
    const { request, json } = await sent({ url: DINGTALK, secret, nowMs: 1_577_262_236_757 })

    expect(request?.url).toBe(
      `${DINGTALK}&timestamp=1577262236757&sign=kq4oofcPuMnPtQmgeKjKr%2BXTTLAh1huxOfnS8QExFyE%3D`,
    )
    expect(json).toEqual({ msgtype: 'text', text: { content: alertText(NEWS, CONSOLE, 'zh') } })
  })

  it('goes to Slack as a text in English', async () => {
    const { json } = await sent({ url: SLACK, answer: () => new Response('ok') })

    expect(json).toEqual({ text: alertText(NEWS, CONSOLE, 'en') })
  })

  it('goes to any other address as a webhook that the library of Standard Webhooks accepts', async () => {
    const { request, text } = await sent({
      url: OTHER,
      secret: SECRET,
      nowMs: Date.now(),
      answer: () => new Response(null, { status: 204 }),
    })

    expect(
      new Webhook(SECRET).verify(text, Object.fromEntries(request?.headers ?? [])),
    ).toMatchObject({
      type: 'alert',
      data: {
        text: alertText(NEWS, CONSOLE, 'en'),
        reviews: [{ id: 'second_payment.42', kind: 'second_payment', ordercode: 'o-000001' }],
        began: ['payments.backlog'],
        ended: [],
        all_resolved: false,
        console: CONSOLE,
      },
    })
  })

  it.each([
    [WECOM, { errcode: 0, errmsg: 'ok' }, undefined],
    [WECOM, { errcode: 93000, errmsg: 'invalid webhook url' }, 'refused'],
    [WECOM, { errcode: 45009, errmsg: 'api freq out of limit' }, 'busy'],
    [WECOM, { errcode: -1, errmsg: 'system busy' }, 'no_answer'],
    [DINGTALK, { errcode: 310000, errmsg: 'keywords not in content' }, 'refused'],
    [DINGTALK, { errcode: 130101, errmsg: 'send too fast' }, 'busy'],
    [FEISHU, { code: 0, msg: 'success' }, undefined],
    [FEISHU, { StatusCode: 0, StatusMessage: 'success' }, undefined],
    [FEISHU, { code: 19021, msg: 'sign match fail' }, 'refused'],
    [FEISHU, { code: 11232, msg: 'frequency limited' }, 'busy'],
    [FEISHU, { msg: 'success' }, 'no_answer'],
  ] as const)(
    'to %s is judged by the code in the answer, although it has HTTP 200: %j',
    async (url, body, failure) => {
      const { failed } = await sent({ url, answer: () => Response.json(body) })

      expect(failed?.failure).toBe(failure)
    },
  )

  it.each([
    [SLACK, 200, 'ok', undefined],
    [SLACK, 404, 'no_service', 'refused'],
    [SLACK, 429, '', 'busy'],
    [WECOM, 502, '<html>', 'no_answer'],
    [WECOM, 200, '<html>sign in</html>', 'no_answer'],
    [WECOM, 302, '', 'refused'],
    [OTHER, 204, null, undefined],
    [OTHER, 404, '', 'refused'],
  ] as const)('to %s that is answered by HTTP %i %s', async (url, status, text, failure) => {
    const answer = () => new Response(text, { status })

    expect((await sent({ url, secret: SECRET, answer })).failed?.failure).toBe(failure)
  })

  it('that gets no answer is a failure, and never an exception', async () => {
    const answer = (): never => {
      throw new Error('connection refused')
    }

    expect((await sent({ url: WECOM, answer })).failed).toEqual({
      failure: 'no_answer',
      words: 'connection refused',
    })
  })
})

describe('the text of an alert', () => {
  const many = (count: number): Alert['reviews'] =>
    Array.from({ length: count }, (_, n) => ({
      id: `unknown_order.${n}`,
      kind: 'unknown_order',
      ordercode: undefined,
    }))

  it('names the first five reviews, and counts the rest', () => {
    const text = alertText({ ...NEWS, reviews: many(8) }, CONSOLE, 'en')

    expect(text).toContain('8 reviews need a person:')
    expect(text.split('a payment for an order that is not here')).toHaveLength(6)
    expect(text).toContain('and 3 more')
    expect(text).toContain(`${CONSOLE}/reviews`)
  })

  it('has a word for every trouble that the Worker knows, in both languages', () => {
    const english = alertText(NEWS, CONSOLE, 'en')
    const chinese = alertText(NEWS, CONSOLE, 'zh')

    expect(english).toContain('queries about payments are late')
    expect(chinese).toContain('查询支付结果有延迟')
    expect(chinese).toContain('同一订单付了两次')
  })

  it('has at most 2048 bytes, and is cut at a character', () => {
    const began = Array.from({ length: 300 }, (_, n) => `某功能${n}.misconfigured`)
    const text = alertText({ ...NEWS, began }, CONSOLE, 'zh')

    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(2_048)
    expect(Buffer.byteLength(text)).toBeGreaterThan(2_040)
    expect(text).not.toContain('\u{FFFD}')
    expect(text.endsWith('…')).toBe(true)
  })
})

describe('the HMAC', () => {
  it('is that of Node for any key and text', async () => {
    for (const [key, text] of [
      ['k', ''],
      ['密钥', '正文'],
      ['x'.repeat(100), 'y'.repeat(1_000)],
    ] as const) {
      expect(await hmacBase64(key, text)).toBe(
        createHmac('sha256', key).update(text).digest('base64'),
      )
    }
  })
})
