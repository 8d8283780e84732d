import { describe, expect, it } from 'vitest'
import { tool } from '../../testing/commands/command.ts'

describe('npm run demo', { timeout: 180_000 }, () => {
  it('prints the whole story, and every check holds', async () => {
    const demo = tool('demo')

    expect([await demo.exited, demo.output()]).toEqual([0, expect.anything()])

    const story = demo.output()
    expect(story).toContain("one payment_booked in its history, from WeChat's notice")
    expect(story).toContain('5 copies at once')
    expect(story).toContain("one payment_booked in its history, from WeChat's query")
    expect(story).toContain('✓ answered FAIL')
    expect(story).toContain('✓ the refund succeeded: ')
    expect(story).toContain('✓ the books have a payment that the bill does not')
    expect(story).toContain('✓ a review asks a person to look')
    expect(story).toMatch(/in all +18700 +18700 +900/)
    expect(story).toMatch(/All \d+ checks hold\./)
  })
})
