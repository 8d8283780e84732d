import { describe, expect, it } from 'vitest'
import { Conversation } from '../../../simulator/conversation/conversation.ts'
import { whyForbidden } from '../../../simulator/server/guard.ts'
import { streamConversation } from '../../../simulator/server/stream.ts'

const note = (what: string) => ({ kind: 'note', from: 'phone', to: 'phone', what }) as const

function talk(): Conversation {
  const conversation = new Conversation({ now: () => 0 })
  for (const what of ['one', 'two', 'three']) conversation.add(note(what))
  return conversation
}

/** Reads the stream until it has said `what`, then disconnects. @returns the ids of its events */
async function read(conversation: Conversation, until: string, lastId?: number): Promise<number[]> {
  const leave = new AbortController()
  const headers = lastId === undefined ? {} : { 'last-event-id': String(lastId) }
  const request = new Request('http://127.0.0.1/_control/stream', { headers, signal: leave.signal })
  const { body } = streamConversation(request, conversation)
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of body ?? []) {
    text += decoder.decode(chunk)
    if (text.includes(`"what":"${until}"`)) leave.abort()
  }
  return [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id))
}

describe('the stream of the conversation', () => {
  it('begins with the first message, and goes on with new ones', async () => {
    const conversation = talk()
    const reading = read(conversation, 'four')
    conversation.add(note('four'))
    expect(await reading).toEqual([1, 2, 3, 4])
  })

  it('resumes after the last event that the browser has, without a gap and without a repetition', async () => {
    expect(await read(talk(), 'three', 2)).toEqual([3])
  })

  it('sends a message again when more is known about it', async () => {
    const conversation = talk()
    conversation.amend(2, { status: 200 })
    expect(conversation.after(3)).toMatchObject([{ id: 4, message: { n: 2, status: 200 } }])
  })
})

describe('the control interface', () => {
  const from = (headers: Record<string, string>, method = 'POST') =>
    whyForbidden(new Request('http://127.0.0.1:8790/_control/pay', { method, headers }))

  it('answers programs, and our own page', () => {
    expect(from({ host: '127.0.0.1:8790' })).toBe(undefined)
    expect(from({ host: 'localhost:8790', origin: 'http://localhost:8790' })).toBe(undefined)
    expect(from({ host: '[::1]:8790', origin: 'http://[::1]:8790' })).toBe(undefined)
  })

  it('refuses a page of another origin, and a name that resolves to this machine', () => {
    expect(from({ host: '127.0.0.1:8790', origin: 'https://evil.example' })).toContain('Origin')
    expect(from({ host: '127.0.0.1:8790', origin: 'null' })).toContain('Origin')
    expect(from({ host: '127.0.0.1:8790', origin: 'http://127.0.0.1:8787' })).toContain('Origin')
    expect(from({ host: 'evil.example:8790' }, 'GET')).toContain('Host')
  })
})
