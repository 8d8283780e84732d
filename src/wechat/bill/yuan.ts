/** WeChat's bills are in yuan. Read by text: as a float, 9.8 yuan would be 980.0000000000001 fen. */
import { type Fen, toFen } from '../../core/money.ts'

const FEN_PLACES = 2
const MILLIFEN_PLACES = 5

/** Ten digits of yuan: a day of any merchant, and exact in thousandths of a fen. */
const YUAN = /^(-?)(0|[1-9]\d{0,9})(?:\.(\d{1,8}))?$/

/**
 * Reads an amount in yuan: `88`, `88.0`, `88.00`. What is smaller than a fen must be zeros.
 *
 * @returns `undefined` for anything else, a negative amount among it, never a guess.
 */
export function parseYuan(text: string): Fen | undefined {
  if (text.startsWith('-')) return undefined
  const fen = parseScaled(text, FEN_PLACES)
  return fen === undefined ? undefined : toFen(fen)
}

/**
 * Reads an amount in yuan of either sign, as service fees are written: `0.01000`, `-0.00600`.
 *
 * @returns thousandths of a fen, or `undefined` for what is no exact number of them.
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
  return sign === '' || amount === 0 ? amount : -amount // and no negative zero
}
