import type { Deliver } from '../notices/notice.ts'
import type { WeChatSimulator } from '../wechat.ts'
import { checkPayment, checkSign } from './checks.ts'
import type { Conversation } from './conversation.ts'
import { withoutSecrets } from './message.ts'
import { fieldsOf } from './wechat-calls.ts'

/** Writes down every notice that WeChat posts to the Worker, and the Worker's answer. */
export function recordNotices(
  deliver: Deliver,
  conversation: Conversation,
  simulator: Pick<WeChatSimulator, 'books'>,
  apiKey: string,
): Deliver {
  return async (request) => {
    const fields = fieldsOf(await request.clone().text())
    const what = fields.has('req_info') ? 'refund_notice' : 'notice'
    const order = simulator.books.order(fields.get('out_trade_no') ?? '')
    const n = conversation.add({
      kind: 'request',
      from: 'wechat',
      to: 'worker',
      what,
      fields: withoutSecrets(fields),
      // A refund notice is not signed: it is encrypted, and the Worker asks WeChat before it believes it.
      checks: what === 'notice' ? [...checkPayment(fields, order), checkSign(fields, apiKey)] : [],
    })
    const beganAt = performance.now()
    const reply = { kind: 'reply', from: 'worker', to: 'wechat', what, answers: n } as const
    try {
      const response = await deliver(request)
      conversation.add({
        ...reply,
        status: response.status,
        ms: Math.round(performance.now() - beganAt),
        fields: withoutSecrets(fieldsOf(await response.clone().text())),
      })
      return response
    } catch (error) {
      conversation.add({ ...reply, lost: true })
      throw error
    }
  }
}
