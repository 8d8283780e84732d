import * as v from 'valibot'
import { isOpenid } from '../core/ids.ts'
import type { LoginReply } from '../ports/wechat.ts'

const Reply = v.object({
  openid: v.optional(v.string()),
  errcode: v.optional(v.number()),
  errmsg: v.optional(v.string()),
})

/**
 * Reads the answer of jscode2session. Its session_key is ignored, because paying does not need it.
 *
 * @see https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-login/code2Session.html
 */
export function readLoginReply(text: string): LoginReply {
  const parsed = parse(text)
  if (typeof parsed === 'string') return { kind: 'unknown', cause: parsed }
  const { openid, errcode = 0, errmsg = '' } = parsed
  const described = { errCode: String(errcode), errCodeDes: errmsg }

  switch (errcode) {
    case 0:
      return openid !== undefined && isOpenid(openid)
        ? { kind: 'session', openid }
        : { kind: 'unknown', cause: 'no_openid' }
    case -1:
      return { kind: 'busy' }
    case 40029: // the code is wrong, expired, or of another appid
      return { kind: 'code_invalid' }
    case 40163:
      return { kind: 'code_used' }
    case 40226:
      return { kind: 'blocked' }
    case 45011:
      return { kind: 'too_many_requests' }
    case 40013: // wrong appid
    case 40125: // wrong secret
    case 41002: // appid missing
    case 41004: // secret missing
      return { kind: 'misconfigured', ...described }
    default:
      return { kind: 'refused', ...described }
  }
}

/** WeChat's words in an answer of jscode2session, for the log. The answer has none when the login succeeded. */
export function loginWords(text: string): Readonly<{ errCode?: string; errCodeDes?: string }> {
  const parsed = parse(text)
  if (typeof parsed === 'string' || parsed.errcode === undefined) return {}
  return { errCode: String(parsed.errcode), errCodeDes: parsed.errmsg ?? '' }
}

/** Parses an answer. @returns its fields, or why it cannot be read. */
function parse(text: string): v.InferOutput<typeof Reply> | 'not_json' | 'unreadable' {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return 'not_json'
  }
  const reply = v.safeParse(Reply, json)
  return reply.success ? reply.output : 'unreadable'
}
