import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { readBillReply } from '../../../../src/wechat/v2/replies/download-bill.ts'
import { seeded } from '../../../../testing/wire/seeded.ts'
import { utf8 } from '../../../../testing/wire/wire.ts'

const ERROR = (errorCode: string, returnMsg: string): string =>
  `<xml><return_code><![CDATA[FAIL]]></return_code><return_msg><![CDATA[${returnMsg}]]></return_msg>` +
  `<error_code><![CDATA[${errorCode}]]></error_code></xml>`
const read = (...parts: (string | Uint8Array)[]) =>
  readBillReply(parts.map((part) => (typeof part === 'string' ? utf8(part) : part)))
const replyTo = (errorCode: string, returnMsg: string) => read(ERROR(errorCode, returnMsg))
const unknown = expect.objectContaining({ kind: 'unknown' })

const BILL =
  '\uFEFF交易时间,公众账号ID\r\n`2019-02-19 01:52:32,`wxab8acd895ab1638a\r\n总交易单数\r\n`1\r\n'

describe('a bill', () => {
  it('as plain text is returned unchanged, byte for byte', () => {
    const bytes = utf8(BILL)

    expect([...bytes.subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf])
    expect(read(bytes)).toEqual({ kind: 'bill', bytes: [bytes] })
  })

  it('as plain text may lack its byte order mark', () => {
    expect(read(BILL.slice(1))).toMatchObject({ kind: 'bill' })
  })

  it('in gzip is returned unchanged', () => {
    const bytes = new Uint8Array(gzipSync(BILL))

    expect([...bytes.subarray(0, 2)]).toEqual([0x1f, 0x8b])
    expect(read(bytes)).toEqual({ kind: 'bill', bytes: [bytes] })
  })

  it('in pieces is returned in pieces, the first of which may be empty', () => {
    const parts = [new Uint8Array(), utf8(BILL.slice(0, 1)), new Uint8Array(), utf8(BILL.slice(1))]

    expect(readBillReply(parts)).toEqual({ kind: 'bill', bytes: parts })
  })

  it('may contain the text of an error', () => {
    expect(read(`\`${ERROR('20002', 'No Bill Exist')}`)).toMatchObject({ kind: 'bill' })
  })

  it('without content is unknown, and not an empty day', () => {
    const empty = { kind: 'unknown', cause: 'empty_body' }
    expect(read()).toEqual(empty)
    expect(read('')).toEqual(empty)
    expect(read('', '', '')).toEqual(empty)
  })
})

describe('an error of downloadbill', () => {
  it.each(['No Bill Exist', 'NO Bill Exist'])('20002 %s is a day without payments', (message) => {
    expect(replyTo('20002', message)).toEqual({ kind: 'empty' })
  })

  it('20002 Bill Creating is a bill that is not ready', () => {
    expect(replyTo('20002', 'Bill Creating')).toEqual({ kind: 'not_ready' })
  })

  it.each(['', 'no idea', '账单'])('20002 %j is unknown', (message) => {
    expect(replyTo('20002', message)).toEqual(unknown)
  })

  it.each(['sign error', 'SIGN ERROR', 'invalid appid'])('20001 %s is misconfigured', (message) => {
    expect(replyTo('20001', message)).toEqual({
      kind: 'misconfigured',
      errCode: '20001',
      errCodeDes: message,
    })
  })

  it.each([
    'nonce_str too long',
    'invalid tar_type: Only GZIP supported',
    'invalid tar_type, Only GZIP supported',
    'invalid bill_type',
    'invalid bill_date',
    'require POST method',
    'empty post data',
    'data format error',
    'missing parameter',
    'invalid parameter',
  ])('20001 %s is a wrong request, which is not sent again', (message) => {
    expect(replyTo('20001', message)).toEqual({
      kind: 'refused',
      errCode: '20001',
      errCodeDes: message,
    })
  })

  it('20007 means that bills are not enabled for the merchant', () => {
    expect(replyTo('20007', '当前商户号账单API权限已经关闭')).toMatchObject({
      kind: 'misconfigured',
    })
  })

  it.each([
    ['20003', 'SYSTEMERROR'],
    ['20003', 'system error'],
    ['100', 'SYSTEMERROR'],
    ['100', 'system error'],
    ['20100', ''],
    ['29999', 'CompressGZip Error'],
    ['29999', 'UnCompressGZip Error'],
    ['', 'No Bill Exist'],
    ['', ''],
    ['20004', 'something new'],
  ])('%s %s is unknown, and the bill is requested again', (errorCode, message) => {
    expect(replyTo(errorCode, message)).toEqual(unknown)
  })

  it('that is unknown is named by its code and its words', () => {
    const cause = (code: string, message: string) => {
      const reply = replyTo(code, message)
      return reply.kind === 'unknown' ? reply.cause : reply.kind
    }
    expect(cause('20004', 'something new')).toBe('error_code 20004 something new')
    expect(cause('20002', '账单')).toBe('error_code 20002 账单')
    expect(cause('20100', '')).toBe('error_code 20100')
  })

  it('may name its code err_code', () => {
    const reply = ERROR('20002', 'No Bill Exist').replaceAll('error_code', 'err_code')

    expect(read(reply)).toEqual({ kind: 'empty' })
  })

  it('may come in any pieces', () => {
    const bytes = utf8(ERROR('20002', 'No Bill Exist'))
    for (let seed = 1; seed <= 100; seed++) {
      const { below } = seeded(seed)
      const parts: Uint8Array[] = []
      for (let from = 0; from < bytes.length;) {
        const to = from + below(20)
        parts.push(bytes.slice(from, to))
        from = to
      }

      expect(readBillReply(parts), `seed ${seed}`).toEqual({ kind: 'empty' })
    }
  })

  it('may have line feeds, values without CDATA and any order', () => {
    const bare = `<xml>\n<error_code>20002</error_code>\n<return_msg>No Bill Exist</return_msg>\n
      <return_code>FAIL</return_code></xml>\n`

    expect(read(bare)).toEqual({ kind: 'empty' })
  })

  it('that is cut off anywhere is unknown', () => {
    const whole = ERROR('20002', 'No Bill Exist')
    for (let length = 1; length < whole.length; length++) {
      expect(read(whole.slice(0, length)), `${length} characters`).toEqual(unknown)
    }
  })

  it.each([
    ['an HTML page', '<html><body>502 Bad Gateway</body></html>'],
    ['a DOCTYPE', `<!DOCTYPE xml>${ERROR('20002', 'No Bill Exist')}`],
    ['nested elements', '<xml><error_code><a>20002</a></error_code></xml>'],
    [
      'the same element twice',
      '<xml><error_code>1</error_code><error_code>20002</error_code></xml>',
    ],
    ['a long message', `<xml><a>${'x'.repeat(70_000)}</a></xml>`],
    ['only return_code SUCCESS', '<xml><return_code>SUCCESS</return_code></xml>'],
  ])('with %s is unknown', (_, text) => {
    expect(read(text)).toEqual(unknown)
  })

  it('is read up to 64 KiB', () => {
    const padded = (length: number): string => {
      const error = ERROR('20002', 'No Bill Exist')
      return error + ' '.repeat(length - error.length)
    }

    expect(read(padded(65_536))).toEqual({ kind: 'empty' })
    expect(read(padded(40_000), ' '.repeat(25_537))).toEqual({ kind: 'unknown', cause: 'too_long' })
  })
})
