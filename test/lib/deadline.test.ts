import { describe, expect, it } from 'vitest'
import { sleep, withDeadline } from '../../src/lib/deadline.ts'
import { HeldTimers } from '../../testing/samples/held-timers.ts'

const forever = () => new Promise<never>(() => {})

describe('work with a deadline', () => {
  it('returns its value in time and leaves no timer behind', async () => {
    const timers = new HeldTimers()

    expect(await withDeadline(timers, 8_000, async () => 'done')).toEqual({
      done: true,
      value: 'done',
    })
    expect(timers.waits).toEqual([8_000])
    expect(timers.held).toBe(0)
  })

  it('is aborted when it is not done in time', async () => {
    const timers = new HeldTimers()
    const signals: AbortSignal[] = []
    const outcome = withDeadline(timers, 8_000, (signal) => {
      signals.push(signal)
      return forever()
    })
    expect(signals.map(({ aborted }) => aborted)).toEqual([false])

    timers.pass()

    expect(await outcome).toEqual({ done: false })
    expect(signals.map(({ aborted }) => aborted)).toEqual([true])
  })

  it('is not aborted when it was done in time', async () => {
    const timers = new HeldTimers()
    const signals: AbortSignal[] = []
    await withDeadline(timers, 8_000, async (signal) => void signals.push(signal))

    timers.pass()

    expect(signals.map(({ aborted }) => aborted)).toEqual([false])
  })

  it('fails when it fails in time, and leaves no timer behind', async () => {
    const timers = new HeldTimers()
    const work = withDeadline(timers, 8_000, async () => {
      throw new Error('reset')
    })

    await expect(work).rejects.toThrow('reset')
    expect(timers.held).toBe(0)
  })

  it('is late, not failed, when it fails because it was aborted', async () => {
    const timers = new HeldTimers()
    const outcome = withDeadline(
      timers,
      8_000,
      (signal) =>
        new Promise<never>((_, reject) => {
          signal.addEventListener('abort', () => reject(new Error('aborted')))
        }),
    )

    timers.pass()

    expect(await outcome).toEqual({ done: false })
  })

  it('changes nothing when it is done too late', async () => {
    const timers = new HeldTimers()
    const late: ((value: string) => void)[] = []
    const outcome = withDeadline(
      timers,
      8_000,
      () => new Promise<string>((resolve) => late.push(resolve)),
    )

    timers.pass()
    for (const resolve of late) resolve('too late')

    expect(await outcome).toEqual({ done: false })
  })
})

describe('a pause', () => {
  it('ends when its time has passed', async () => {
    const timers = new HeldTimers()
    let awake = false
    const pause = sleep(timers, 300).then(() => (awake = true))
    await Promise.resolve()
    expect(awake).toBe(false)

    timers.pass()
    await pause

    expect(awake).toBe(true)
    expect(timers.waits).toEqual([300])
  })
})
