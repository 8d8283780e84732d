/** Refund notices as WeChat sends them, encrypted with node:crypto. */
import { createCipheriv, createDecipheriv, createHash } from 'node:crypto'
import { formatXml } from '../../simulator/lib/xml.ts'
import { Secret } from '../../src/lib/secret.ts'
import { readRefundNotice } from '../../src/wechat/v2/notices/refund.ts'
import {
  API_KEY,
  APPID,
  changed,
  type Changes,
  MCH_ID,
  MERCHANT,
  type Message,
  utf8,
} from './wire.ts'

/** Test vector E1 of the protocol reference, byte for byte: the decrypted req_info. */
export const E1_PLAINTEXT = `<root>
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
/** Test vector E1: the encrypted req_info. */
export const E1_REQ_INFO = [
  '4gS8kbcHysCW7bHqyEU0M9umdFVGKPOUBs+y0jA3Bljaf689orrENmlSmc1KybAZ2GWwcXNolQr6RpJfkxeC4d70CFOHVNx5',
  'zaQ0n95RG/mPyVVBrCgrtCcoSoxwjBIwWYgatOfZIsEodPPO4ACMFNbmdMdqIkfHPb8yiiSYg6nyG7hgMQuTzfqTQ/z/ZgYy',
  'zi13putg4S84NmrWc1Sd4YLjwSQvHoYFRMcORGxiOifrN+DkX8CV2gBpGAcguzpoQKTt+YUaHDo82UU9jrBDF6G+otF8m3pS',
  '3O4btqBgjQZmgB2Szu1J9lD91kgKGoh7IF0jwauv3J91Xg5z543DcG40MyBkVQn3TsA1hhQ9TPgjEeMhw6jtfWLsWfmGy0tH',
  '0FGHGdE8T5FkEYDFI0KHMtbKE1r/zBvHQ1lTshhySzYZf8/Lb2ZEmJvCTNarRoXpI5YrM8ZWFm6ajSDEKJPJ4tIptuwWW/Gp',
  'kCdJS2tf1tyatFbu20q3AlYSmQyzJw5vCKLG/uPNvsnfsl8NiXU6zyBUJv6+pKEg3qiuHutB+JbVijOcM5kktvotJkNoLCN2',
  'somrOR/OCw54Dkw3jzD5CeZloaWxuPIzEFs5Ryn6am7trayykxsLw6Hromg5MRuTdyNfcYA1aMejn8N0Tw4diMWNWjFW8lGL',
  'SfE3mHTbF19LA8tfFaYlB084bPc/w4Xowg3VGJrTbyNAjh7qYQDZSSoO/ljXkxINgU9bQWDp0JE4YZnoYEKUU/Pg4ETHD3YC',
  'yJKzbceaa0FeRit29S0gBWYZR3xXOQtb/OloRmTPjYVMjRfA/vAFRGVLh8DUoiun0A4dtExzmoekFDJW92pP3ga/Nrm+w7n8',
  'TyVIyRxT1vEcIo4LPEIoJa1KwrTjJeTnefvs3BeKC4Eq6LNHpyuG7E8KN3FQqIZs1yo8P0cOVwXrZce8w/i3Bj021GHeOG0r',
  '75y3kHzyebmRqN5XQ+FxwcX7PSDds44036kI+f6ccjLR+CrJ3V/JcW4aOa8n9EKqTgmMK1v5knG/LkBwMcmAiBk3Vc1BVOj1',
  'eBssY6zIGDPm697B7jkSz7T6IP/iejoK',
].join('')

/** Test vector E2: a key whose MD5 begins with zeros. */
export const E2_KEY = 'zeroLeadingMd5Key000000000000036'
/** Test vector E2: a req_info encrypted under the key of E2. */
export const E2_REQ_INFO =
  'gi7Es9GOn5Mavoyy/9wkicgkfeAbRJXnSwSp7g6aR5Vb9ZO3DvukZzHbzQM725oWgRxJwJfYns855Ub7N42pTA=='

/** The merchant's previous API key. */
export const OLD_KEY = 'qazwsxedcrfvtgbyhnujmikolp111111'

/** What the Worker reads from the notice of E1: the refund to query. */
export const E1_HINT = {
  appid: APPID,
  outRefundNo: 'R20240102030405_0001',
  transactionId: '4200000540202401020123456789',
  outTradeNo: 'T20240102030405_0001',
}

/** The AES key of a req_info: the lower-case hex MD5 of the API key. */
export const aesKeyOf = (apiKey: string): string =>
  createHash('md5').update(apiKey, 'utf8').digest('hex')

/** Encrypts the inner XML of a refund notice into a req_info under the API key. */
export function lock(plaintext: string | Uint8Array, apiKey = API_KEY): string {
  const cipher = createCipheriv('aes-256-ecb', aesKeyOf(apiKey), null)
  return Buffer.concat([cipher.update(plaintext), cipher.final()]).toString('base64')
}

/** Decrypts the req_info of a refund notice with the API key. */
export function unlock(reqInfo: string, apiKey = API_KEY): string {
  const decipher = createDecipheriv('aes-256-ecb', aesKeyOf(apiKey), null)
  const plaintext = [decipher.update(Buffer.from(reqInfo, 'base64')), decipher.final()]
  return Buffer.concat(plaintext).toString('utf8')
}

/** The decrypted fields of a genuine notice. */
export const INNER: Message = {
  out_refund_no: 'R20240102030405_0001',
  out_trade_no: 'T20240102030405_0001',
  refund_account: 'REFUND_SOURCE_UNSETTLED_FUNDS',
  refund_fee: '30',
  refund_id: '50000405502024010200000000001',
  refund_recv_accout: '支付用户零钱',
  refund_request_source: 'API',
  refund_status: 'SUCCESS',
  settlement_refund_fee: '30',
  settlement_total_fee: '100',
  success_time: '2024-01-02 03:10:00',
  total_fee: '100',
  transaction_id: '4200000540202401020123456789',
}
/** The fields of a refund notice as XML, with changes. */
export const root = (changes: Changes = {}): string =>
  formatXml(changed(INNER, changes), { root: 'root' })

/** A notice with the req_info of E1, with changes. */
export const notice = (changes: Changes = {}): Uint8Array =>
  utf8(
    formatXml(
      changed(
        {
          return_code: 'SUCCESS',
          appid: APPID,
          mch_id: MCH_ID,
          nonce_str: '5K8264ILTKCH16CQ2502SI8ZNMTM67VS',
          req_info: E1_REQ_INFO,
        },
        changes,
      ),
    ),
  )

/** Reads a notice with the reader of `src`. @param keys The current key, then the old one. */
export const read = (bytes: Uint8Array, keys: readonly string[] = [API_KEY]) =>
  readRefundNotice(
    bytes,
    MERCHANT,
    keys.map((key) => new Secret(key)),
  )
/** Encrypts a plaintext as req_info into a notice, and reads the notice. */
export const readInner = (plaintext: string | Uint8Array, keys?: readonly string[]) =>
  read(notice({ req_info: lock(plaintext) }), keys)
