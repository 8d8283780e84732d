/** Servers that stand where the Worker, or Cloudflare's API, should be. They stop when the current test ends. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** What an answer has; the status is 200 unless it is said. */
export type Reply = Readonly<{ status?: number; headers?: Record<string, string>; body?: string }>

/** Answers a request whose body was read. */
export type Answering = (request: IncomingMessage, body: string) => Reply

/** Listens on a free port. @param tls The certificate; undefined for plain HTTP. @returns the origin, on localhost. */
export async function serverThat(answer: Answering, tls?: ServerOptions): Promise<string> {
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    let body = ''
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
    request.on('end', () => {
      const { status = 200, headers = {}, body: text = '' } = answer(request, body)
      response.writeHead(status, headers).end(text)
    })
  }
  const server: Server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener)
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise<void>((resolve) => server.close(() => resolve()))
  })
  const { port } = server.address() as AddressInfo
  return `${tls === undefined ? 'http' : 'https'}://localhost:${port}`
}

const FAIL = '<xml><return_code><![CDATA[FAIL]]></return_code></xml>'

/** Answers as a sound Worker does to a stranger. @param changed Answers of some paths that are wrong. */
export const workerLike =
  (version: string, changed: Readonly<Record<string, Reply>> = {}): Answering =>
  ({ url = '' }) => {
    const path = url.split('?')[0] ?? ''
    const own: Readonly<Record<string, Reply>> = {
      '/health': { body: JSON.stringify({ status: 'ok', version, components: [] }) },
      '/notify': { status: 400, headers: { 'content-type': 'text/xml' }, body: FAIL },
      '/pay': {
        status: 400,
        headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store' },
        body: '{"code":"invalid_request"}',
      },
      '/doctor': {
        status: 401,
        headers: { 'content-type': 'application/problem+json' },
        body: '{"code":"unauthorized"}',
      },
    }
    return changed[path] ?? own[path] ?? { status: 404, body: '{"code":"not_found"}' }
  }
