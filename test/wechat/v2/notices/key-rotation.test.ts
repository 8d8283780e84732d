import { describe, expect, it } from 'vitest'
import { Secret } from '../../../../src/lib/secret.ts'
import { readPaymentNotice } from '../../../../src/wechat/v2/notices/payment.ts'
import {
  changed,
  MERCHANT,
  type Message,
  NOTICE,
  signed,
  wire,
} from '../../../../testing/wire/wire.ts'

const OLD_KEY = 'qazwsxedcrfvtgbyhnujmikolp111111'

const read = (message: Message, type: 'MD5' | 'HMAC-SHA256' = 'MD5') =>
  readPaymentNotice(wire(message), MERCHANT, type, new Secret(OLD_KEY))
const underOldKey = (message: Message) => signed(message, 'MD5', OLD_KEY)
const refused = (error: Record<string, string>) => ({ ok: false, error })

describe('while the key is being changed, a notice', () => {
  it('under the new key is accepted', async () => {
    expect(await read(signed(NOTICE))).toMatchObject({ ok: true, value: { isUnderOldKey: false } })
  })

  it('under the old key is only a hint, since keys are changed because they leak', async () => {
    expect(await read(underOldKey(NOTICE))).toMatchObject({
      ok: true,
      value: { isUnderOldKey: true, payment: { transactionId: '4200000540202401020123456789' } },
    })
  })

  it('under neither key is refused', async () => {
    const forged = signed(NOTICE, 'MD5', 'k'.repeat(32))

    expect(await read(forged)).toEqual(refused({ reason: 'bad_signature' }))
    expect(await read(NOTICE)).toEqual(refused({ reason: 'bad_signature' }))
    expect(await read({ ...NOTICE, sign: '' })).toEqual(refused({ reason: 'bad_signature' }))
  })

  it('under the old key with the other sign type is refused', async () => {
    expect(await read(underOldKey(NOTICE), 'HMAC-SHA256')).toEqual(
      refused({ reason: 'bad_signature' }),
    )
    expect(await read(signed(NOTICE, 'HMAC-SHA256', OLD_KEY))).toEqual(
      refused({ reason: 'bad_signature' }),
    )
  })

  it('under the old key must pass all other checks', async () => {
    const readChanged = (changes: Record<string, string | undefined>) =>
      read(underOldKey(changed(NOTICE, changes)))

    expect(await readChanged({ mch_id: '10000101' })).toMatchObject({ ok: false })
    expect(await readChanged({ mch_id: undefined })).toMatchObject({ ok: false })
    expect(await readChanged({ return_code: 'FAIL' })).toMatchObject({ ok: false })
    expect(await readChanged({ result_code: 'FAIL' })).toEqual(refused({ reason: 'not_a_success' }))
    expect(await readChanged({ total_fee: '1.00' })).toEqual(
      refused({ reason: 'bad_field', field: 'total_fee' }),
    )
  })

  it('under the old key is refused once the change is over', async () => {
    expect(await readPaymentNotice(wire(underOldKey(NOTICE)), MERCHANT, 'MD5')).toEqual(
      refused({ reason: 'bad_signature' }),
    )
  })
})
