/**
 * The routes for WeChat's notices. The answer SUCCESS means that the notice's content is stored. After any
 * other answer, WeChat delivers the notice again.
 */
import type { NoticeReader, NoticeReply } from '../../ports/notices.ts'
import { handleNotice, type NoticeOutcome } from '../../service/notice/handle-notice.ts'
import type { HttpDeps } from '../http/deps.ts'
import { readBody } from '../http/input.ts'
import type { RouteRequest } from '../http/request.ts'

type NoticesRouteDeps = Pick<
  HttpDeps,
  | 'config'
  | 'deliverSoon'
  | 'inTime'
  | 'log'
  | 'notices'
  | 'now'
  | 'mayQuery'
  | 'orders'
  | 'refunds'
  | 'reviews'
  | 'wechat'
>

/** `POST /notify`: a payment notice. */
export const postNotify = (request: RouteRequest, deps: NoticesRouteDeps): Promise<Response> =>
  postNotice(request, deps, deps.notices.payment)

/** `POST /notify/refund`: a refund notice. */
export const postRefundNotify = (
  request: RouteRequest,
  deps: NoticesRouteDeps,
): Promise<Response> => postNotice(request, deps, deps.notices.refund)

/** Answers a notice within the request's deadline: WeChat counts a later answer as none. */
async function postNotice(
  request: RouteRequest,
  deps: NoticesRouteDeps,
  reader: NoticeReader,
): Promise<Response> {
  const answered = await deps.inTime(() => answerNotice(request, deps, reader))
  if (answered.done) return answered.value
  deps.log({ event: 'notice_failed', reason: 'too_slow' })
  return answer(reader.replyTo(request.headers), 'unavailable')
}

async function answerNotice(
  request: RouteRequest,
  deps: NoticesRouteDeps,
  reader: NoticeReader,
): Promise<Response> {
  const body = await readBody(request)
  if (!body.ok) return refuse(deps, reader.replyTo(request.headers), body.error.reason)
  const { task, reply } = await reader.read(request.headers, body.value)
  if (!task.ok) return refuse(deps, reply, task.error.reason)
  return answer(reply, await handleNotice(deps, task.value))
}

/** Refuses a notice. The reason is only logged, because the answer must not help a forger. */
function refuse(deps: Pick<HttpDeps, 'log'>, reply: NoticeReply, reason: string): Response {
  deps.log({ event: 'notice_refused', reason })
  return answer(reply, 'refused')
}

const STATUS: Readonly<Record<NoticeOutcome, number>> = {
  accepted: 200,
  refused: 400,
  unavailable: 503,
  failed: 500,
}

const answer = (reply: NoticeReply, outcome: NoticeOutcome): Response =>
  new Response(outcome === 'accepted' ? reply.accepted : reply.refused, {
    status: STATUS[outcome],
    headers: { 'content-type': reply.contentType },
  })
