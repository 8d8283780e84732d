import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { TLSSocket } from 'node:tls'
import type { ClientCertificate } from '../gateway/serve.ts'

const BODY_BYTES_MAX = 1024 * 1024

/**
 * Reads a request from Node, with its whole body, into a web-standard Request. The Request is aborted when the client
 * disconnects.
 */
export async function readRequest(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  origin: string,
): Promise<Request> {
  const hangUp = new AbortController()
  outgoing.once('close', () => hangUp.abort(new Error('the client disconnected')))

  const headers = new Headers()
  for (const [name, values = []] of Object.entries(incoming.headersDistinct)) {
    for (const value of values) headers.append(name, value)
  }
  const { method = 'GET', url = '/' } = incoming
  const body = await readBody(incoming)
  // The path is assigned, not parsed together with the origin: an absolute or malformed path must not select another origin.
  const target = new URL(origin)
  const [path = '/', query = ''] = url.split(/\?(.*)/s)
  target.pathname = path
  target.search = query
  return new Request(target, {
    method,
    headers,
    signal: hangUp.signal,
    ...(method === 'GET' || method === 'HEAD' ? {} : { body }),
  })
}

/** Sends a web-standard response through Node's ServerResponse. */
export async function writeResponse(outgoing: ServerResponse, response: Response): Promise<void> {
  outgoing.writeHead(response.status, Object.fromEntries(response.headers))
  if (response.headers.get('content-type') !== 'text/event-stream' || response.body === null) {
    outgoing.end(new Uint8Array(await response.arrayBuffer()))
    return
  }
  // The body of a stream ends when its client disconnects.
  for await (const chunk of response.body) outgoing.write(chunk)
  outgoing.end()
}

/**
 * Which certificate the client showed. An authorized one is the merchant's, because our authority signs no other client
 * certificate.
 */
export function certificateOf({ socket }: IncomingMessage): ClientCertificate {
  if (!(socket instanceof TLSSocket)) return 'none'
  if (socket.authorized) return 'good'
  return Object.keys(socket.getPeerCertificate()).length === 0 ? 'none' : 'wrong'
}

/**
 * Listens on a port; 0 means any free one. Rejects with a sentence for the user when the port is taken.
 * @param option The command-line option that chooses another port; the sentence names it.
 * @returns The port on which the server listens.
 */
export function listen(
  server: Server,
  port: number,
  host: string,
  option: string,
): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE') return reject(error)
      const remedy = `choose another one with ${option}, for example ${option} ${port + 10}`
      reject(new Error(`Port ${port} on ${host} is already in use: ${remedy}.`))
    })
    server.listen(port, host, () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}

/** Ends every connection of a server, including stalled ones, and stops listening. */
export async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeAllConnections()
  await closed
}

async function readBody(incoming: IncomingMessage): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of incoming) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError('the body is not bytes')
    length += chunk.byteLength
    if (length > BODY_BYTES_MAX) throw new RangeError(`the body is over ${BODY_BYTES_MAX} bytes`)
    chunks.push(chunk)
  }
  const body = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    body.set(chunk, at)
    at += chunk.byteLength
  }
  return body
}
