import { parseXml } from '../lib/xml.ts'
import type { WeChatSimulator } from '../wechat.ts'
import { checkPayment, checkSign } from './checks.ts'
import type { Conversation } from './conversation.ts'
import { type Check, type Party, withoutSecrets } from './message.ts'

type Serve = (request: Request) => Promise<Response>

/** The calls of a payment. Other paths, such as an icon that a browser asks for, are no part of the conversation. */
const CALLS = [
  'jscode2session',
  'unifiedorder',
  'orderquery',
  'closeorder',
  'refund',
  'refundquery',
  'downloadbill',
]
/** Calls whose answer says nothing that a reader of the conversation needs. The status stands beside the call. */
const QUIET = ['jscode2session', 'downloadbill']

/** Writes down every call of WeChat's API and its answer, with the checks that WeChat and the caller make. */
export function recordCalls(
  serve: Serve,
  conversation: Conversation,
  simulator: Pick<WeChatSimulator, 'books'>,
  { apiKey, from = 'worker' }: { apiKey: string; from?: Party },
): Serve {
  return async (request) => {
    const { pathname, searchParams } = new URL(request.url)
    const what = pathname.split('/').at(-1) ?? ''
    if (!CALLS.includes(what)) return serve(request)
    const sent = request.method === 'POST' ? fieldsOf(await request.clone().text()) : searchParams
    const signed = new Map(sent)
    const n = conversation.add({
      kind: 'request',
      from,
      to: 'wechat',
      what,
      fields: withoutSecrets(sent),
      checks: signed.has('sign') ? [checkSign(signed, apiKey)] : [],
    })
    const beganAt = performance.now()
    const reply = { kind: 'reply', from: 'wechat', to: from, what, answers: n } as const
    try {
      const response = await serve(request)
      const { status } = response
      const ms = Math.round(performance.now() - beganAt)
      if (QUIET.includes(what)) {
        conversation.amend(n, { status, ms })
        return response
      }
      const fields = fieldsOf(await response.clone().text())
      const order = simulator.books.order(signed.get('out_trade_no') ?? '')
      const checks: Check[] = fields.has('return_code')
        ? [...checkPayment(fields, order), checkSign(fields, apiKey)]
        : []
      conversation.add({ ...reply, status, ms, fields: withoutSecrets(fields), checks })
      return response
    } catch (error) {
      conversation.add({ ...reply, lost: true })
      throw error
    }
  }
}

/** The elements of an XML message; no fields when the text is no such message. */
export function fieldsOf(text: string): ReadonlyMap<string, string> {
  const parsed = parseXml(text)
  return parsed.ok ? parsed.fields : new Map()
}
