import { describe, expect, it } from 'vitest'
import {
  answer,
  type Answer,
  BACKUP,
  failed,
  LOGIN,
  network,
  PATH,
  PRIMARY,
  reset,
  silence,
  text,
  XML,
} from '../../testing/wire/network.ts'

const REPLY_BYTES_MAX = 64 * 1024

describe('a message', () => {
  it('is posted once, as XML, to the primary origin', async () => {
    const { transport, sent } = network([answer('<xml/>')])

    expect(text(await transport.post(PATH, XML))).toBe('<xml/>')
    expect(sent).toEqual([
      { url: PRIMARY + PATH, method: 'POST', type: 'text/xml; charset=utf-8', body: XML },
    ])
  })

  it('has a deadline of 8 seconds, and leaves no timer behind after an answer', async () => {
    const { transport, timers } = network([answer('<xml/>')])

    await transport.post(PATH, XML)

    expect(timers.waits).toEqual([8_000])
    expect(timers.held).toBe(0)
  })

  it.each([
    ['the connection breaks', reset],
    ['Cloudflare does not know what happened', answer('error', 520)],
    ['Cloudflare finds the origin down', answer('error', 521)],
    ['Cloudflare times out', answer('error', 524)],
    ['Cloudflare finds no address', answer('error', 530)],
  ])('goes to the backup, byte for byte, when %s', async (_, first) => {
    const { transport, sent } = network([first, answer('<xml/>')])

    expect(text(await transport.post(PATH, XML))).toBe('<xml/>')
    expect(sent.map(({ url }) => url)).toEqual([PRIMARY + PATH, BACKUP + PATH])
    expect(sent[1]).toEqual({ ...sent[0], url: BACKUP + PATH })
  })

  it('goes to the backup, byte for byte, when the deadline passes', async () => {
    const { transport, sent, requests, timers, passDeadline } = network([silence, answer('<xml/>')])
    const reply = transport.post(PATH, XML)
    await passDeadline(1)

    expect(text(await reply)).toBe('<xml/>')
    expect(sent[1]).toEqual({ ...sent[0], url: BACKUP + PATH })
    expect(requests[0]?.signal.aborted).toBe(true)
    expect(timers.waits).toEqual([8_000, 8_000])
  })

  it('goes to the backup when the answer stops in the middle', async () => {
    const stalled: Answer = async () =>
      new Response(
        new ReadableStream({
          start: (controller) => controller.enqueue(new TextEncoder().encode('<xml>')),
        }),
      )
    const { transport, sent, passDeadline } = network([stalled, answer('<xml/>')])
    const reply = transport.post(PATH, XML)
    await passDeadline(1)

    expect(text(await reply)).toBe('<xml/>')
    expect(sent.length).toBe(2)
  })

  it('goes to the backup when the answer breaks off in the middle', async () => {
    const broken: Answer = async () =>
      new Response(
        new ReadableStream({ pull: (controller) => controller.error(new Error('reset')) }),
      )
    const { transport, sent } = network([broken, answer('<xml/>')])

    expect(text(await transport.post(PATH, XML))).toBe('<xml/>')
    expect(sent.length).toBe(2)
  })

  it('has no answer after two requests when neither origin answers', async () => {
    const { transport, sent, passDeadline } = network([reset, silence])
    const reply = transport.post(PATH, XML)
    await passDeadline(2)

    expect(await reply).toEqual(failed('no_answer'))
    expect(sent.length).toBe(2)
  })

  it('has no answer when the answer comes after the deadline', async () => {
    const release: ((response: Response) => void)[] = []
    const late: Answer = () => new Promise((resolve) => release.push(resolve))
    const { transport, passDeadline } = network([late, late])
    const reply = transport.post(PATH, XML)
    await passDeadline(1)
    await passDeadline(2)
    for (const resolve of release) resolve(new Response('<xml/>'))

    expect(await reply).toEqual(failed('no_answer'))
  })

  it('keeps the answer of the backup, even an error status', async () => {
    const { transport, sent } = network([reset, answer('busy', 503)])

    expect(await transport.post(PATH, XML)).toEqual(failed('http_status'))
    expect(sent.length).toBe(2)
  })

  it('is not sent twice to one origin that is both primary and backup', async () => {
    const { transport, sent } = network([reset], { payOriginBackup: PRIMARY })

    expect(await transport.post(PATH, XML)).toEqual(failed('no_answer'))
    expect(sent.length).toBe(1)
  })

  it.each([204, 400, 401, 403, 404, 413, 429, 500, 502, 503, 504, 519, 531])(
    'is not sent again after the status %i',
    async (status) => {
      const { transport, sent } = network([answer(status === 204 ? null : '<xml/>', status)])

      expect(await transport.post(PATH, XML)).toEqual(failed('http_status'))
      expect(sent.length).toBe(1)
    },
  )

  it.each([301, 302, 303, 307, 308])('does not follow a redirect (%i)', async (status) => {
    const redirect = answer(null, status, { location: 'https://evil.example/' })
    const { transport, sent, requests } = network([redirect])

    expect(await transport.post(PATH, XML)).toEqual(failed('http_status'))
    expect(requests[0]?.redirect).toBe('manual')
    expect(sent.length).toBe(1)
  })

  it('may be answered with 64 KiB and not one byte more', async () => {
    const { transport, sent } = network([
      answer('x'.repeat(REPLY_BYTES_MAX)),
      answer('x'.repeat(REPLY_BYTES_MAX + 1)),
    ])

    expect(await transport.post(PATH, XML)).toMatchObject({ ok: true })
    expect(await transport.post(PATH, XML)).toEqual(failed('too_long'))
    expect(sent.length).toBe(2)
  })

  it('is aborted when the answer is endless', async () => {
    let cancelled = false
    const endless: Answer = async () =>
      new Response(
        new ReadableStream({
          pull: (controller) => controller.enqueue(new Uint8Array(16 * 1024)),
          cancel: () => void (cancelled = true),
        }),
      )
    const { transport } = network([endless])

    expect(await transport.post(PATH, XML)).toEqual(failed('too_long'))
    expect(cancelled).toBe(true)
  })
})

describe('a login', () => {
  const QUERY = new URLSearchParams({ appid: 'wx1', js_code: 'a b&c=d' })
  const login = '/sns/jscode2session'

  it('is sent once, to the login origin', async () => {
    const { transport, sent, timers } = network([answer('{}')])

    expect(text(await transport.get(login, QUERY))).toBe('{}')
    expect(sent).toEqual([
      {
        url: `${LOGIN}${login}?appid=wx1&js_code=a+b%26c%3Dd`,
        method: 'GET',
        type: null,
        body: '',
      },
    ])
    expect(timers.waits).toEqual([8_000])
  })

  it.each([
    ['the connection breaks', reset, 'no_answer'],
    ['the origin cannot be reached', answer('error', 522), 'no_answer'],
    ['the origin is busy', answer('busy', 503), 'http_status'],
    [
      'the origin redirects',
      answer(null, 302, { location: 'https://evil.example/' }),
      'http_status',
    ],
    ['the answer is too long', answer('x'.repeat(REPLY_BYTES_MAX + 1)), 'too_long'],
  ])('is never sent again when %s, since a code works once', async (_, first, reason) => {
    const { transport, sent } = network([first])

    expect(await transport.get(login, QUERY)).toEqual(failed(reason))
    expect(sent.length).toBe(1)
  })

  it('is never sent again when the deadline passes', async () => {
    const { transport, sent, passDeadline } = network([silence])
    const reply = transport.get(login, QUERY)
    await passDeadline(1)

    expect(await reply).toEqual(failed('no_answer'))
    expect(sent.length).toBe(1)
  })
})

describe('the log', () => {
  const call = { event: 'wechat_unreachable', call: 'unifiedorder' }

  it('has a line for each origin that failed, with its status or the words of the exception', async () => {
    const { transport, log } = network([reset, answer('error', 522)])

    expect(text(await transport.post(PATH, XML))).toEqual(failed('no_answer'))
    expect(log).toEqual([
      {
        ...call,
        origin: PRIMARY,
        reason: 'no_answer',
        error: 'TypeError: Network connection lost.',
      },
      { ...call, origin: BACKUP, reason: 'no_answer', status: 522 },
    ])
  })

  it('has a line when the other origin answers, so that the failure of the first one is known', async () => {
    const { transport, log, passDeadline } = network([silence, answer('<xml/>')])
    const reply = transport.post(PATH, XML)
    await passDeadline(1)

    expect(text(await reply)).toBe('<xml/>')
    expect(log).toEqual([
      { ...call, origin: PRIMARY, reason: 'no_answer', error: 'no answer within 8 s' },
    ])
  })

  it('has the status of an answer that is no answer of WeChat Pay', async () => {
    const { transport, log } = network([answer('<html>502 Bad Gateway</html>', 502)])

    await transport.post(PATH, XML)

    expect(log).toEqual([{ ...call, origin: PRIMARY, reason: 'http_status', status: 502 }])
  })

  it('never has the query of a login, which contains the AppSecret', async () => {
    const leak: Answer = async ({ url }) => {
      throw new TypeError(`error sending request for url (${url})`)
    }
    const { transport, log } = network([leak])

    await transport.get(
      '/sns/jscode2session',
      new URLSearchParams({ secret: 'hush', js_code: 'c' }),
    )

    expect(log).toEqual([
      {
        event: 'wechat_unreachable',
        call: 'jscode2session',
        origin: LOGIN,
        reason: 'no_answer',
        error: `TypeError: error sending request for url (${LOGIN})`,
      },
    ])
  })

  it('has no line about an answer', async () => {
    const { transport, log } = network([answer('<xml/>')])

    await transport.post(PATH, XML)

    expect(log).toEqual([])
  })
})
