/** A bill, read by WeChat's published rules only: values by column name. Independent of the reader in `src`. */
export type ReadBill = {
  header: string[]
  rows: Record<string, string>[]
  totals: Record<string, string>
}

/** Reads the text of a bill. @throws Error when the text breaks a rule of the format. */
export function readBill(text: string): ReadBill {
  if (!text.startsWith('\uFEFF')) throw new Error('no BOM')
  if (!text.endsWith('\r\n')) throw new Error('no CRLF at the end')
  const lines = text.slice(1, -2).split('\r\n')
  const at = lines.findLastIndex((line) => line.startsWith('总交易单数,'))
  if (at !== lines.length - 2) throw new Error('no totals at the end')
  const header = lines[0]?.split(',') ?? []
  return {
    header,
    rows: lines.slice(1, at).map((line) => zip(header, valuesOf(line))),
    totals: zip(lines[at]?.split(',') ?? [], valuesOf(lines[at + 1] ?? '')),
  }
}

/** Reads an amount in yuan as fen: `12.34` → 1234. @throws Error for anything but two decimals. */
export function fenOf(yuan: string | undefined): number {
  const [, sign, whole, part] = /^(-?)(\d+)\.(\d\d)$/.exec(yuan ?? '') ?? []
  if (whole === undefined || part === undefined) throw new Error(`${yuan} is no amount`)
  return (sign === '-' ? -1 : 1) * (Number(whole) * 100 + Number(part))
}

function valuesOf(line: string): string[] {
  if (!line.startsWith('`')) throw new Error(`no backtick: ${line}`)
  return line.slice(1).split(',`')
}

function zip(names: string[], values: string[]): Record<string, string> {
  if (names.length !== values.length) {
    throw new Error(`${names.length} names for ${values.length} values: ${values.join(' | ')}`)
  }
  return Object.fromEntries(names.map((name, n) => [name, values[n] ?? '']))
}
