/** Writes fen as yuan with two decimals: `1234` becomes `12.34`. */
export function formatYuan(fen: number): string {
  const digits = String(Math.abs(fen)).padStart(3, '0')
  return `${fen < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`
}

/**
 * Writes WeChat's service fee as the bill does, with five decimals: 0.60 % of the settled amount, rounded half up to whole fen.
 */
export function formatServiceFee(settledFen: number): string {
  return `${formatYuan(Math.floor((settledFen * 6 + 500) / 1000))}000`
}
