/** The command that runs the simulator as a server. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { CONTROL_ROOT } from './control/control.ts'
import { DEMO_MERCHANT } from './server/demo-merchant.ts'
import { formatPkcs12 } from './server/pkcs12.ts'
import { type RunningServer, start } from './server/start.ts'

const DEFAULT_PORT = 8790
/** Certificate and key files are named as in the certificate archive that a merchant downloads from WeChat. */
const CERTIFICATE_FILES = {
  cert: 'apiclient_cert.pem',
  key: 'apiclient_key.pem',
  bundle: 'apiclient_cert.p12',
  authority: 'rootca.pem',
}

const HELP = `Simulates WeChat Pay V2 on this machine, for a developer without a merchant account.

  node simulator/server.ts [options]

  --port <number>        default ${DEFAULT_PORT}
  --secure-port <number> the port with mutual TLS, which refunds need; default the port after --port
  --certificates <path>  writes what a client needs for mutual TLS to this directory:
                         ${Object.values(CERTIFICATE_FILES).join(', ')};
                         the password of the .p12 file is the merchant number
  --host <address>       default 127.0.0.1
  --appid <text>         the mini program; default ${DEMO_MERCHANT.appid}
  --mch-id <digits>      the merchant; default ${DEMO_MERCHANT.mchId}
  --api-key <text>       API V2 key, 32 characters; default ${DEMO_MERCHANT.apiKey}
  --app-secret <text>    the mini program's secret; default ${DEMO_MERCHANT.appSecret}
  --speed <number>       how many of WeChat's seconds pass per second; default 1
  --quiet                logs no line per request
  --help                 prints this text

GET ${CONTROL_ROOT} lists the calls that control the simulator: log a user in, pay, lose notices, inject faults, advance the clock.
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
  // Before the first line: a reader of it may stop the simulator at once.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void running.close().then(() => process.exit(0)))
  }
  print(
    `WeChat simulator at ${running.origin}, control interface at ${running.origin}${CONTROL_ROOT}`,
  )
  print(`With mutual TLS, for refunds, at ${running.secure.origin}`)
  if (values.certificates !== undefined) {
    const { cert, key, authority } = writeCertificates(
      values.certificates,
      running.secure,
      values['mch-id'],
    )
    const url = `${running.secure.origin}/secapi/pay/refund`
    print(`  curl --cacert ${authority} --cert ${cert} --key ${key} ${url}`)
  }
}

/** The default of --secure-port: the port after --port, or any free port (0) if --port is 0 or the highest port. */
const nextPort = (port: number): number => (port === 0 || port === 65_535 ? 0 : port + 1)

/**
 * Writes the certificates and the client's key to files, the key readable only by this user. Returns the paths of the files.
 * @param password The password of the PKCS#12 file.
 */
function writeCertificates(directory: string, secure: RunningServer['secure'], password: string) {
  const { clientCertificate, authority } = secure
  mkdirSync(directory, { recursive: true })
  const write = (
    name: keyof typeof CERTIFICATE_FILES,
    content: string | Uint8Array,
    mode = 0o644,
  ): string => {
    const path = join(directory, CERTIFICATE_FILES[name])
    rmSync(path, { force: true })
    writeFileSync(path, content, { mode })
    return path
  }
  write('bundle', formatPkcs12(clientCertificate, password), 0o600)
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
