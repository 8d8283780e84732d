import { makeRid, makeSessionKey } from '../lib/identifiers.ts'
import { happens } from '../lib/random.ts'
import type { World } from '../state/world.ts'

// jscode2session is an endpoint of api.weixin.qq.com, which answers JSON, always with HTTP 200 and the content type text/plain.

/** What jscode2session answers: an error, or the user's openid. */
export type LoginAnswer = { errcode: number; errmsg: string } | { openid: string }

/** The error of jscode2session while WeChat is busy. The login code stays valid. */
export const LOGIN_BUSY: LoginAnswer = { errcode: -1, errmsg: 'system error' }
/** The error of jscode2session for a user who exceeded the quota of calls per minute. */
export const LOGIN_LIMIT: LoginAnswer = {
  errcode: 45011,
  errmsg: 'api minute-quota reach limit mustslower retry next minute',
}
/** The error of jscode2session for a user whom WeChat considers a risk. */
export const LOGIN_BLOCKED: LoginAnswer = { errcode: 40226, errmsg: 'code blocked' }
/** The error of jscode2session for a secret that is not the mini program's. */
export const LOGIN_BAD_SECRET: LoginAnswer = { errcode: 40125, errmsg: 'invalid appsecret' }

/**
 * jscode2session: exchanges a wx.login code for the user's openid. A code can be exchanged once, within five minutes.
 * @see https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-login/code2Session.html
 */
export function exchangeCode(request: Request, world: World): LoginAnswer {
  const { platform, users, clock } = world
  const query = new URL(request.url).searchParams
  // The errcodes 43001 and 40002 are from WeChat's general table of return codes; the page of jscode2session does not list
  // them.
  if (request.method !== 'GET') return { errcode: 43001, errmsg: 'require GET method' }
  if (!query.get('appid')) return { errcode: 41002, errmsg: 'appid missing' }
  if (!query.get('secret')) return { errcode: 41004, errmsg: 'appsecret missing' }
  if (!query.get('js_code')) return { errcode: 41008, errmsg: 'missing code' }
  if (query.get('grant_type') !== 'authorization_code') {
    return { errcode: 40002, errmsg: 'invalid grant_type' }
  }
  const appSecret = platform.miniPrograms.get(query.get('appid') ?? '')
  if (appSecret === undefined) return { errcode: 40013, errmsg: 'invalid appid' }
  if (query.get('secret') !== appSecret) return LOGIN_BAD_SECRET

  const now = clock.now()
  const code = query.get('js_code') ?? ''
  const found = users.codeState(code, now)
  if (found.state === 'unknown') return { errcode: 40029, errmsg: 'invalid code' }
  if (found.state === 'used') return { errcode: 40163, errmsg: 'code been used' }
  if (users.isOverQuota(found.openid, now)) return LOGIN_LIMIT
  if (found.state === 'blocked') return LOGIN_BLOCKED
  users.useCode(code)
  return { openid: found.openid }
}

/** Writes an answer of jscode2session as HTTP response: an error gets a request id in errmsg, an openid a new session_key. */
export function loginReply(answer: LoginAnswer, world: World): Response {
  const { random, strict } = world
  const body =
    'errcode' in answer
      ? { ...answer, errmsg: `${answer.errmsg}, rid: ${makeRid(random)}` }
      : {
          session_key: makeSessionKey(random),
          openid: answer.openid,
          // On success, WeChat's older answers contain errcode 0 and newer ones do not, so a client must accept both.
          ...(happens(random, strict.undocumentedElementRate) ? { errcode: 0, errmsg: 'ok' } : {}),
        }
  return new Response(JSON.stringify(body), { headers: { 'Content-Type': 'text/plain' } })
}
