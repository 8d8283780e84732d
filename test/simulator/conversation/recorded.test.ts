import { describe, expect, it } from 'vitest'
import { Conversation } from '../../../simulator/conversation/conversation.ts'
import { describeEvent } from '../../../simulator/conversation/history-notes.ts'
import { recordJsonCall } from '../../../simulator/conversation/json-call.ts'
import { recordNotices } from '../../../simulator/conversation/notice-posts.ts'
import { recordCalls } from '../../../simulator/conversation/wechat-calls.ts'
import { DEMO_MERCHANT } from '../../../simulator/server/demo-merchant.ts'
import { WeChatSimulator } from '../../../simulator/wechat.ts'

const { apiKey, appid, appSecret } = DEMO_MERCHANT

function world() {
  const simulator = new WeChatSimulator({ merchant: DEMO_MERCHANT })
  const conversation = new Conversation(simulator.clock)
  const said = () => conversation.after(0).map(({ message }) => message)
  return { simulator, conversation, said }
}

describe('the conversation', () => {
  it('never contains an AppSecret or a session_key', async () => {
    const { simulator, conversation, said } = world()
    const ask = recordCalls(simulator.fetch, conversation, simulator, { apiKey })
    const code = simulator.payer.login(simulator.payer.newOpenid())
    const query = `appid=${appid}&secret=${appSecret}&js_code=${code}&grant_type=authorization_code`
    const reply = await ask(new Request(`https://api.weixin.qq.com/sns/jscode2session?${query}`))

    expect(await reply.text()).toContain('session_key')
    const text = JSON.stringify(said())
    expect(text).toContain(code)
    expect(text).not.toContain(appSecret)
    expect(text).not.toMatch(/session_key/)
    expect(said().at(-1)).toMatchObject({ what: 'jscode2session', status: 200 })
  })

  it('has the sign of a call checked, and the refusal that follows', async () => {
    const { simulator, conversation, said } = world()
    const ask = recordCalls(simulator.fetch, conversation, simulator, { apiKey })
    const body = '<xml><out_trade_no>abc-001</out_trade_no><sign>00</sign></xml>'
    await ask(new Request('https://api.mch.weixin.qq.com/pay/orderquery', { method: 'POST', body }))
    const [call, reply] = said()
    expect(call?.checks).toMatchObject([{ what: 'sign', ok: false }])
    expect(reply).toMatchObject({ kind: 'reply', answers: 1, fields: { return_code: 'FAIL' } })
  })

  it('leaves out what is no call of a payment', async () => {
    const { simulator, conversation, said } = world()
    const ask = recordCalls(simulator.fetch, conversation, simulator, { apiKey })
    await ask(new Request('https://api.mch.weixin.qq.com/favicon.ico'))
    expect(said()).toEqual([])
  })

  it('marks a reply that was lost, and passes the error on', async () => {
    const { simulator, conversation, said } = world()
    simulator.faults.inject({ endpoint: 'orderquery', kind: 'reply_lost' })
    const ask = recordCalls(simulator.fetch, conversation, simulator, { apiKey })
    const call = ask(
      new Request('https://api.mch.weixin.qq.com/pay/orderquery', {
        method: 'POST',
        body: '<xml/>',
      }),
    )
    await expect(call).rejects.toThrow(TypeError)
    expect(said().at(-1)).toMatchObject({ kind: 'reply', lost: true })
  })

  it('shows that a forged notice does not fit', async () => {
    const { simulator, conversation, said } = world()
    const answer = () => Promise.resolve(new Response('<xml><return_code>FAIL</return_code></xml>'))
    const deliver = recordNotices(answer, conversation, simulator, apiKey)
    const body = '<xml><out_trade_no>a</out_trade_no><sign>00</sign></xml>'
    await deliver(new Request('http://127.0.0.1/notify', { method: 'POST', body }))
    expect(said()).toMatchObject([
      { what: 'notice', from: 'wechat', checks: [{ what: 'sign', ok: false }] },
      { what: 'notice', from: 'worker', fields: { return_code: 'FAIL' } },
    ])
  })

  it('has a webhook with the fields of its subject, and its status', async () => {
    const { conversation, said } = world()
    const body = JSON.stringify({ type: 'order.paid', data: { ordercode: 'abc-001', refunds: [] } })
    await recordJsonCall(
      new Request('http://127.0.0.1/hook', { method: 'POST', body }),
      () => Promise.resolve(new Response(null, { status: 204 })),
      conversation,
      { from: 'worker', to: 'shop', what: 'order.paid' },
    )
    expect(said().at(-1)).toMatchObject({
      fields: { type: 'order.paid', ordercode: 'abc-001' },
      status: 204,
    })
  })

  it('tells a wrong paySign from another reason why the cashier stays closed', () => {
    const refused = (outcome: string) =>
      describeEvent({ at: 0, type: 'cashier_refused', outcome })?.checks?.map(({ what, ok }) => [
        what,
        ok,
      ])
    expect(refused('支付验证签名失败: x')).toEqual([['paySign', false]])
    expect(refused('订单已过期')).toEqual([
      ['paySign', true],
      ['cashier', false],
    ])
  })
})
