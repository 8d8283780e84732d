import { Webhook } from 'standardwebhooks'
import { describe, expect, it, vi } from 'vitest'
import { Secret } from '../../src/lib/secret.ts'
import { noSender, type SenderOptions, webhookSender } from '../../src/webhooks/sender.ts'
import { HeldTimers } from '../../testing/samples/held-timers.ts'
import { seeded } from '../../testing/wire/seeded.ts'

const URL_ = 'https://shop.test/hooks?a=1'
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const OLD_SECRET = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'
const MESSAGE = {
  id: 'refund.succeeded.auto*4200000540202401020123456789',
  body: '{"type":"refund.succeeded","timestamp":"2024-01-01T19:10:00Z","data":{"reason":"缺货 😀"}}',
}

type Answer = (request: Request) => Promise<Response>
const status =
  (code: number): Answer =>
  async () =>
    new Response(null, { status: code })

/** A shop that answers in the order given. */
function shop(answers: readonly Answer[], options: Partial<SenderOptions> = {}) {
  const requests: Request[] = []
  const bodies: string[] = []
  const timers = new HeldTimers()
  const queue = [...answers]
  const nowMs = Date.now()
  const sender = webhookSender({
    async fetch(request) {
      requests.push(request)
      bodies.push(await request.clone().text())
      const next = queue.shift()
      if (next === undefined) throw new Error('one request too many')
      return next(request)
    },
    timers,
    nowMs: () => nowMs,
    url: URL_,
    secrets: [new Secret(SECRET)],
    ...options,
  })
  /** Verifies the n-th request with the library that shops use. */
  const verify = (secret: string, n = 0, body = bodies[n] ?? ''): unknown =>
    new Webhook(secret).verify(body, Object.fromEntries(requests[n]?.headers ?? []))
  return { sender, requests, bodies, timers, verify }
}

describe('a webhook', () => {
  it('is accepted by the library of Standard Webhooks', async () => {
    const { sender, verify } = shop([status(204)])
    await sender.send(MESSAGE)

    expect(verify(SECRET)).toEqual(JSON.parse(MESSAGE.body))
  })

  it('is posted as JSON, byte for byte, with its id and the time of this try', async () => {
    const { sender, requests, bodies } = shop([status(204)], {
      nowMs: () => 1_704_135_900_000,
    })
    await sender.send(MESSAGE)

    const [request] = requests
    expect(bodies).toEqual([MESSAGE.body])
    expect(request).toMatchObject({ method: 'POST', url: URL_, redirect: 'manual' })
    expect(request?.headers.get('content-type')).toMatch(/^application\/json\b/)
    expect(request?.headers.get('webhook-id')).toBe(MESSAGE.id)
    expect(request?.headers.get('webhook-timestamp')).toBe('1704135900')
    expect(request?.headers.get('webhook-signature')).toBe(
      new Webhook(SECRET).sign(MESSAGE.id, new Date(1_704_135_900_000), MESSAGE.body),
    )
  })

  it('has the same id on every try, and the time of each', async () => {
    let nowMs = 1_704_135_900_000
    const { sender, requests } = shop([status(500), status(204)], {
      nowMs: () => nowMs,
    })
    await sender.send(MESSAGE)
    nowMs += 1_000
    await sender.send(MESSAGE)

    const header = (name: string) => requests.map(({ headers }) => headers.get(name))
    expect(header('webhook-id')).toEqual([MESSAGE.id, MESSAGE.id])
    expect(header('webhook-timestamp')).toEqual(['1704135900', '1704135901'])
    expect(new Set(header('webhook-signature')).size).toBe(2)
  })

  it('is not accepted when its body, id or time was changed, or under another secret', async () => {
    const { sender, verify, requests, bodies } = shop([status(204)])
    await sender.send(MESSAGE)
    const headers = Object.fromEntries(requests[0]?.headers ?? [])
    const library = new Webhook(SECRET)
    const other = (changes: Record<string, string>) => () =>
      library.verify(bodies[0] ?? '', { ...headers, ...changes })

    expect(() => verify(OLD_SECRET)).toThrow('No matching signature')
    expect(() => verify(SECRET, 0, `${MESSAGE.body} `)).toThrow('No matching signature')
    expect(other({ 'webhook-id': 'order.paid.1' })).toThrow('No matching signature')
    const later = String(Number(headers['webhook-timestamp']) + 1)
    expect(other({ 'webhook-timestamp': later })).toThrow('No matching signature')
  })

  it('is signed under any secret, with or without its prefix', async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const { below } = seeded(seed)
      const bytes = Uint8Array.from({ length: 24 + below(41) }, () => below(256))
      const secret = `${seed % 2 === 0 ? 'whsec_' : ''}${Buffer.from(bytes).toString('base64')}`
      const { sender, verify } = shop([status(204)], { secrets: [new Secret(secret)] })
      await sender.send(MESSAGE)

      expect(verify(secret), `seed ${seed}`).toEqual(JSON.parse(MESSAGE.body))
    }
  })

  it('is accepted under the new and the old secret while the secret is being changed', async () => {
    const { sender, verify, requests } = shop([status(204)], {
      secrets: [new Secret(SECRET), new Secret(OLD_SECRET)],
    })
    await sender.send(MESSAGE)

    expect(verify(SECRET)).toEqual(JSON.parse(MESSAGE.body))
    expect(verify(OLD_SECRET)).toEqual(JSON.parse(MESSAGE.body))
    expect(() => verify('whsec_YW5vdGhlciBzZWNyZXQgb2YgYSBzdHJhbmdlcg==')).toThrow()
    const signatures = requests[0]?.headers.get('webhook-signature')?.split(' ') ?? []
    expect(signatures.map((each) => each.slice(0, 3))).toEqual(['v1,', 'v1,'])
  })

  it('does not contain the secret', async () => {
    const { sender, requests, bodies } = shop([status(204)])
    await sender.send(MESSAGE)

    const sentText = JSON.stringify([...(requests[0]?.headers ?? []), ...bodies])
    expect(sentText).not.toContain(SECRET.slice('whsec_'.length))
  })
})

describe('a try', () => {
  it.each([200, 201, 202, 204, 299])('is delivered when it is answered with %i', async (code) => {
    expect(await shop([status(code)]).sender.send(MESSAGE)).toEqual({
      delivered: true,
      status: code,
      error: undefined,
      ms: 0,
    })
  })

  it('knows how long it took', async () => {
    let nowMs = 1_704_135_900_000
    const slow: Answer = async () => {
      nowMs += 137
      return new Response(null, { status: 500 })
    }
    const { sender } = shop([slow], { nowMs: () => nowMs })

    expect(await sender.send(MESSAGE)).toMatchObject({ ms: 137 })
  })

  it("has the receiver's own words when it is refused, and those of a broken connection", async () => {
    const refusal: Answer = async () =>
      new Response('{\n  "error": "signature does not match"\n}', { status: 401 })
    const reset: Answer = () => Promise.reject(new TypeError('Network connection lost.'))
    const { sender } = shop([refusal, reset, status(500)])

    expect(await sender.send(MESSAGE)).toEqual({
      delivered: false,
      status: 401,
      error: 'status',
      ms: 0,
      words: '{ "error": "signature does not match" }',
    })
    expect(await sender.send(MESSAGE)).toEqual({
      delivered: false,
      status: undefined,
      error: 'no_answer',
      ms: 0,
      words: 'TypeError: Network connection lost.',
    })
    expect(await sender.send(MESSAGE)).toMatchObject({ error: 'status', words: '' })
  })

  it.each([300, 301, 302, 304, 307, 308, 400, 401, 404, 410, 429, 500, 503])(
    'is not delivered when it is answered with %i, and follows no redirect',
    async (code) => {
      const elsewhere: Answer = async () =>
        new Response(null, { status: code, headers: { location: 'https://evil.example/' } })
      const { sender, requests } = shop([elsewhere])

      expect(await sender.send(MESSAGE)).toMatchObject({ delivered: false, status: code })
      expect(requests.length).toBe(1)
    },
  )

  it('is not delivered when there is no answer, and does not throw', async () => {
    const broken: Answer = async () => {
      throw new TypeError('Network connection lost.')
    }

    expect(await shop([broken]).sender.send(MESSAGE)).toMatchObject({
      delivered: false,
      status: undefined,
    })
  })

  it('ends after 10 seconds', async () => {
    const { sender, timers, requests } = shop([() => new Promise(() => {})])
    const sent = sender.send(MESSAGE)
    await vi.waitFor(() => expect(requests.length).toBe(1), { interval: 1 })
    timers.pass()

    expect(await sent).toMatchObject({ delivered: false, status: undefined })
    expect(timers.waits).toEqual([10_000])
    expect(requests[0]?.signal.aborted).toBe(true)
  })

  it('ends after 10 seconds even when the answer never ends', async () => {
    const stalled: Answer = async () =>
      new Response(
        new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(1)) }),
      )
    const { sender, timers, requests } = shop([stalled])
    const sent = sender.send(MESSAGE)
    await vi.waitFor(() => expect(requests.length).toBe(1), { interval: 1 })
    timers.pass()

    expect(await sent).toMatchObject({ delivered: false })
  })

  it('reads at most 64 KiB of an answer, of which only the status counts', async () => {
    let pulled = 0
    let cancelled = false
    const endless: Answer = async () =>
      new Response(
        new ReadableStream({
          pull(controller) {
            pulled += 1
            controller.enqueue(new Uint8Array(16 * 1024))
          },
          cancel: () => void (cancelled = true),
        }),
      )

    expect(await shop([endless]).sender.send(MESSAGE)).toMatchObject({ delivered: true })
    expect(cancelled).toBe(true)
    expect(pulled).toBeLessThanOrEqual(6)
  })

  it('leaves no timer behind', async () => {
    const { sender, timers } = shop([status(204)])
    await sender.send(MESSAGE)

    expect(timers.held).toBe(0)
  })
})

describe('without a target', () => {
  it('nothing is delivered', async () => {
    expect(await noSender.send(MESSAGE)).toMatchObject({ delivered: false, status: undefined })
  })
})
