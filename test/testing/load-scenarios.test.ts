/** The scenarios of the load simulation, and how `--minutes` shortens them. */
import { describe, expect, it } from 'vitest'
import { isExcused, scenarioOf } from '../../testing/load/world/scenarios.ts'

describe('a shortened scenario', () => {
  it('in which the receiver is away keeps its calm before and after, and is away for less time', () => {
    const whole = scenarioOf('receiver-hangs')
    const short = scenarioOf('receiver-hangs', 480)

    expect(short.minutes).toBe(480)
    expect(short.absence?.fromMinute).toBe(whole.absence?.fromMinute)
    expect(short.minutes - (short.absence?.toMinute ?? 0)).toBe(
      whole.minutes - (whole.absence?.toMinute ?? 0),
    )
    expect(isExcused(short, 'news', 299)).toBe(true)
    expect(isExcused(short, 'news', 330)).toBe(false)
    expect(isExcused(short, 'attempts', 250)).toBe(false)
  })

  it('is refused when nothing of the absence would be left', () => {
    expect(() => scenarioOf('wechat-away', 360)).toThrow('wechat-away takes more than 360 minutes')
    expect(scenarioOf('wechat-away', 361).absence?.toMinute).toBe(181)
  })

  it('of another kind ends sooner, and never later than it would', () => {
    expect(scenarioOf('flash', 200).minutes).toBe(200)
    expect(scenarioOf('flash', 9_999)).toEqual(scenarioOf('flash'))
    expect(scenarioOf('steady', 9_999).minutes).toBe(9_999)
    expect(scenarioOf('wechat-away', 9_999)).toEqual(scenarioOf('wechat-away'))
  })
})
