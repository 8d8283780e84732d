import { createDecipheriv, createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { encryptReqInfo } from '../../../simulator/notices/req-info.ts'

const DOCS_KEY = '192006250b4c09247ec02edce69f6a2d'

const PLAINTEXT = `<root>
<out_refund_no><![CDATA[R20240102030405_0001]]></out_refund_no>
<out_trade_no><![CDATA[T20240102030405_0001]]></out_trade_no>
<refund_account><![CDATA[REFUND_SOURCE_UNSETTLED_FUNDS]]></refund_account>
<refund_fee><![CDATA[30]]></refund_fee>
<refund_id><![CDATA[50000405502024010200000000001]]></refund_id>
<refund_recv_accout><![CDATA[支付用户零钱]]></refund_recv_accout>
<refund_request_source><![CDATA[API]]></refund_request_source>
<refund_status><![CDATA[SUCCESS]]></refund_status>
<settlement_refund_fee><![CDATA[30]]></settlement_refund_fee>
<settlement_total_fee><![CDATA[100]]></settlement_total_fee>
<success_time><![CDATA[2024-01-02 03:10:00]]></success_time>
<total_fee><![CDATA[100]]></total_fee>
<transaction_id><![CDATA[4200000540202401020123456789]]></transaction_id>
</root>`

const REQ_INFO = `4gS8kbcHysCW7bHqyEU0M9umdFVGKPOUBs+y0jA3Bljaf689orrENmlSmc1KybAZ2GWwcXNolQr6RpJfkxeC4d70CFOHVNx5
zaQ0n95RG/mPyVVBrCgrtCcoSoxwjBIwWYgatOfZIsEodPPO4ACMFNbmdMdqIkfHPb8yiiSYg6nyG7hgMQuTzfqTQ/z/ZgYy
zi13putg4S84NmrWc1Sd4YLjwSQvHoYFRMcORGxiOifrN+DkX8CV2gBpGAcguzpoQKTt+YUaHDo82UU9jrBDF6G+otF8m3pS
3O4btqBgjQZmgB2Szu1J9lD91kgKGoh7IF0jwauv3J91Xg5z543DcG40MyBkVQn3TsA1hhQ9TPgjEeMhw6jtfWLsWfmGy0tH
0FGHGdE8T5FkEYDFI0KHMtbKE1r/zBvHQ1lTshhySzYZf8/Lb2ZEmJvCTNarRoXpI5YrM8ZWFm6ajSDEKJPJ4tIptuwWW/Gp
kCdJS2tf1tyatFbu20q3AlYSmQyzJw5vCKLG/uPNvsnfsl8NiXU6zyBUJv6+pKEg3qiuHutB+JbVijOcM5kktvotJkNoLCN2
somrOR/OCw54Dkw3jzD5CeZloaWxuPIzEFs5Ryn6am7trayykxsLw6Hromg5MRuTdyNfcYA1aMejn8N0Tw4diMWNWjFW8lGL
SfE3mHTbF19LA8tfFaYlB084bPc/w4Xowg3VGJrTbyNAjh7qYQDZSSoO/ljXkxINgU9bQWDp0JE4YZnoYEKUU/Pg4ETHD3YC
yJKzbceaa0FeRit29S0gBWYZR3xXOQtb/OloRmTPjYVMjRfA/vAFRGVLh8DUoiun0A4dtExzmoekFDJW92pP3ga/Nrm+w7n8
TyVIyRxT1vEcIo4LPEIoJa1KwrTjJeTnefvs3BeKC4Eq6LNHpyuG7E8KN3FQqIZs1yo8P0cOVwXrZce8w/i3Bj021GHeOG0r
75y3kHzyebmRqN5XQ+FxwcX7PSDds44036kI+f6ccjLR+CrJ3V/JcW4aOa8n9EKqTgmMK1v5knG/LkBwMcmAiBk3Vc1BVOj1
eBssY6zIGDPm697B7jkSz7T6IP/iejoK`

/** Decrypts in another way than `encryptReqInfo` encrypts: padding and key bytes without Node's help. */
function decrypt(reqInfo: string, apiKey: string): string {
  const key = Buffer.from(createHash('md5').update(apiKey).digest('hex'), 'ascii')
  const decipher = createDecipheriv('aes-256-ecb', key, null).setAutoPadding(false)
  const padded = Buffer.concat([decipher.update(Buffer.from(reqInfo, 'base64')), decipher.final()])
  return padded.subarray(0, padded.length - (padded.at(-1) ?? 0)).toString('utf8')
}

describe('req_info', () => {
  it('matches the documented ciphertext of the documented plaintext (E1)', () => {
    expect(Buffer.byteLength(PLAINTEXT)).toBe(803)
    expect(encryptReqInfo(PLAINTEXT, DOCS_KEY)).toBe(REQ_INFO.replaceAll('\n', ''))
  })

  it("uses the leading zeros of the key's MD5 (E2)", () => {
    const apiKey = 'zeroLeadingMd5Key000000000000036'

    expect(createHash('md5').update(apiKey).digest('hex')).toMatch(/^00/)
    expect(encryptReqInfo('<root><refund_status>SUCCESS</refund_status></root>', apiKey)).toBe(
      'gi7Es9GOn5Mavoyy/9wkicgkfeAbRJXnSwSp7g6aR5Vb9ZO3DvukZzHbzQM725oWgRxJwJfYns855Ub7N42pTA==',
    )
  })

  it.each([0, 1, 15, 16, 17, 31])('can be decrypted for a text of %i bytes', (length) => {
    const text = 'x'.repeat(length)

    expect(decrypt(encryptReqInfo(text, DOCS_KEY), DOCS_KEY)).toBe(text)
  })
})
