/**
 * Parses amounts in yuan, the unit of WeChat's bills. The digits are converted without floating point, because
 * 9.8 yuan times 100 would be 980.0000000000001 fen.
 */
import { type Fen, toFen } from '../../core/money.ts'

const FEN_PLACES = 2
const MILLIFEN_PLACES = 5

/**
 * The format of an amount in yuan. Ten digits before the decimal point are enough for a day of any
 * merchant, and the amount in 1/1000 fen is still an exact integer.
 */
const YUAN = /^(-?)(0|[1-9]\d{0,9})(?:\.(\d{1,8}))?$/

/**
 * Parses an amount in yuan, such as `88`, `88.0` or `88.00`. Digits after the second decimal place must be
 * zeros.
 *
 * @returns fen; `undefined` for a negative amount and for any other text.
 */
export function parseYuan(text: string): Fen | undefined {
  if (text.startsWith('-')) return undefined
  const fen = parseScaled(text, FEN_PLACES)
  return fen === undefined ? undefined : toFen(fen)
}

/**
 * Parses a service fee in yuan, positive or negative, such as `0.01000` or `-0.00600`.
 *
 * @returns 1/1000 fen; `undefined` for a fraction of 1/1000 fen and for any other text.
 */
export function parseYuanMillifen(text: string): number | undefined {
  return parseScaled(text, MILLIFEN_PLACES)
}

function parseScaled(text: string, places: number): number | undefined {
  const parts = YUAN.exec(text)
  if (parts === null) return undefined
  const [, sign = '', whole = '', fraction = ''] = parts
  if (/[^0]/.test(fraction.slice(places))) return undefined
  const amount = Number(whole + fraction.slice(0, places).padEnd(places, '0'))
  return sign === '' || amount === 0 ? amount : -amount // `-0.00` becomes 0, not negative zero
}
