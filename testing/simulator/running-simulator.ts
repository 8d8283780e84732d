import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { start, type StartOptions } from '../../simulator/server/start.ts'
import { NO_VARIATION, orderFields, read, signedXml, SUCCESS_REPLY } from './simulated-shop.ts'

/** Runs the simulator's server on a free port, and a shop's notify_url on another. Both stop when the current test ends. */
export async function runSimulator(options: StartOptions = {}) {
  const wechat = await start({
    ...options,
    strict: { ...NO_VARIATION, ...options.strict },
  })
  onTestFinished(wechat.close)
  const notices: string[] = []
  const notifyUrl = await listen(
    createServer((request, response) => {
      request.setEncoding('utf8')
      let body = ''
      request.on('data', (chunk: string) => (body += chunk))
      request.on('end', () => {
        notices.push(body)
        response.end(SUCCESS_REPLY)
      })
    }),
  )

  const call = async (path: string, body?: unknown) => {
    const response = await fetch(
      `${wechat.origin}/_control/${path}`,
      body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) },
    )
    return { status: response.status, json: (await response.json()) as Record<string, unknown> }
  }
  const unifiedOrder = async (openid: string, signal?: AbortSignal) => {
    const body = signedXml(orderFields(openid, { notify_url: notifyUrl }))
    const init = { method: 'POST', body, ...(signal ? { signal } : {}) }
    const response = await fetch(`${wechat.origin}/pay/unifiedorder`, init)
    return read(await response.text())
  }
  return { ...wechat, notices, call, unifiedOrder }
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  )
  const { port } = server.address() as AddressInfo
  return `http://127.0.0.1:${port}/notify`
}
