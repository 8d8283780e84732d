/**
 * Parses amounts in yuan, the unit of WeChat's bills. As a float, 9.8 yuan would be 980.0000000000001 fen,
 * so the text is converted without floats.
 */
import { type Fen, toFen } from '../../core/money.ts'

const FEN_PLACES = 2
const MILLIFEN_PLACES = 5

/** Up to ten digits of yuan: enough for a day of any merchant, and exact in thousandths of a fen. */
const YUAN = /^(-?)(0|[1-9]\d{0,9})(?:\.(\d{1,8}))?$/

/**
 * Parses an amount in yuan: `88`, `88.0`, `88.00`. Digits below one fen must be zeros.
 *
 * @returns fen; `undefined` for any other text, a negative amount included.
 */
export function parseYuan(text: string): Fen | undefined {
  if (text.startsWith('-')) return undefined
  const fen = parseScaled(text, FEN_PLACES)
  return fen === undefined ? undefined : toFen(fen)
}

/**
 * Parses an amount in yuan of either sign, as service fees are written: `0.01000`, `-0.00600`.
 *
 * @returns thousandths of a fen; `undefined` for text that is not an exact number of them.
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
  return sign === '' || amount === 0 ? amount : -amount // avoids negative zero
}
