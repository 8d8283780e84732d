import { describe, expect, it } from 'vitest'
import { isOperatorName } from '../../src/core/actor.ts'

describe('the name of an operator', () => {
  it.each(['a', '7', 'Li.Wei', 'li_wei-2', 'shop2', 'x'.repeat(32)])('may be %s', (name) => {
    expect(isOperatorName(name)).toBe(true)
  })

  it.each(['', '.a', '_a', '-a', 'Li Wei', '李', ' a', 'a ', 'a\n', 'x'.repeat(33)])(
    'cannot be %j',
    (name) => {
      expect(isOperatorName(name)).toBe(false)
    },
  )

  it.each(['shop', 'system', 'wechat', 'payer', 'Shop', 'WECHAT'])(
    'cannot be %s, which names another who changes orders',
    (name) => {
      expect(isOperatorName(name)).toBe(false)
    },
  )
})
