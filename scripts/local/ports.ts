import { createServer } from 'node:net'

/** Whether this machine lets us listen there now. */
export function isFree(port: number): Promise<boolean> {
  return listenBriefly(port).then(
    () => true,
    () => false,
  )
}

/** A port that was free a moment ago. Nothing holds it: use it at once. */
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
