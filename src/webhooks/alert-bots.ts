/**
 * The messages of group bots, and their answers. A bot says "no" with HTTP 200 and a code in the body.
 *
 * @see https://developer.work.weixin.qq.com/document/path/91770 (WeCom)
 * @see https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot (Feishu)
 * @see https://open.dingtalk.com/document/orgapp/custom-robot-access (DingTalk)
 * @see https://api.slack.com/messaging/webhooks (Slack)
 */
import type { AlertFailure } from '../core/alert.ts'
import type { Language } from './alert-text.ts'
import { hmacBase64 } from './signature.ts'

/** What is sent: the address, and the body as JSON. */
export type BotMessage = Readonly<{ url: string; body: unknown }>

/** A kind of group bot. */
export type Bot = Readonly<{
  language: Language
  /** @param secret The bot's signing secret, if it has one. */
  message: (
    text: string,
    given: Readonly<{ url: string; secret: string | undefined; nowMs: number }>,
  ) => Promise<BotMessage>
  /** Reads the body of an answer with HTTP 200. @returns undefined when the group has the message. */
  failure: (answer: string) => AlertFailure | undefined
}>

/** WeCom and DingTalk answer `{ errcode, errmsg }`; `0` is success. */
const byErrcode =
  (busy: readonly number[]) =>
  (answer: string): AlertFailure | undefined =>
    outcomeOf(codeIn(answer, 'errcode'), busy)

const outcomeOf = (code: number | undefined, busy: readonly number[]): AlertFailure | undefined => {
  if (code === 0) return undefined
  if (code === undefined || code === -1) return 'no_answer'
  return busy.includes(code) ? 'busy' : 'refused'
}

function codeIn(answer: string, name: string): number | undefined {
  try {
    const code = (JSON.parse(answer) as Record<string, unknown> | null)?.[name]
    return typeof code === 'number' ? code : undefined
  } catch {
    return undefined
  }
}

const wecom: Bot = {
  language: 'zh',
  message: async (content, { url }) => ({ url, body: { msgtype: 'text', text: { content } } }),
  failure: byErrcode([45009]),
}

const feishu: Bot = {
  language: 'zh',
  async message(text, { url, secret, nowMs }) {
    const timestamp = String(Math.floor(nowMs / 1_000))
    // The key is the timestamp and the secret, and the signed text is empty.
    const proof =
      secret === undefined
        ? {}
        : { timestamp, sign: await hmacBase64(`${timestamp}\n${secret}`, '') }
    return { url, body: { ...proof, msg_type: 'text', content: { text } } }
  },
  failure: (answer) => outcomeOf(codeIn(answer, 'code') ?? codeIn(answer, 'StatusCode'), [11232]),
}

const dingtalk: Bot = {
  language: 'zh',
  async message(content, { url, secret, nowMs }) {
    const signed = new URL(url)
    if (secret !== undefined) {
      signed.searchParams.set('timestamp', String(nowMs))
      signed.searchParams.set('sign', await hmacBase64(secret, `${nowMs}\n${secret}`))
    }
    return { url: signed.href, body: { msgtype: 'text', text: { content } } }
  },
  failure: byErrcode([130101]),
}

const slack: Bot = {
  language: 'en',
  message: async (text, { url }) => ({ url, body: { text } }),
  failure: (answer) => (answer.trim() === 'ok' ? undefined : 'no_answer'),
}

const BOTS: Readonly<Record<string, Bot>> = {
  'qyapi.weixin.qq.com': wecom,
  'open.feishu.cn': feishu,
  'open.larksuite.com': { ...feishu, language: 'en' },
  'oapi.dingtalk.com': dingtalk,
  'hooks.slack.com': slack,
}

/** The bot behind an address; undefined for a receiver of Standard Webhooks. */
export const botAt = (url: string): Bot | undefined => BOTS[new URL(url).host]
