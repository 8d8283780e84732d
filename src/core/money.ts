import { invariant } from '../lib/result.ts'

declare const fen: unique symbol
/**
 * Money in fen (分, 1/100 CNY): a safe integer, never negative. WeChat's messages state amounts in fen, only
 * its bills in yuan.
 */
export type Fen = number & { readonly [fen]: true }

/** WeChat's limit for one order: ten million yuan, in fen. */
export const ORDER_FEN_MAX = 1_000_000_000

/**
 * The maximum number of digits of an amount. Ten digits hold more than the largest order, and are far below
 * `Number.MAX_SAFE_INTEGER`.
 */
const FEN_DIGITS_MAX = 10

/**
 * Reads an amount as WeChat writes it: ASCII digits, no sign, no point, no leading zero.
 *
 * @returns `undefined` for anything else (`"1.00"`, `"0100"`, `" 1"`, `"1e3"`), never a guess.
 */
export function parseFen(text: string): Fen | undefined {
  if (text.length > FEN_DIGITS_MAX || !/^(0|[1-9]\d*)$/.test(text)) return undefined
  return Number(text) as Fen
}

/** Casts an amount that was checked before. Throws if it is negative or not an integer, which is a bug. */
export function toFen(amount: number): Fen {
  invariant(Number.isSafeInteger(amount) && amount >= 0, `not an amount in fen: ${amount}`)
  return amount as Fen
}
