/** Writes fen as yuan with two decimals: `1234` becomes `12.34`. */
export function formatYuan(fen: number): string {
  const digits = String(Math.abs(fen)).padStart(3, '0')
  return `${fen < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`
}

/** The merchant's fee rate in hundredths of a percent: 0.60 %. */
export const FEE_BASIS_POINTS = 60

/** Writes a fee rate in hundredths of a percent as the bill does: `60` becomes `0.60%`. */
export function formatFeeRate(basisPoints: number): string {
  return `${formatYuan(basisPoints)}%`
}

/**
 * Writes WeChat's service fee as the bill does, with five decimals: the fee rate of the settled amount, rounded half up to whole
 * fen.
 */
export function formatServiceFee(settledFen: number, basisPoints = FEE_BASIS_POINTS): string {
  return `${formatYuan(Math.floor((settledFen * basisPoints + 5_000) / 10_000))}000`
}
