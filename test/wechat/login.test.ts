import { describe, expect, it } from 'vitest'
import { loginWords, readLoginReply } from '../../src/wechat/login.ts'

const OPENID = 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o'
const read = (reply: unknown) => readLoginReply(JSON.stringify(reply))

describe('a login', () => {
  it('gives the openid and drops the session key when it succeeds', () => {
    const reply = { session_key: 'HyVFkGl5F5OQWJZZaNzBBg==', openid: OPENID, unionid: 'u1' }

    expect(read(reply)).toEqual({ kind: 'session', openid: OPENID })
  })

  it('may contain errcode 0, as older replies do', () => {
    expect(read({ openid: OPENID, errcode: 0, errmsg: 'ok' })).toEqual({
      kind: 'session',
      openid: OPENID,
    })
  })

  it.each([
    [-1, 'system error', 'busy'],
    [40029, 'invalid code', 'code_invalid'],
    [40163, 'code been used, rid: 6166f719-6cb5d09c-633ab469', 'code_used'],
    [40226, 'code blocked', 'blocked'],
    [45011, 'api minute-quota reach limit mustslower retry next minute', 'too_many_requests'],
    [40013, 'invalid appid', 'misconfigured'],
    [40125, 'invalid appsecret, rid: 63dccc77-71ede712-25f92a0e', 'misconfigured'],
    [41002, 'appid missing', 'misconfigured'],
    [41004, 'appsecret missing', 'misconfigured'],
    [41008, 'missing code', 'refused'],
    [48001, 'api unauthorized', 'refused'],
  ])('with the error %i %s is %s', (errcode, errmsg, kind) => {
    expect(read({ errcode, errmsg })).toMatchObject({ kind })
  })

  it('keeps the error text of WeChat when our configuration is wrong', () => {
    expect(read({ errcode: 40125, errmsg: 'invalid appsecret' })).toEqual({
      kind: 'misconfigured',
      errCode: '40125',
      errCodeDes: 'invalid appsecret',
    })
  })

  it('gives no openid after an error, even when the reply has one', () => {
    expect(read({ errcode: 40029, errmsg: 'invalid code', openid: OPENID })).toEqual({
      kind: 'code_invalid',
    })
  })

  it.each([
    ['an empty text', ''],
    ['an HTML page', '<html><body>502 Bad Gateway</body></html>'],
    ['half an answer', '{"openid":"oUpF8uMu'],
    ['a number', '1'],
    ['null', 'null'],
    ['a list', '[]'],
    ['an empty object', '{}'],
    ['an empty openid', '{"openid":""}'],
    ['an openid with a blank', '{"openid":"o 1"}'],
    ['an openid longer than documented', `{"openid":"${'o'.repeat(129)}"}`],
    ['an openid that is a number', '{"openid":1}'],
    ['an errcode that is text', `{"openid":"${OPENID}","errcode":"40029"}`],
  ])('is unknown when the reply is %s', (_, text) => {
    expect(readLoginReply(text)).toMatchObject({ kind: 'unknown' })
  })
})

describe("WeChat's words about a login", () => {
  it('are in the log as they are in the answer', () => {
    expect(loginWords('{"errcode":40029,"errmsg":"invalid code"}')).toEqual({
      errCode: '40029',
      errCodeDes: 'invalid code',
    })
    expect(loginWords('{"errcode":-1}')).toEqual({ errCode: '-1', errCodeDes: '' })
  })

  it('are none after a success, and none in an answer that cannot be read', () => {
    expect(loginWords(`{"openid":"${OPENID}"}`)).toEqual({})
    expect(loginWords('<html>')).toEqual({})
    expect(loginWords('[1]')).toEqual({})
  })
})
