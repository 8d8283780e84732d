import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { CONTROL_ROOT } from '../control/control.ts'
import { Conversation } from '../conversation/conversation.ts'
import { describeEvent } from '../conversation/history-notes.ts'
import { recordNotices } from '../conversation/notice-posts.ts'
import { recordCalls } from '../conversation/wechat-calls.ts'
import type { ClientCertificate } from '../gateway/serve.ts'
import { ControllableClock } from '../lib/clock.ts'
import type { Deliver } from '../notices/notice.ts'
import { makePhone, type Phone, type PhoneOptions } from '../phone/phone.ts'
import type { HistoryEntry } from '../state/history.ts'
import { type SimulatorOptions, WeChatSimulator } from '../wechat.ts'
import { type KeyPair, makeCertificates } from './certificates.ts'
import { DEMO_MERCHANT } from './demo-merchant.ts'
import { certificateOf, close, listen, readRequest, writeResponse } from './http.ts'
import { answerOwn } from './router.ts'

const POLL_MS = 200

/** The ports and settings with which the simulator starts as a server. */
export type StartOptions = {
  /** The port of the HTTP listener. 0, the default, takes any free port. */
  port?: number
  /** The port of the listener with TLS. 0, the default, takes any free port. */
  securePort?: number
  /** The address to listen on. Default: 127.0.0.1, which is reachable from this machine only. */
  host?: string
  /** The merchant of the simulated WeChat. Default: `DEMO_MERCHANT`. */
  merchant?: SimulatorOptions['merchant']
  /** How many of WeChat's seconds pass per second: with 60, a minute at WeChat passes in a second. Default: 1. */
  speed?: number
  random?: SimulatorOptions['random']
  strict?: SimulatorOptions['strict']
  /** The virtual phone at `/`. Default: none, because it needs a Worker and a shop. */
  phone?: PhoneOptions
  /** Called with one line per request and event. Default: no log. */
  log?: (line: string) => void
}

/** A running simulator, and how to reach it. */
export type RunningServer = {
  /** The origin of the HTTP listener, for example `http://127.0.0.1:8790`. */
  origin: string
  /** The second listener, with mutual TLS. It serves the same simulator. */
  secure: {
    /** The origin of the listener with mutual TLS, for example `https://127.0.0.1:8791`. */
    origin: string
    /** The certificate and key that the merchant shows for a refund. */
    clientCertificate: KeyPair
    /** The authority's certificate, in PEM, with which a client verifies the server. */
    authority: string
  }
  simulator: WeChatSimulator
  clock: ControllableClock
  /** Absent when the simulator was started without a phone. */
  phone: Phone | undefined
  /** Stops the server. Ends every connection, including stalled ones, and every delivery of a notice. */
  close: () => Promise<void>
}

/**
 * Starts the simulator on one port with HTTP, and on a second port with mutual TLS. The simulator delivers due notices
 * automatically. Rejects with a sentence for the user when a port is taken.
 */
export async function start(options: StartOptions = {}): Promise<RunningServer> {
  const { port = 0, securePort = 0, host = '127.0.0.1', speed = 1, log = () => {} } = options
  const merchant = options.merchant ?? DEMO_MERCHANT
  const clock = new ControllableClock(() => Date.now(), speed)
  const conversation = new Conversation(clock)
  const simulator = new WeChatSimulator({
    merchant,
    clock,
    ...(options.random === undefined ? {} : { random: options.random }),
    ...(options.strict === undefined ? {} : { strict: options.strict }),
    onEvent: (entry) => {
      log(formatEntry(entry))
      const said = describeEvent(entry)
      if (said !== undefined) conversation.add(said)
      // A first notice does not wait for the next poll. It is scheduled right after this event.
      if (entry.type === 'paid') setImmediate(() => void simulator.notices.deliverDue(deliver))
    },
  })
  const closing = new AbortController()
  const { apiKey } = merchant
  const deliver: Deliver = recordNotices(
    (request) => fetch(request, { signal: AbortSignal.any([request.signal, closing.signal]) }),
    conversation,
    simulator,
    apiKey,
  )
  const recorded = (fetch: WeChatSimulator['fetch'], from: 'worker' | 'shop' = 'worker') =>
    recordCalls(fetch, conversation, simulator, { apiKey, from })
  const serve: Record<ClientCertificate, WeChatSimulator['fetch']> = {
    none: recorded(simulator.fetch),
    good: recorded(simulator.fetchWithCertificate),
    wrong: recorded(simulator.fetchWithWrongCertificate),
  }
  const target = { simulator, clock, deliver, conversation }
  const askWechat = recorded(simulator.fetch, 'shop')
  const phone =
    options.phone === undefined ? undefined : makePhone(options.phone, { ...target, askWechat })
  const origins = { plain: '', secure: '' }
  const answer = async (
    origin: string,
    incoming: IncomingMessage,
    outgoing: ServerResponse,
  ): Promise<void> => {
    try {
      const request = await readRequest(incoming, outgoing, origin)
      const own = await answerOwn(request, { ...target, phone })
      const response = own ?? (await serve[certificateOf(incoming)](request))
      if (request.url.includes(CONTROL_ROOT)) {
        log(`${request.method} ${incoming.url ?? ''} → ${response.status}`)
      }
      await writeResponse(outgoing, response)
    } catch (error) {
      // The request failed because of a fault that drops the connection, a client that disconnected, or a body that is too long.
      // In each case the connection is dropped without an answer.
      const why = error instanceof Error ? error.message : String(error)
      log(`${incoming.method ?? ''} ${incoming.url ?? ''} → connection dropped: ${why}`)
      outgoing.destroy()
    }
  }
  const certificates = await makeCertificates(merchant.mchId, [host])
  const tls = {
    ...certificates.server,
    ca: certificates.authority,
    requestCert: true,
    // A client without a certificate, or with a wrong one, may connect, because WeChat answers such a client with an HTML page.
    // With `rejectUnauthorized: true`, Node would drop the connection.
    rejectUnauthorized: false,
  }
  const plain = createServer((...pair) => void answer(origins.plain, ...pair))
  const secure = createSecureServer(tls, (...pair) => void answer(origins.secure, ...pair))
  secure.on('tlsClientError', ({ code, message }: NodeJS.ErrnoException) =>
    log(`TLS handshake failed: ${code ?? message}`),
  )

  const address = host.includes(':') ? `[${host}]` : host
  origins.plain = `http://${address}:${await listen(plain, port, host, '--port')}`
  try {
    origins.secure = `https://${address}:${await listen(secure, securePort, host, '--secure-port')}`
  } catch (error) {
    await close(plain)
    throw error
  }
  const poll = setInterval(() => void simulator.notices.deliverDue(deliver), POLL_MS)

  return {
    origin: origins.plain,
    secure: {
      origin: origins.secure,
      clientCertificate: certificates.merchant,
      authority: certificates.authority,
    },
    simulator,
    clock,
    phone,
    close: async () => {
      clearInterval(poll)
      closing.abort()
      await Promise.all([close(plain), close(secure)])
    },
  }
}

function formatEntry({ at, type, endpoint, outTradeNo, outcome, fault }: HistoryEntry): string {
  const parts = [type, endpoint, outTradeNo].filter((part) => part !== undefined)
  const words = fault === undefined ? (outcome ?? '') : `${outcome ?? ''} [fault ${fault}]`
  return `${new Date(at).toISOString()} ${parts.join(' ')}${words === '' ? '' : ` → ${words}`}`
}
