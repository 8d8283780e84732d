import { control, CONTROL_ROOT } from '../control/control.ts'
import type { ControlTarget } from '../control/call.ts'
import type { Conversation } from '../conversation/conversation.ts'
import type { Phone } from '../phone/phone.ts'
import { whyForbidden } from './guard.ts'
import { streamConversation } from './stream.ts'

/** The parts of the server that answer requests to its own pages and calls. */
export type Parts = ControlTarget & { conversation: Conversation; phone: Phone | undefined }

/** Answers a request to the simulator's own paths; `undefined` for every path of WeChat. */
export async function answerOwn(request: Request, parts: Parts): Promise<Response | undefined> {
  const { pathname } = new URL(request.url)
  const isControl = pathname.startsWith(CONTROL_ROOT)
  const isOfPhone = parts.phone !== undefined && /^\/($|_phone\/|_shop\/)/.test(pathname)
  if (!isControl && !isOfPhone) return undefined

  const why = whyForbidden(request)
  if (why !== undefined) return Response.json({ error: why }, { status: 403 })
  if (pathname === `${CONTROL_ROOT}stream` && request.method === 'GET') {
    return streamConversation(request, parts.conversation)
  }
  return isControl ? control(request, parts) : parts.phone?.answer(request)
}
