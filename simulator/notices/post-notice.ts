import { makeRequestId } from '../lib/identifiers.ts'
import { REQUEST_BYTES_MAX } from '../lib/limits.ts'
import type { Random } from '../lib/random.ts'
import { parseXml } from '../lib/xml.ts'
import type { Deliver, PostResult } from './notice.ts'

export type PostOptions = {
  random: Random
  /**
   * Makes the signal that ends one delivery attempt. WeChat waits five seconds, in real time and not on the simulator's clock.
   */
  timeout: () => AbortSignal
}

/** Posts one notice to the shop, and judges the shop's reply as WeChat does. Never rejects. */
export async function postNotice(
  url: string,
  body: string,
  deliver: Deliver,
  { random, timeout }: PostOptions,
): Promise<PostResult> {
  const signal = timeout()
  const request = new Request(url, {
    method: 'POST',
    headers: { 'Content-Type': 'text/xml', 'Request-ID': makeRequestId(random) },
    body,
    redirect: 'manual',
    signal,
  })
  try {
    return await Promise.race([readReply(deliver, request), rejectOnAbort(signal)])
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return { outcome: signal.aborted ? 'timeout' : 'connection_error', why }
  }
}

async function readReply(deliver: Deliver, request: Request): Promise<PostResult> {
  const response = await deliver(request)
  const reply = (await response.text()).slice(0, REQUEST_BYTES_MAX)
  const { status } = response
  return { outcome: isSuccessReply(status, reply) ? 'delivered' : 'refused', status, reply }
}

/**
 * Whether the shop's reply ends the retries: HTTP 200 with XML whose return_code is SUCCESS. Everything else about the XML is
 * free: the document makes return_msg optional, and a prolog, CDATA and white space do not change what XML says.
 * @see https://pay.weixin.qq.com/doc/v2/merchant/4011937248
 */
function isSuccessReply(status: number, body: string): boolean {
  const reply = parseXml(body)
  return status === 200 && reply.ok && reply.fields.get('return_code')?.trim() === 'SUCCESS'
}

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
