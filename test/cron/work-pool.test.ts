import { describe, expect, it } from 'vitest'
import { catchAndLog } from '../../src/cron/work-pool.ts'

describe('a due row whose handling fails', () => {
  it('is logged and does not stop the other rows', async () => {
    const log: unknown[] = []
    const broken = () => Promise.reject(new RangeError('an unforeseen number'))

    const outcome = await catchAndLog({ log: (entry) => void log.push(entry) }, broken)

    expect(outcome).toBe('failed')
    const error = 'RangeError: an unforeseen number'
    expect(log).toMatchObject([{ event: 'tick_item_failed', reason: 'RangeError', error }])
  })
})
