import { describe, expect, it } from 'vitest'
import { catchAndLog } from '../../src/cron/work-pool.ts'

describe('a row that breaks its code', () => {
  it('is logged, and the others go on', async () => {
    const log: unknown[] = []
    const broken = () => Promise.reject(new RangeError('a number that nobody foresaw'))

    const outcome = await catchAndLog({ log: (entry) => void log.push(entry) }, broken)

    expect(outcome).toBe('failed')
    expect(log).toMatchObject([{ event: 'tick_item_failed', reason: 'RangeError' }])
  })
})
