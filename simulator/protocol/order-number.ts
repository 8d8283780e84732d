import { OUT_TRADE_NO_CHARS_MIN, TOTAL_FEE_MAX_FEN } from '../lib/limits.ts'
import type { ParameterRule } from './parameter-rule.ts'

/** The rule for out_trade_no: 6 to 32 letters, digits and `_-|*`. */
export const OUT_TRADE_NO: ParameterRule = {
  bytesMax: 32,
  bytesMin: OUT_TRADE_NO_CHARS_MIN,
  format: (value) => /^[0-9A-Za-z_\-|*]+$/.test(value),
}

/** Whether a value is an amount: whole fen, at least 1, no sign, no leading zero, at most `TOTAL_FEE_MAX_FEN`. */
export function isTotalFee(value: string): boolean {
  return /^[1-9]\d{0,9}$/.test(value) && Number(value) <= TOTAL_FEE_MAX_FEN
}
