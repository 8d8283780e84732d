import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type KeyPair, makeCertificates } from './server/certificates.ts'
import { ControllableClock } from './lib/clock.ts'
import { control, CONTROL_ROOT } from './control/control.ts'
import { DEMO_MERCHANT } from './server/demo-merchant.ts'
import type { ClientCertificate } from './gateway/serve.ts'
import type { HistoryEntry } from './state/history.ts'
import type { Deliver } from './notices/notice-board.ts'
import { certificateOf, close, listen, readRequest, writeResponse } from './server/http.ts'
import { type SimulatorOptions, WeChatSimulator } from './wechat.ts'

export type StartOptions = {
  /** 0, the default, takes any free port. */
  port?: number
  /** Of the listener behind TLS. 0, the default, takes any free port. */
  securePort?: number
  /** Default 127.0.0.1: nobody but this machine. */
  host?: string
  /** Default: a merchant that exists nowhere. */
  merchant?: SimulatorOptions['merchant']
  /** 60 lets WeChat's minute pass in a second. Default 1. */
  speed?: number
  random?: SimulatorOptions['random']
  strict?: SimulatorOptions['strict']
  /** Gets one line per call and event. Default: silence. */
  log?: (line: string) => void
}

export type RunningServer = {
  /** For example `http://127.0.0.1:8790`. */
  origin: string
  /** The same WeChat behind mutual TLS. */
  secure: {
    /** For example `https://127.0.0.1:8791`. */
    origin: string
    /** What the merchant shows for a refund. */
    clientCertificate: KeyPair
    /** What the server is verified with, in PEM. */
    authority: string
  }
  simulator: WeChatSimulator
  clock: ControllableClock
  /** Ends every connection, stalled ones too, and every delivery. */
  close: () => Promise<void>
}

const DEFAULT_PORT = 8790
const POLL_MS = 200
/** As in the archive that a merchant downloads from WeChat. */
const CERTIFICATE_FILES = {
  cert: 'apiclient_cert.pem',
  key: 'apiclient_key.pem',
  authority: 'rootca.pem',
}

/**
 * Starts WeChat on HTTP, and once more behind mutual TLS. Notices go out by themselves. Rejects with a sentence for a person
 * when a port is taken.
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
      // A fault that drops the connection, a caller who hung up, a body without end: from outside they all look like this.
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
    // Not by hanging up, as Node would: whoever has no certificate, or a wrong one, gets WeChat's page.
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
  const poll = setInterval(() => void simulator.deliverDueNotices(deliver), POLL_MS)

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

const HELP = `WeChat Pay V2 on this machine, for a developer without a merchant account.

  node simulator/server.ts [options]

  --port <number>        default ${DEFAULT_PORT}
  --secure-port <number> the same behind mutual TLS, as refunds need it; default the port after --port
  --certificates <path>  a directory for what a client needs there:
                         ${Object.values(CERTIFICATE_FILES).join(', ')}
  --host <address>       default 127.0.0.1
  --appid <text>         default ${DEMO_MERCHANT.appid}
  --mch-id <digits>      default ${DEMO_MERCHANT.mchId}
  --api-key <text>       API V2 key, 32 characters; default ${DEMO_MERCHANT.apiKey}
  --app-secret <text>    default ${DEMO_MERCHANT.appSecret}
  --speed <number>       WeChat's seconds per second, default 1
  --quiet                no line per call
  --help                 this text

GET ${CONTROL_ROOT} lists what can be done to it: log a user in, pay, lose notices, inject faults, advance the clock.
`

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: String(DEFAULT_PORT) },
      'secure-port': { type: 'string' },
      host: { type: 'string', default: '127.0.0.1' },
      certificates: { type: 'string' },
      appid: { type: 'string', default: DEMO_MERCHANT.appid },
      'mch-id': { type: 'string', default: DEMO_MERCHANT.mchId },
      'api-key': { type: 'string', default: DEMO_MERCHANT.apiKey },
      'app-secret': { type: 'string', default: DEMO_MERCHANT.appSecret },
      speed: { type: 'string', default: '1' },
      quiet: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return void process.stdout.write(HELP)

  if (values['api-key'].length !== 32) throw new Error('--api-key takes 32 characters.')

  const print = (line: string) => void process.stdout.write(`${line}\n`)
  const port = readNumber('--port', values.port, 0, 65_535)
  const securePort = values['secure-port']
  const running = await start({
    port,
    securePort:
      securePort === undefined
        ? nextPort(port)
        : readNumber('--secure-port', securePort, 0, 65_535),
    host: values.host,
    speed: readNumber('--speed', values.speed, 0, 1_000_000),
    merchant: {
      appid: values.appid,
      mchId: values['mch-id'],
      apiKey: values['api-key'],
      appSecret: values['app-secret'],
    },
    ...(values.quiet ? {} : { log: print }),
  })
  print(
    `WeChat simulator at ${running.origin}, control interface at ${running.origin}${CONTROL_ROOT}`,
  )
  print(`Behind mutual TLS, for refunds, at ${running.secure.origin}`)
  if (values.certificates !== undefined) {
    const { cert, key, authority } = writeCertificates(values.certificates, running.secure)
    const url = `${running.secure.origin}/secapi/pay/refund`
    print(`  curl --cacert ${authority} --cert ${cert} --key ${key} ${url}`)
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void running.close().then(() => process.exit(0)))
  }
}

/** Any one after any one. */
const nextPort = (port: number): number => (port === 0 || port === 65_535 ? 0 : port + 1)

/** @returns the paths of what it wrote. The key is for nobody else to read. */
function writeCertificates(directory: string, secure: RunningServer['secure']) {
  const { clientCertificate, authority } = secure
  mkdirSync(directory, { recursive: true })
  const write = (name: keyof typeof CERTIFICATE_FILES, pem: string, mode = 0o644): string => {
    const path = join(directory, CERTIFICATE_FILES[name])
    rmSync(path, { force: true })
    writeFileSync(path, pem, { mode })
    return path
  }
  return {
    cert: write('cert', clientCertificate.cert),
    key: write('key', clientCertificate.key, 0o600),
    authority: write('authority', authority),
  }
}

function readNumber(name: string, text: string, min: number, max: number): number {
  const value = Number(text)
  if (text.trim() !== '' && value >= min && value <= max) return value
  throw new Error(`${name} takes a number from ${min} to ${max}, not "${text}".`)
}

if (import.meta.main) {
  main().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(1)
  })
}
