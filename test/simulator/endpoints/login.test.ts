import { describe, expect, it } from 'vitest'
import { DEMO_MERCHANT } from '../../../simulator/server/demo-merchant.ts'
import type { WeChatSimulator } from '../../../simulator/wechat.ts'
import { type Changes, MINUTE_MS, shop } from '../../../testing/simulator/simulated-shop.ts'

async function exchange(wechat: WeChatSimulator, changes: Changes, method = 'GET') {
  const url = new URL('https://api.weixin.qq.com/sns/jscode2session')
  const query: Changes = {
    appid: DEMO_MERCHANT.appid,
    secret: DEMO_MERCHANT.appSecret,
    grant_type: 'authorization_code',
    ...changes,
  }
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(name, value)
  }
  const response = await wechat.fetch(new Request(url, { method }))
  expect(response.status).toBe(200)
  return JSON.parse(await response.text()) as unknown
}

describe('a login code', () => {
  it('is exchanged for the openid, once', async () => {
    const { wechat, openid } = shop()
    const code = wechat.payer.login(openid)

    const first = await exchange(wechat, { js_code: code })
    const second = await exchange(wechat, { js_code: code })

    expect(first).toEqual({ openid, session_key: expect.stringMatching(/^[\w+/]{22}==$/) })
    expect(second).toEqual({
      errcode: 40163,
      errmsg: expect.stringMatching(/^code been used, rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$/),
    })
  })

  it('is valid for five minutes', async () => {
    const { wechat, clock, openid } = shop()
    const early = wechat.payer.login(openid)
    const late = wechat.payer.login(openid)

    clock.advance(5 * MINUTE_MS - 1)
    expect(await exchange(wechat, { js_code: early })).toMatchObject({ openid })
    clock.advance(1)
    expect(await exchange(wechat, { js_code: late })).toMatchObject({ errcode: 40029 })
  })

  it('is blocked for a user at risk', async () => {
    const { wechat, openid } = shop()
    const code = wechat.payer.login(openid, { blocked: true })

    expect(await exchange(wechat, { js_code: code })).toMatchObject({ errcode: 40226 })
  })

  it.each<[string, Changes, number]>([
    ['no appid', { appid: undefined }, 41002],
    ['no secret', { secret: undefined }, 41004],
    ['no code', { js_code: undefined }, 41008],
    ['another grant_type', { grant_type: 'client_credential' }, 40002],
    ['another appid', { appid: 'wx0000000000000000' }, 40013],
    ['a wrong secret', { secret: 'x' }, 40125],
    ['an unknown code', { js_code: 'x' }, 40029],
  ])('is refused with %s', async (_, changes, errcode) => {
    const { wechat, openid } = shop()
    const code = wechat.payer.login(openid)

    expect(await exchange(wechat, { js_code: code, ...changes })).toMatchObject({ errcode })
  })

  it('must be exchanged with GET', async () => {
    const { wechat, openid } = shop()

    expect(await exchange(wechat, { js_code: wechat.payer.login(openid) }, 'POST')).toMatchObject({
      errcode: 43001,
    })
  })

  it('can be exchanged a hundred times a minute by one user', async () => {
    const { wechat, clock, openid } = shop()
    for (let n = 0; n < 100; n++) await exchange(wechat, { js_code: wechat.payer.login(openid) })
    const code = wechat.payer.login(openid)

    expect(await exchange(wechat, { js_code: code })).toMatchObject({ errcode: 45011 })
    clock.advance(MINUTE_MS)
    expect(await exchange(wechat, { js_code: code })).toMatchObject({ openid })
  })

  it('is used up by an exchange whose reply is lost, but not by a busy system', async () => {
    const { wechat, openid } = shop()
    const code = wechat.payer.login(openid)

    wechat.faults.inject({ endpoint: 'jscode2session', kind: 'login_busy' })
    expect(await exchange(wechat, { js_code: code })).toMatchObject({ errcode: -1 })
    wechat.faults.inject({ endpoint: 'jscode2session', kind: 'reply_lost' })
    await expect(exchange(wechat, { js_code: code })).rejects.toThrow('Network connection lost.')
    expect(await exchange(wechat, { js_code: code })).toMatchObject({ errcode: 40163 })
  })

  it('is never issued to a user of another mini program', () => {
    const { wechat } = shop()

    expect(() => wechat.payer.login(wechat.payer.foreignOpenid())).toThrow('another mini program')
  })
})
