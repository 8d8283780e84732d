import { describe, expect, it } from 'vitest'
import { tool } from '../../testing/commands/command.ts'

describe('npm run demo', { timeout: 180_000 }, () => {
  it('tells the story, and every check holds', async () => {
    const demo = tool('demo')

    expect([await demo.exited, demo.output()]).toEqual([0, expect.anything()])

    const story = demo.output()
    expect(story).toContain('one payment_booked event, source: notice')
    expect(story).toContain('the same notice 5 more times')
    expect(story).toContain('one payment_booked event, source: query')
    expect(story).toContain('✓ answered FAIL')
    expect(story).toContain('✓ the refund succeeded: ')
    expect(story).toContain('✓ one difference: a recorded payment is not in the bill')
    expect(story).toContain('✓ one review is open, for a person to look at')
    expect(story).toMatch(/total +18700 +18700 +900/)
    expect(story).toMatch(/All \d+ checks passed\./)
  })
})
