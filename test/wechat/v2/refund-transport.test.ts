import { describe, expect, it, vi } from 'vitest'
import {
  answer,
  type Answer,
  BACKUP,
  failed,
  network,
  PRIMARY,
  reset,
  silence,
  text,
  XML,
} from '../../../testing/wire/network.ts'

const PATH = '/secapi/pay/refund'
const BILL = '/pay/downloadbill'
const MIB = 1024 * 1024

type Sent = Readonly<{ url: string; method: string; type: string | null; body: string }>

/** A network whose every request must come with the certificate. */
function certified(answers: readonly Answer[], options = {}) {
  const queue = [...answers]
  const sent: Sent[] = []
  const requests: Request[] = []
  const open = network([], {
    async certificateFetch(request) {
      requests.push(request)
      const body = await request.clone().text()
      const { url, method } = request
      sent.push({ url, method, type: request.headers.get('content-type'), body })
      const next = queue.shift()
      if (next === undefined) throw new Error(`one request too many: ${url}`)
      return next(request)
    },
    ...options,
  })
  return {
    ...open,
    sent,
    requests,
    withoutCertificate: open.sent,
    origins: () => sent.map(({ url }) => new URL(url).origin),
    async passDeadline(count: number): Promise<void> {
      await vi.waitFor(() => expect(sent.length).toBe(count), { interval: 1 })
      open.timers.pass()
    },
  }
}

type Source = Readonly<{
  start?: (controller: ReadableStreamDefaultController<Uint8Array>) => void
  pull?: (controller: ReadableStreamDefaultController<Uint8Array>) => void
  cancel?: () => void
}>
const stream =
  (source: Source): Answer =>
  async () =>
    new Response(new ReadableStream(source))
/** A body of this length, one MiB at a time. */
function long(bytes: number): Answer {
  const piece = new Uint8Array(MIB)
  let left = bytes
  return stream({
    pull(controller) {
      if (left === 0) return controller.close()
      const count = Math.min(left, MIB)
      left -= count
      controller.enqueue(piece.subarray(0, count))
    },
  })
}

describe('a message with the merchant’s certificate', () => {
  it('is posted once, as XML, through the fetch that presents it', async () => {
    const { transport, sent, withoutCertificate } = certified([answer('<xml/>')])

    expect(text(await transport.postWithCertificate(PATH, XML))).toBe('<xml/>')
    expect(sent).toEqual([
      { url: PRIMARY + PATH, method: 'POST', type: 'text/xml; charset=utf-8', body: XML },
    ])
    expect(withoutCertificate).toEqual([])
  })

  it('is not sent when there is no certificate', async () => {
    for (const options of [{}, { certificateFetch: undefined }]) {
      const { transport, sent } = network([], options)

      expect(await transport.postWithCertificate(PATH, XML)).toEqual(failed('no_certificate'))
      expect(sent).toEqual([])
    }
  })

  it.each([
    ['the connection breaks', reset],
    ['Cloudflare does not know what happened', answer('error', 520)],
    ['Cloudflare finds no route', answer('error', 530)],
  ])('goes to the backup, once and byte for byte, when %s', async (_, first) => {
    const { transport, sent } = certified([first, answer('<xml/>')])

    expect(text(await transport.postWithCertificate(PATH, XML))).toBe('<xml/>')
    expect(sent.map(({ url }) => url)).toEqual([PRIMARY + PATH, BACKUP + PATH])
    expect(sent[1]).toEqual({ ...sent[0], url: BACKUP + PATH })
  })

  it('goes to the backup after 8 seconds without an answer', async () => {
    const { transport, timers, requests, passDeadline } = certified([silence, answer('<xml/>')])
    const reply = transport.postWithCertificate(PATH, XML)
    await passDeadline(1)

    expect(text(await reply)).toBe('<xml/>')
    expect(timers.waits).toEqual([8_000, 8_000])
    expect(requests[0]?.signal.aborted).toBe(true)
    expect(timers.held).toBe(0)
  })

  it('has no answer after two requests when neither origin answers', async () => {
    const { transport, sent } = certified([reset, reset])

    expect(await transport.postWithCertificate(PATH, XML)).toEqual(failed('no_answer'))
    expect(sent.length).toBe(2)
  })

  it('had no valid certificate when the answer is HTTP 400, and is not sent again', async () => {
    const page = answer('<html>400 No required SSL certificate was sent</html>', 400)
    const { transport, sent } = certified([page])

    expect(await transport.postWithCertificate(PATH, XML)).toEqual(failed('no_certificate'))
    expect(sent.length).toBe(1)
  })

  it('may get that answer from the backup', async () => {
    const { transport } = certified([reset, answer('', 400)])

    expect(await transport.postWithCertificate(PATH, XML)).toEqual(failed('no_certificate'))
  })

  it.each([204, 401, 403, 404, 495, 496, 500, 502, 503])(
    'is not sent again after the status %i, which says nothing about the certificate',
    async (status) => {
      const { transport, sent } = certified([answer(status === 204 ? null : '<xml/>', status)])

      expect(await transport.postWithCertificate(PATH, XML)).toEqual(failed('http_status'))
      expect(sent.length).toBe(1)
    },
  )

  it('does not follow a redirect', async () => {
    const redirect = answer(null, 302, { location: 'https://evil.example/' })
    const { transport, requests } = certified([redirect])

    expect(await transport.postWithCertificate(PATH, XML)).toEqual(failed('http_status'))
    expect(requests.map((request) => request.redirect)).toEqual(['manual'])
  })

  it('may be answered with 64 KiB and not one byte more', async () => {
    const { transport } = certified([answer('x'.repeat(65_536)), answer('x'.repeat(65_537))])

    expect(await transport.postWithCertificate(PATH, XML)).toMatchObject({ ok: true })
    expect(await transport.postWithCertificate(PATH, XML)).toEqual(failed('too_long'))
  })

  it('goes to the backup first while the primary is down, like all messages', async () => {
    const { transport, origins } = certified([reset, answer('<xml/>'), answer('<xml/>')])
    await transport.postWithCertificate(PATH, XML)
    await transport.postWithCertificate(PATH, XML)

    expect(origins()).toEqual([PRIMARY, BACKUP, BACKUP])
  })
})

describe('HTTP 400 to a message without certificate', () => {
  it('is a status like any other', async () => {
    const { transport } = network([answer('', 400), answer('', 400)])

    expect(await transport.post('/pay/refundquery', XML)).toEqual(failed('http_status'))
    expect(await transport.download(BILL, XML)).toEqual(failed('http_status'))
  })
})

describe('a download', () => {
  const bytesOf = (
    reply: { ok: true; value: readonly Uint8Array[] } | { ok: false; error: unknown },
  ) => (reply.ok ? reply.value.reduce((sum, part) => sum + part.length, 0) : reply)

  it('is posted as XML and returned in the pieces of the network', async () => {
    const pieces = [Uint8Array.of(0x1f, 0x8b), Uint8Array.of(8)]
    const queue = [...pieces]
    const source = stream({
      pull(controller) {
        const piece = queue.shift()
        if (piece === undefined) controller.close()
        else controller.enqueue(piece)
      },
    })
    const { transport, sent } = network([source])

    expect(await transport.download(BILL, XML)).toEqual({ ok: true, value: pieces })
    expect(sent).toEqual([
      { url: PRIMARY + BILL, method: 'POST', type: 'text/xml; charset=utf-8', body: XML },
    ])
  })

  it('may be as long as a day of 100 000 payments', async () => {
    const { transport } = network([long(32 * MIB)])

    expect(bytesOf(await transport.download(BILL, XML))).toBe(32 * MIB)
  })

  it('is refused when it has a byte more than 48 MiB', async () => {
    const [longest, longer] = [network([long(48 * MIB)]), network([long(48 * MIB + 1)])]

    expect(bytesOf(await longest.transport.download(BILL, XML))).toBe(48 * MIB)
    expect(await longer.transport.download(BILL, XML)).toEqual(failed('too_long'))
  })

  it('is aborted before an endless body fills the memory of the Worker', async () => {
    let pulled = 0
    let cancelled = false
    const endless = stream({
      pull(controller) {
        pulled += 1
        controller.enqueue(new Uint8Array(MIB))
      },
      cancel: () => void (cancelled = true),
    })
    const { transport, sent } = network([endless])

    expect(await transport.download(BILL, XML)).toEqual(failed('too_long'))
    expect(cancelled).toBe(true)
    expect(pulled).toBeLessThan(64)
    expect(sent.length).toBe(1)
  })

  it('is repeated at the backup when it stops in the middle', async () => {
    const stalled = stream({ start: (controller) => controller.enqueue(new Uint8Array(10)) })
    const { transport, origins, timers, passDeadline } = network([stalled, long(5)])
    const reply = transport.download(BILL, XML)
    await passDeadline(1)

    expect(bytesOf(await reply)).toBe(5)
    expect(origins()).toEqual([PRIMARY, BACKUP])
    expect(Math.max(...timers.waits)).toBeLessThanOrEqual(60_000)
    expect(timers.held).toBe(0)
  })

  it('is repeated at the backup when it breaks off in the middle', async () => {
    const broken = stream({
      start: (controller) => controller.enqueue(new Uint8Array(10)),
      pull: (controller) => controller.error(new Error('reset')),
    })
    const { transport, sent } = network([broken, reset])

    expect(await transport.download(BILL, XML)).toEqual(failed('no_answer'))
    expect(sent[1]).toEqual({ ...sent[0], url: BACKUP + BILL })
  })

  it.each([204, 302, 404, 500, 503])('fails with the status %i', async (status) => {
    const { transport, sent } = network([
      answer(status === 204 || status === 302 ? null : 'x', status),
    ])

    expect(await transport.download(BILL, XML)).toEqual(failed('http_status'))
    expect(sent.length).toBe(1)
  })

  it('may be empty', async () => {
    expect(bytesOf(await network([answer(null)]).transport.download(BILL, XML))).toBe(0)
  })
})
