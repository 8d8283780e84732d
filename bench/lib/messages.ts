/** Messages of WeChat, written from the protocol and without code of `src`. */
import { createHash } from 'node:crypto'
import { DEMO_MERCHANT } from '../../simulator/server/demo-merchant.ts'

/** The fields of a message by name. */
export type Fields = Readonly<Record<string, string>>

/** The merchant of the bench, whom the simulated WeChat knows. */
export const MERCHANT = DEMO_MERCHANT
export const CLIENT = {
  openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o',
  ip: '117.136.40.125',
  notifyUrl: 'https://pay.example.com/notify',
} as const
/** What every order of the bench costs, in fen. */
export const TOTAL_FEE = 8_800

/** A usual unifiedorder, without nonce_str and sign. */
export const UNIFIED: Fields = {
  appid: MERCHANT.appid,
  mch_id: MERCHANT.mchId,
  body: '深烘拼配 500g',
  attach: 'store=12;cart=88213',
  out_trade_no: '20261128-000001-K7X2',
  fee_type: 'CNY',
  total_fee: String(TOTAL_FEE),
  spbill_create_ip: CLIENT.ip,
  time_start: '20261128120000',
  time_expire: '20261128140000',
  notify_url: CLIENT.notifyUrl,
  trade_type: 'JSAPI',
  openid: CLIENT.openid,
}

/** The fields of a usual notice about a payment, without sign. @param timeEnd Beijing time, `yyyyMMddHHmmss`. */
export const noticeFields = (
  outTradeNo: string,
  transactionId: string,
  timeEnd = '20261128120405',
): Fields => ({
  appid: MERCHANT.appid,
  attach: 'store=12;cart=88213',
  bank_type: 'CMB_DEBIT',
  cash_fee: String(TOTAL_FEE),
  cash_fee_type: 'CNY',
  device_info: '',
  fee_type: 'CNY',
  is_subscribe: 'N',
  mch_id: MERCHANT.mchId,
  nonce_str: '5K8264ILTKCH16CQ2502SI8ZNMTM67VS',
  openid: CLIENT.openid,
  out_trade_no: outTradeNo,
  result_code: 'SUCCESS',
  return_code: 'SUCCESS',
  time_end: timeEnd,
  total_fee: String(TOTAL_FEE),
  trade_type: 'JSAPI',
  transaction_id: transactionId,
})

/** The same fields with `sign`, by MD5. */
export function signed(fields: Fields): Fields {
  const text = Object.keys(fields)
    .sort()
    .filter((name) => fields[name] !== '')
    .map((name) => `${name}=${fields[name]}`)
    .join('&')
  const sign = createHash('md5').update(`${text}&key=${MERCHANT.apiKey}`).digest('hex')
  return { ...fields, sign: sign.toUpperCase() }
}

/** Writes a message as WeChat does: one element a line, each value a CDATA section. */
export const xmlOf = (fields: Fields): string =>
  `<xml>${Object.entries(fields)
    .map(([name, value]) => `<${name}><![CDATA[${value}]]></${name}>`)
    .join('\n')}\n</xml>`

/** A time as WeChat writes it: Beijing time, `yyyyMMddHHmmss`. */
export const beijing = (ms: number): string =>
  new Date(ms + 8 * 3_600_000).toISOString().replace(/\D/g, '').slice(0, 14)
