import { createCipheriv } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  aesKeyOf,
  E1_HINT,
  E1_PLAINTEXT,
  E1_REQ_INFO,
  E2_KEY,
  E2_REQ_INFO,
  lock,
  notice,
  OLD_KEY,
  read,
  readInner,
  root,
  unlock,
} from '../../../../testing/wire/refund-notices.ts'
import { API_KEY, utf8, wire } from '../../../../testing/wire/wire.ts'

const refused = (error: Record<string, string>) => ({ ok: false, error })
const HINT = { ok: true, value: { ...E1_HINT, isUnderOldKey: false } }
const CANNOT_DECRYPT = refused({ reason: 'cannot_decrypt' })

describe('the vectors of the reference', () => {
  it('agree with node:crypto', () => {
    expect(aesKeyOf(API_KEY)).toBe('d96eb16afdd491fa1e705096edbc2205')
    expect(aesKeyOf(E2_KEY)).toBe('00efd9ff26858b89ca4eef18db6aea3d')
    expect(Buffer.byteLength(E1_PLAINTEXT)).toBe(803)
    expect(lock(E1_PLAINTEXT)).toBe(E1_REQ_INFO)
    expect(unlock(E2_REQ_INFO, E2_KEY)).toBe('<root><refund_status>SUCCESS</refund_status></root>')
  })
})

describe('a refund notice', () => {
  it('names the refund to query (vector E1)', () => {
    expect(read(notice())).toEqual(HINT)
  })

  it('is decrypted with a key whose MD5 begins with zeros (vector E2)', () => {
    // The notice is decrypted and names no refund, which is another error than cannot_decrypt.
    expect(read(notice({ req_info: E2_REQ_INFO }), [E2_KEY])).toEqual(
      refused({ reason: 'bad_field', field: 'out_refund_no' }),
    )
    expect(read(notice({ req_info: lock(root(), E2_KEY) }), [E2_KEY])).toEqual(HINT)
  })

  it('gives only the numbers, since status and amount come from a query', () => {
    expect(readInner(root({ refund_status: 'CHANGE', refund_fee: '100000' }))).toEqual(HINT)
    expect(readInner(root({ refund_status: undefined, success_time: undefined }))).toEqual(HINT)
  })

  it.each(['SUCCESS', 'CHANGE', 'REFUNDCLOSE'])('is accepted for %s', (status) => {
    expect(readInner(root({ refund_status: status }))).toEqual(HINT)
  })

  it('from the merchant platform has a number of WeChat', () => {
    const by = { refund_request_source: 'VENDOR_PLATFORM', out_refund_no: '131811191610442717309' }

    expect(readInner(root(by))).toMatchObject({
      ok: true,
      value: { outRefundNo: '131811191610442717309' },
    })
  })

  it('may contain unknown elements, outside and inside', () => {
    const req_info = lock(root({ cash_refund_fee: '30', future_field_x: '1' }))

    expect(read(notice({ return_msg: 'OK', future_field_y: '2', req_info }))).toEqual(HINT)
  })

  it('has no signature, and a signature in it is ignored', () => {
    expect(read(notice({ sign: 'F'.repeat(32), result_code: 'FAIL' }))).toEqual(HINT)
  })

  it('may have several lines and values without CDATA', () => {
    const bare = `<root>\n<out_refund_no>R20240102030405_0001</out_refund_no>
      <out_trade_no>T20240102030405_0001</out_trade_no>
      <transaction_id>4200000540202401020123456789</transaction_id>\n</root>\n`

    expect(readInner(bare)).toEqual(HINT)
  })
})

describe('while the key is being changed, a refund notice', () => {
  it('is decrypted under the new key and under the old one', () => {
    const old = notice({ req_info: lock(root(), OLD_KEY) })

    expect(read(notice(), [API_KEY, OLD_KEY])).toEqual(HINT)
    expect(read(old, [API_KEY, OLD_KEY])).toEqual({
      ok: true,
      value: { ...E1_HINT, isUnderOldKey: true },
    })
  })

  it('under a third key is not decrypted', () => {
    const other = notice({ req_info: lock(root(), 'k'.repeat(32)) })

    expect(read(other, [API_KEY, OLD_KEY])).toEqual(CANNOT_DECRYPT)
  })

  it('under the old key is not decrypted once that key is removed', () => {
    expect(read(notice({ req_info: lock(root(), OLD_KEY) }), [API_KEY])).toEqual(CANNOT_DECRYPT)
    expect(read(notice(), [])).toEqual(CANNOT_DECRYPT)
  })
})

describe('a refund notice that is not for us', () => {
  it('names the mini program, which is compared with that of the payment', () => {
    const former = { appid: 'wx2421b1c4370ec43b' }

    expect(read(notice(former))).toMatchObject({ ok: true, value: former })
    expect(read(notice({ appid: undefined }))).toMatchObject({ ok: true, value: { appid: '' } })
  })

  it.each([
    ['for another merchant', { mch_id: '10000101' }],
    ['without a merchant', { mch_id: undefined }],
  ])('%s is refused, even under our key', (_, changes) => {
    expect(read(notice(changes))).toEqual(refused({ reason: 'wrong_merchant' }))
  })

  it.each(['FAIL', 'success', ''])('with return_code %j is refused', (code) => {
    expect(read(notice({ return_code: code }))).toEqual(refused({ reason: 'return_fail' }))
  })

  it('without return_code is refused', () => {
    expect(read(notice({ return_code: undefined }))).toEqual(refused({ reason: 'return_fail' }))
  })
})

describe('a req_info', () => {
  it('that is missing is not decrypted', () => {
    expect(read(notice({ req_info: undefined }))).toEqual(CANNOT_DECRYPT)
    expect(read(notice({ req_info: '' }))).toEqual(CANNOT_DECRYPT)
  })

  it.each([
    [
      'of the official sample, which is a dummy',
      'T87GAHG17TGAHG1TGHAHAHA1Y1CIOA9UGJH1GAHV871HAGAGQYQQPOOJMXNBCXBVNMNMAJAA',
    ],
    ['one byte short of whole blocks', Buffer.alloc(31).toString('base64')],
    ['one byte more than whole blocks', Buffer.alloc(33).toString('base64')],
    [
      'one block short of its padding',
      Buffer.from(E1_REQ_INFO, 'base64').subarray(0, -16).toString('base64'),
    ],
    ['a block of zeros', Buffer.alloc(16).toString('base64')],
    ['not Base64', '<not base64>'],
    ['URL-safe Base64', E1_REQ_INFO.replaceAll('+', '-').replaceAll('/', '_')],
    ['cut off', E1_REQ_INFO.slice(0, -1)],
    ['only padding', '===='],
    ['with a percent-encoded end', `${E1_REQ_INFO}%3D`],
    ['hex', Buffer.from(E1_REQ_INFO, 'base64').toString('hex')],
  ])('(%s) is not decrypted', (_, reqInfo) => {
    expect(read(notice({ req_info: reqInfo }))).toEqual(CANNOT_DECRYPT)
  })

  it('under another interpretation of "the MD5 of the key" is not decrypted', () => {
    const text = aesKeyOf(API_KEY)
    const readings = [
      createCipheriv('aes-128-ecb', Buffer.from(text, 'hex'), null),
      createCipheriv('aes-256-ecb', text.toUpperCase(), null),
      createCipheriv('aes-256-ecb', API_KEY, null),
    ]
    for (const cipher of readings) {
      const bytes = Buffer.concat([cipher.update(root()), cipher.final()])

      expect(read(notice({ req_info: bytes.toString('base64') }))).toEqual(CANNOT_DECRYPT)
    }
  })
})

describe('the decrypted content of a refund notice', () => {
  const wrap = (children: string): string => root().replace('</root>', `${children}</root>`)

  it.each([
    ['with root <xml>', root().replaceAll('root>', 'xml>')],
    ['with root <Root>', root().replaceAll('root>', 'Root>')],
    ['that has a DOCTYPE', `<!DOCTYPE root [<!ENTITY x SYSTEM "file:///etc/passwd">]>${root()}`],
    ['that uses an entity', wrap('<a>&x;</a>')],
    ['that has an element twice', wrap('<out_refund_no>R2</out_refund_no>')],
    ['that has nested elements', wrap('<a><b>1</b></a>')],
    ['that has an attribute', wrap('<a b="1">1</a>')],
    ['that has a comment', wrap('<!-- -->')],
    ['that does not end', root().replace('</root>', '')],
    ['with two roots', root() + root()],
    ['that is not XML', '{"out_refund_no":"R20240102030405_0001"}'],
    ['that is empty', ''],
  ])('%s is refused', (_, plaintext) => {
    expect(readInner(plaintext)).toEqual(CANNOT_DECRYPT)
  })

  it('that is not UTF-8 is refused', () => {
    const bytes = Buffer.concat([
      Buffer.from('<root><a>'),
      Buffer.from([0xff]),
      Buffer.from('</a></root>'),
    ])

    expect(readInner(bytes)).toEqual(CANNOT_DECRYPT)
  })

  it.each([
    ['out_refund_no', undefined],
    ['out_refund_no', ''],
    ['out_refund_no', 'x'.repeat(65)],
    ['out_refund_no', '退款'],
    ['transaction_id', undefined],
    ['transaction_id', ''],
    ['transaction_id', '42 00'],
    ['out_trade_no', undefined],
    ['out_trade_no', ''],
  ])('with the %s %j is refused', (field, value) => {
    expect(readInner(root({ [field]: value }))).toEqual(refused({ reason: 'bad_field', field }))
  })
})

describe('an invalid refund notice', () => {
  it.each([
    ['empty', ''],
    ['an HTML page', '<html><body>502</body></html>'],
    ['JSON', '{"id":"1"}'],
    ['with root <root>', `<root><return_code>SUCCESS</return_code></root>`],
    ['with a DOCTYPE', `<!DOCTYPE xml>${new TextDecoder().decode(notice())}`],
    [
      'with appid twice',
      new TextDecoder().decode(notice()).replace('<xml>', '<xml><appid>1</appid>'),
    ],
    ['with nested elements', '<xml><req_info><a>1</a></req_info></xml>'],
    ['cut off', new TextDecoder().decode(notice()).slice(0, -10)],
    ['longer than any notice', `<xml><a>${'x'.repeat(64 * 1024)}</a></xml>`],
  ])('(%s) is unreadable', (_, text) => {
    expect(read(utf8(text))).toEqual(refused({ reason: 'unreadable' }))
  })

  it('(a payment notice) has nothing to decrypt', () => {
    const payment = { return_code: 'SUCCESS', appid: 'wxd930ea5d5a258f4f', mch_id: '10000100' }

    expect(read(wire(payment))).toEqual(CANNOT_DECRYPT)
  })
})
