/** The client certificate for refunds, presented by a client of the test and by the Worker that `npm start` runs. */
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, type AgentOptions, request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TLSSocket } from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Stack, startStack } from '../../scripts/local/local-stack.ts'
import { makeCertificates } from '../../simulator/server/certificates.ts'
import { type RunningServer, start } from '../../simulator/server/start.ts'

const REFUND = '/secapi/pay/refund'
const NO_CERTIFICATE = '400 No required SSL certificate was sent'
const WRONG_CERTIFICATE = '400 The SSL certificate error'
/** The answer of WeChat's application, after TLS, to a message that is not XML. */
const NOT_XML = '<return_code><![CDATA[FAIL]]></return_code>'

describe('WeChat behind mutual TLS', () => {
  let wechat: RunningServer
  const agents: Agent[] = []

  beforeAll(async () => {
    wechat = await start()
  })
  afterEach(() => {
    for (const agent of agents.splice(0)) agent.destroy()
  })
  afterAll(() => wechat.close())

  const client = (options: AgentOptions = {}) => {
    const agent = new Agent({ ca: wechat.secure.authority, ...options })
    agents.push(agent)
    return (path = REFUND) => post(agent, wechat.secure.origin + path)
  }

  it('refuses a client without a certificate, also on a resumed session', async () => {
    const send = client()
    const replies = [await send(), await send()]

    expect(replies.map(({ resumed }) => resumed)).toEqual([false, true])
    for (const reply of replies) {
      expect(reply).toMatchObject({ status: 400, type: 'text/html' })
      expect(reply.body).toContain(NO_CERTIFICATE)
    }
  })

  it('refuses a certificate of another authority, with another message', async () => {
    const { merchant } = await makeCertificates('10000100')
    const reply = await client(merchant)()

    expect(reply).toMatchObject({ status: 400, type: 'text/html' })
    expect(reply.body).toContain(WRONG_CERTIFICATE)
  })

  it('accepts the certificate of the merchant, also on a resumed session', async () => {
    const send = client(wechat.secure.clientCertificate)
    const replies = [await send(), await send()]

    expect(replies.map(({ resumed }) => resumed)).toEqual([false, true])
    for (const reply of replies) {
      expect(reply.status).toBe(200)
      expect(reply.body).toContain(NOT_XML)
    }
  })

  it('requires no certificate on other endpoints', async () => {
    const reply = await client()('/pay/orderquery')

    expect(reply.status).toBe(200)
    expect(reply.body).toContain(NOT_XML)
  })

  it('has a server certificate that is trusted only through its own authority', async () => {
    const { authority } = await makeCertificates('10000100')

    await expect(client({ ca: authority })()).rejects.toThrow('certificate')
    await expect(client({ ca: undefined })()).rejects.toThrow('certificate')
  })
})

describe('the Worker', { timeout: 90_000 }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'wxpay-edge-tls-'))
  const started: Stack[] = []
  const startOne = async (name: string, certificate: boolean): Promise<Stack> => {
    const main = join(import.meta.dirname, '../../testing/commands/certificate-worker.ts')
    const stack = await startStack({ persistDir: join(directory, name), main, certificate })
    started.push(stack)
    return stack
  }
  let stacks: { equipped: Stack; bare: Stack }

  beforeAll(async () => {
    const [equipped, bare] = await Promise.all([
      startOne('equipped', true),
      startOne('bare', false),
    ])
    stacks = { equipped, bare }
  }, 90_000)
  afterAll(async () => {
    await Promise.all(started.map((stack) => stack.stop()))
    rmSync(directory, { recursive: true, force: true })
  }, 30_000)

  const refund = async ({ workerOrigin }: Stack) => {
    const response = await fetch(workerOrigin + REFUND, { method: 'POST', body: 'nothing' })
    return { status: response.status, body: await response.text() }
  }

  it('presents the merchant certificate through WX_CERT', async () => {
    expect(await refund(stacks.equipped)).toEqual({
      status: 200,
      body: expect.stringContaining(NOT_XML),
    })
    const refunds = stacks.equipped.wechat.simulator.books
      .history()
      .filter((each) => each.type === 'request' && each.endpoint === 'refund')
    expect(refunds).toHaveLength(1)
  })

  it('runs without a certificate too', async () => {
    expect(await refund(stacks.bare)).toEqual({
      status: 400,
      body: expect.stringContaining(NO_CERTIFICATE),
    })
  })
})

type Reply = {
  status: number | undefined
  type: string | undefined
  body: string
  resumed: boolean
}

function post(agent: Agent, url: string): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method: 'POST', agent }, (incoming) => {
      const { statusCode: status, headers, socket } = incoming
      const resumed = socket instanceof TLSSocket && socket.isSessionReused()
      let body = ''
      incoming.setEncoding('utf8')
      incoming.on('data', (chunk: string) => (body += chunk))
      incoming.on('end', () => resolve({ status, type: headers['content-type'], body, resumed }))
    })
    outgoing.once('error', reject)
    outgoing.end('nothing')
  })
}
