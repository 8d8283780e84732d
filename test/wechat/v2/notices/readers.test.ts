import { describe, expect, it } from 'vitest'
import { Secret } from '../../../../src/lib/secret.ts'
import { NOTICE_REPLY, paymentNoticeReader } from '../../../../src/wechat/v2/notices/readers.ts'
import { MERCHANT, NOTICE, signed, wire } from '../../../../testing/wire/wire.ts'

const OLD_KEY = 'qazwsxedcrfvtgbyhnujmikolp111111'
const reader = paymentNoticeReader({
  merchant: MERCHANT,
  signType: 'MD5',
  oldKey: new Secret(OLD_KEY),
})
const read = (key?: string) => reader.read(new Headers(), wire(signed(NOTICE, 'MD5', key)))

describe('the answer to a notice', () => {
  it('is XML that WeChat understands', () => {
    const xml = (code: string, message: string): string =>
      `<xml><return_code><![CDATA[${code}]]></return_code><return_msg><![CDATA[${message}]]></return_msg></xml>`

    expect(NOTICE_REPLY).toEqual({
      contentType: 'text/xml; charset=utf-8',
      accepted: xml('SUCCESS', 'OK'),
      refused: xml('FAIL', 'REFUSED'),
    })
    expect(reader.replyTo(new Headers())).toBe(NOTICE_REPLY)
  })
})

describe('a payment notice', () => {
  it('under the present key is recorded, and under the old key first confirmed', async () => {
    const payment = { transactionId: NOTICE['transaction_id'] }

    expect(await read()).toMatchObject({
      task: { ok: true, value: { kind: 'record_payment', payment } },
      reply: NOTICE_REPLY,
    })
    expect(await read(OLD_KEY)).toMatchObject({
      task: { ok: true, value: { kind: 'confirm_payment', payment } },
    })
  })

  it('under neither key is refused', async () => {
    expect(await read('k'.repeat(32))).toEqual({
      task: { ok: false, error: { reason: 'bad_signature' } },
      reply: NOTICE_REPLY,
    })
  })
})
