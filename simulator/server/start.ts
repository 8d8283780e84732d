import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { control, CONTROL_ROOT } from '../control/control.ts'
import type { ClientCertificate } from '../gateway/serve.ts'
import { ControllableClock } from '../lib/clock.ts'
import type { Deliver } from '../notices/notice.ts'
import type { HistoryEntry } from '../state/history.ts'
import { type SimulatorOptions, WeChatSimulator } from '../wechat.ts'
import { type KeyPair, makeCertificates } from './certificates.ts'
import { DEMO_MERCHANT } from './demo-merchant.ts'
import { certificateOf, close, listen, readRequest, writeResponse } from './http.ts'

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
  const simulator = new WeChatSimulator({
    merchant,
    clock,
    ...(options.random === undefined ? {} : { random: options.random }),
    ...(options.strict === undefined ? {} : { strict: options.strict }),
    onEvent: (entry) => log(formatEntry(entry)),
  })
  const closing = new AbortController()
  const deliver: Deliver = (request) =>
    fetch(request, { signal: AbortSignal.any([request.signal, closing.signal]) })

  const serve: Record<ClientCertificate, WeChatSimulator['fetch']> = {
    none: simulator.fetch,
    good: simulator.fetchWithCertificate,
    wrong: simulator.fetchWithWrongCertificate,
  }
  const origins = { plain: '', secure: '' }
  const answer = async (
    origin: string,
    incoming: IncomingMessage,
    outgoing: ServerResponse,
  ): Promise<void> => {
    try {
      const request = await readRequest(incoming, outgoing, origin)
      const isControl = new URL(request.url).pathname.startsWith(CONTROL_ROOT)
      const response = isControl
        ? await control(request, { simulator, clock, deliver })
        : await serve[certificateOf(incoming)](request)
      if (isControl) log(`${request.method} ${incoming.url ?? ''} → ${response.status}`)
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
