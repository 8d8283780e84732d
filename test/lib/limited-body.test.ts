import { describe, expect, it } from 'vitest'
import { readLimited } from '../../src/lib/limited-body.ts'

/** A body in pieces, with a record of how much was read and whether it was cancelled. */
function body(...sizes: number[]) {
  const state = { cancelled: false, pulled: 0 }
  const pieces = sizes.map((size, n) => new Uint8Array(size).fill(n + 1))
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const piece = pieces.shift()
        state.pulled++
        if (piece === undefined) controller.close()
        else controller.enqueue(piece)
      },
      cancel: () => void (state.cancelled = true),
    },
    { highWaterMark: 0 },
  )
  return { stream, state }
}

describe('a body', () => {
  it('is empty when it is missing', async () => {
    expect(await readLimited(null, 10)).toEqual(new Uint8Array())
    expect(await readLimited(body().stream, 0)).toEqual(new Uint8Array())
  })

  it('is read whole and in order, however it was split', async () => {
    expect(await readLimited(body(2, 0, 1, 3).stream, 10)).toEqual(Uint8Array.of(1, 1, 3, 4, 4, 4))
  })

  it('is read when it has exactly the limit, in one piece or many', async () => {
    expect((await readLimited(body(10).stream, 10))?.length).toBe(10)
    expect((await readLimited(body(4, 4, 2).stream, 10))?.length).toBe(10)
    expect((await readLimited(body(...Array<number>(10).fill(1)).stream, 10))?.length).toBe(10)
  })

  it('is not read when it has one byte more, in one piece or many', async () => {
    expect(await readLimited(body(11).stream, 10)).toBeUndefined()
    expect(await readLimited(body(4, 4, 3).stream, 10)).toBeUndefined()
    expect(await readLimited(body(10, 1).stream, 10)).toBeUndefined()
    expect(await readLimited(body(1).stream, 0)).toBeUndefined()
  })

  it('is cancelled as soon as it passes the limit', async () => {
    const { stream, state } = body(6, 6, 6, 6, 6)

    expect(await readLimited(stream, 10)).toBeUndefined()
    expect(state).toEqual({ cancelled: true, pulled: 2 })
  })

  it('is measured even when its content-length is wrong', async () => {
    const request = new Request('https://pay.test/notify', {
      method: 'POST',
      body: 'x'.repeat(11),
      headers: { 'content-length': '1' },
    })

    expect(await readLimited(request.body, 10)).toBeUndefined()
  })

  it('fails when the connection breaks off', async () => {
    const broken = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.error(new Error('reset')),
    })

    await expect(readLimited(broken, 10)).rejects.toThrow('reset')
  })
})
