import { describe, expect, it } from 'vitest'
import { isOurs, haveSameIds } from '../../src/core/merchant.ts'

const MERCHANT_IDS = { appid: 'wxd930ea5d5a258f4f', mchId: '10000100' }
const FORMER_APPID = { ...MERCHANT_IDS, appid: 'wx2421b1c4370ec43b' }
const OTHER_MERCHANT = { ...MERCHANT_IDS, mchId: '1900000109' }

describe('a mini program and merchant number', () => {
  it('are ours with our merchant number, under every appid', () => {
    expect(isOurs(MERCHANT_IDS, MERCHANT_IDS)).toBe(true)
    expect(isOurs(FORMER_APPID, MERCHANT_IDS)).toBe(true)
  })

  it.each(['1900000109', '010000100', '1000010', ''])(
    'are not ours with the merchant number "%s"',
    (mchId) => {
      expect(isOurs({ ...MERCHANT_IDS, mchId }, MERCHANT_IDS)).toBe(false)
    },
  )

  it('are the same only if both are', () => {
    expect(haveSameIds(MERCHANT_IDS, { ...MERCHANT_IDS })).toBe(true)
    expect(haveSameIds(MERCHANT_IDS, FORMER_APPID)).toBe(false)
    expect(haveSameIds(MERCHANT_IDS, OTHER_MERCHANT)).toBe(false)
  })
})
