import { createServer } from 'node:net'

/** Whether a server can listen on that port of 127.0.0.1 now. */
export function isFree(port: number): Promise<boolean> {
  return listenBriefly(port).then(
    () => true,
    () => false,
  )
}

/** A port of 127.0.0.1 that was free a moment ago. It is not reserved: use it immediately. */
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
