import { parseBeijingTime } from '../lib/clock.ts'
import { isIpAddress } from '../lib/ip-address.ts'
import { isTotalFee, OUT_TRADE_NO } from '../protocol/order-number.ts'
import type { ParameterRule } from '../protocol/parameter-rule.ts'
import { BAD_CREATE_IP, BAD_TOTAL_FEE } from '../protocol/refusals.ts'

const ID_TYPES = [
  'IDCARD',
  'HONGKONG_MACAO',
  'HONGKONG_MACAO_RESIDENT',
  'TAIWAN_RESIDENT',
  'FOREIGN_RESIDENT',
  'OVERSEA_PASSPORT',
]

const TRADE_TYPES = ['JSAPI', 'NATIVE', 'APP', 'MWEB']

/**
 * The rules for every parameter of unifiedorder in WeChat's document for merchants; the parameters for service providers are
 * not among them. Lengths are in UTF-8 bytes.
 * @see https://pay.weixin.qq.com/doc/v2/merchant/4011940985
 */
export const UNIFIED_ORDER_PARAMETERS: Readonly<Record<string, ParameterRule>> = {
  device_info: { bytesMax: 32 },
  body: { required: true, bytesMax: 127 },
  detail: { bytesMax: 6000, format: isDetail },
  attach: { bytesMax: 127 },
  out_trade_no: { ...OUT_TRADE_NO, required: true },
  fee_type: { bytesMax: 16, format: (value) => value === 'CNY' },
  total_fee: { required: true, bytesMax: 32, format: isTotalFee, refusal: BAD_TOTAL_FEE },
  spbill_create_ip: { required: true, bytesMax: 64, format: isIpAddress, refusal: BAD_CREATE_IP },
  time_start: { bytesMax: 14, format: isTime },
  time_expire: { bytesMax: 14, format: isTime },
  goods_tag: { bytesMax: 32 },
  notify_url: { required: true, bytesMax: 256 },
  trade_type: { required: true, bytesMax: 16, format: (value) => TRADE_TYPES.includes(value) },
  product_id: { bytesMax: 32 },
  limit_pay: { bytesMax: 32, format: (value) => value === 'no_credit' },
  openid: { bytesMax: 128 },
  receipt: { bytesMax: 8, format: (value) => value === 'Y' },
  profit_sharing: { bytesMax: 16, format: (value) => value === 'Y' || value === 'N' },
  scene_info: { bytesMax: 256, format: isSceneInfo },
  version: { bytesMax: 32, format: (value) => value === '1.0' },
  user_type: { bytesMax: 32, format: (value) => ID_TYPES.includes(value) },
  user_creid: { bytesMax: 32 },
  user_truename: { bytesMax: 64 },
}

function isTime(value: string): boolean {
  return parseBeijingTime(value) !== undefined
}

function isDetail(value: string): boolean {
  const detail = parseObject(value)
  if (detail === undefined) return false
  const goods = detail['goods_detail']
  return goods === undefined || (Array.isArray(goods) && goods.every(isGoods))
}

function isGoods(value: unknown): boolean {
  if (!isObject(value)) return false
  const { goods_id: id, quantity, price } = value
  return typeof id === 'string' && id !== '' && isCount(quantity) && isCount(price)
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

function isSceneInfo(value: string): boolean {
  const store = parseObject(value)?.['store_info']
  return isObject(store) && typeof store['id'] === 'string' && store['id'] !== ''
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
