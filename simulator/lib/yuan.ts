/** `1234` fen are `12.34` yuan. */
export function formatYuan(fen: number): string {
  const digits = String(Math.abs(fen)).padStart(3, '0')
  return `${fen < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`
}
/** 0.60 % of what is settled, to the whole fen, halves up; the bill prints it with five decimals. */
export function formatServiceFee(settledFen: number): string {
  return `${formatYuan(Math.floor((settledFen * 6 + 500) / 1000))}000`
}
