import { OUT_TRADE_NO_CHARS_MIN, TOTAL_FEE_MAX_FEN } from '../lib/limits.ts'
import type { ParameterRule } from './parameter-rule.ts'

/** The order number: letters, digits and `_-|*`; 6 to 32 of them. */
export const OUT_TRADE_NO: ParameterRule = {
  bytesMax: 32,
  bytesMin: OUT_TRADE_NO_CHARS_MIN,
  format: (value) => /^[0-9A-Za-z_\-|*]+$/.test(value),
}
/** Whole fen, no sign, no leading zero. */
export function isTotalFee(value: string): boolean {
  return /^[1-9]\d{0,9}$/.test(value) && Number(value) <= TOTAL_FEE_MAX_FEN
}
