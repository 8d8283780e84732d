import { describe, expect, it } from 'vitest'
import { Secret } from '../../../../src/lib/secret.ts'
import { openEnvelope, openReply } from '../../../../src/wechat/v2/wire/envelope.ts'
import { parseXmlBytes } from '../../../../src/wechat/v2/wire/xml.ts'
import {
  ANSWERED,
  changed,
  MERCHANT,
  type Message,
  signed,
  utf8,
  wire,
} from '../../../../testing/wire/wire.ts'

const open = (message: Message, type: 'MD5' | 'HMAC-SHA256' = 'MD5', merchant = MERCHANT) =>
  openEnvelope(parseXmlBytes(wire(message)), merchant, type)
const refused = (reason: string) => ({ ok: false, error: { reason } })
const OTHER_MCH_ID = [
  ['another mch_id', { mch_id: '10000101' }],
  ['no mch_id', { mch_id: undefined }],
  ['the mch_id with a leading zero', { mch_id: '010000100' }],
] as const

describe('an envelope', () => {
  it('opens when signature and mch_id are right, and contains every field', async () => {
    const message = signed({ ...ANSWERED, future_field_x: '1', device_info: '' })
    const opened = await open(message)

    expect(opened.ok && Object.fromEntries(opened.value)).toEqual(message)
  })

  it('opens with HMAC-SHA256 when that is configured', async () => {
    expect(await open(signed(ANSWERED, 'HMAC-SHA256'), 'HMAC-SHA256')).toMatchObject({ ok: true })
  })

  it('opens for a signed refusal too', async () => {
    const refusal = signed({ ...ANSWERED, result_code: 'FAIL', err_code: 'ORDERPAID' })

    expect(await open(refusal)).toMatchObject({ ok: true })
  })

  it('that is unreadable names the cause', async () => {
    const parsed = parseXmlBytes(utf8('<html></html>'))

    expect(await openEnvelope(parsed, MERCHANT, 'MD5')).toEqual({
      ok: false,
      error: { reason: 'unreadable', cause: 'forbidden_markup' },
    })
  })

  it('with return_code FAIL and no signature gives the return_msg and nothing else', async () => {
    expect(await open({ return_code: 'FAIL', return_msg: '签名错误' })).toEqual({
      ok: false,
      error: { reason: 'return_fail', returnMsg: '签名错误' },
    })
  })

  it('with return_code FAIL does not open even when it is signed', async () => {
    expect(await open(signed({ ...ANSWERED, return_code: 'FAIL' }))).toEqual({
      ok: false,
      error: { reason: 'return_fail', returnMsg: 'OK' },
    })
  })

  it('without return_code or return_msg fails with an empty message', async () => {
    const silent = { ok: false, error: { reason: 'return_fail', returnMsg: '' } }

    expect(await open({ result_code: 'SUCCESS' })).toEqual(silent)
    expect(await open({ return_code: 'FAIL' })).toEqual(silent)
    expect(await open({ return_code: '' })).toEqual(silent)
    expect(await open(signed(changed(ANSWERED, { return_code: undefined })))).toMatchObject(
      refused('return_fail'),
    )
  })

  it.each(['success', ' SUCCESS', 'SUCCESS ', 'OK', 'TRUE'])(
    'with return_code "%s" does not open, since case and blanks count',
    async (returnCode) => {
      expect(await open(signed({ ...ANSWERED, return_code: returnCode }))).toMatchObject(
        refused('return_fail'),
      )
    },
  )

  it('is checked for its signature before appid and mch_id', async () => {
    const forged = { ...ANSWERED, mch_id: '10000101', sign: 'F'.repeat(32) }

    expect(await open(forged)).toEqual(refused('bad_signature'))
  })

  it('opens with any appid, which may be a former one of the Worker', async () => {
    const former = signed({ ...ANSWERED, appid: 'wx2421b1c4370ec43b' })

    expect(await open(former)).toMatchObject({ ok: true })
  })

  it('without a signature does not open', async () => {
    expect(await open(ANSWERED)).toEqual(refused('bad_signature'))
    expect(await open({ ...ANSWERED, sign: '' })).toEqual(refused('bad_signature'))
  })

  it('signed with the other type does not open, even with a sign_type that says so', async () => {
    const claims = { ...ANSWERED, sign_type: 'MD5' }

    expect(await open(signed(ANSWERED, 'HMAC-SHA256'), 'MD5')).toEqual(refused('bad_signature'))
    expect(await open(signed(claims, 'MD5'), 'HMAC-SHA256')).toEqual(refused('bad_signature'))
  })

  it('signed under another key does not open', async () => {
    const merchant = { ...MERCHANT, apiKey: new Secret('qazwsxedcrfvtgbyhnujmikolp111111') }

    expect(await open(signed(ANSWERED), 'MD5', merchant)).toEqual(refused('bad_signature'))
  })

  it('with a change in an element that we never read does not open', async () => {
    const genuine = signed({ ...ANSWERED, future_field_x: '1' })

    expect(await open({ ...genuine, future_field_x: '2' })).toEqual(refused('bad_signature'))
    expect(await open(changed(genuine, { future_field_x: undefined }))).toEqual(
      refused('bad_signature'),
    )
  })

  it.each(OTHER_MCH_ID)(
    'with a valid signature and %s is for another merchant',
    async (_, changes) => {
      expect(await open(signed(changed(ANSWERED, changes)))).toEqual(refused('wrong_merchant'))
    },
  )
})

describe('a reply', () => {
  const reply = (message: Message) => openReply(parseXmlBytes(wire(message)), MERCHANT, 'MD5')

  it('opens when signature, appid and mch_id are right', async () => {
    expect(await reply(signed(ANSWERED))).toMatchObject({ ok: true })
  })

  it('is checked for its signature first', async () => {
    const forged = { ...ANSWERED, appid: 'wx0000000000000000', sign: 'F'.repeat(32) }

    expect(await reply(forged)).toEqual(refused('bad_signature'))
  })

  it.each([
    ...OTHER_MCH_ID,
    ['another appid', { appid: 'wx0000000000000000' }],
    ['no appid', { appid: undefined }],
    ['an empty appid', { appid: '' }],
    ['the appid in capitals', { appid: 'WXD930EA5D5A258F4F' }],
  ] as const)('with a valid signature and %s is for another merchant', async (_, changes) => {
    expect(await reply(signed(changed(ANSWERED, changes)))).toEqual(refused('wrong_merchant'))
  })
})
