import { createServer } from 'node:net'

/** Whether a server can now listen on the given port of 127.0.0.1. */
export function isFree(port: number): Promise<boolean> {
  return listenBriefly(port).then(
    () => true,
    () => false,
  )
}

/** Finds a free port of 127.0.0.1. The port is not reserved, so the caller must use it immediately. */
export function freePort(): Promise<number> {
  return listenBriefly(0)
}

function listenBriefly(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      const actual = typeof address === 'object' && address !== null ? address.port : port
      server.close(() => resolve(actual))
    })
  })
}
