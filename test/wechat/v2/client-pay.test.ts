import { describe, expect, it } from 'vitest'
import { toUnixSeconds } from '../../../src/core/time.ts'
import { Secret } from '../../../src/lib/secret.ts'
import { signClientPay } from '../../../src/wechat/v2/client-pay.ts'
import { MERCHANT } from '../../../testing/wire/wire.ts'

const INPUT = {
  prepayId: 'wx02030405123456abcdef0123456789ab00',
  merchant: MERCHANT,
  signType: 'MD5',
  nonceStr: 'Zx9cV8bN7mQ6wE5rT4yU3iO2pL1kJ0hG',
  now: toUnixSeconds(1_704_135_845),
} as const

describe('the parameters of wx.requestPayment', () => {
  it('are signed with MD5 as in the reference (S4)', async () => {
    expect(await signClientPay(INPUT)).toEqual({
      timeStamp: '1704135845',
      nonceStr: 'Zx9cV8bN7mQ6wE5rT4yU3iO2pL1kJ0hG',
      package: 'prepay_id=wx02030405123456abcdef0123456789ab00',
      signType: 'MD5',
      paySign: '9FB05F753EF3C9A8E3766A3CED3A0F8F',
    })
  })

  it('are signed with HMAC-SHA256 when the order was (S5)', async () => {
    expect(await signClientPay({ ...INPUT, signType: 'HMAC-SHA256' })).toMatchObject({
      signType: 'HMAC-SHA256',
      paySign: '7EC77BE39B8FF7F61FDA6040797734C040DB1B7BE68AD5EFAEDD75426D61457C',
    })
  })

  it('are signed as in the official example', async () => {
    const params = await signClientPay({
      prepayId: 'wx2017033010242291fcfe0db70013231072',
      merchant: {
        appid: 'wxd678efh567hg6787',
        mchId: '10000100',
        apiKey: new Secret('qazwsxedcrfvtgbyhnujmikolp111111'),
      },
      signType: 'MD5',
      nonceStr: '5K8264ILTKCH16CQ2502SI8ZNMTM67VS',
      now: toUnixSeconds(1_490_840_662),
    })

    expect(params.paySign).toBe('22D9B4E54AB1950F51E0649E8810ACD6')
  })

  it('have a timeStamp as text, since clients refuse a number, and no appId', async () => {
    const params = await signClientPay(INPUT)

    expect(typeof params.timeStamp).toBe('string')
    expect(params.timeStamp).toMatch(/^\d{10}$/)
    expect(Object.keys(params).sort()).toEqual(
      ['nonceStr', 'package', 'paySign', 'signType', 'timeStamp'].sort(),
    )
  })

  it('do not contain the key', async () => {
    expect(JSON.stringify(await signClientPay(INPUT))).not.toContain(MERCHANT.apiKey.reveal())
  })
})
