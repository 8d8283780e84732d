/** A second reading of a bill file, from WeChat's documentation alone: whole, line by line, amounts as integers. */
import { gunzipSync } from 'node:zlib'

/** A row of a bill. Amounts are fen; `isOdd` when a value is not as WeChat writes it, so that the row must be a difference. */
export type ReadRow = Readonly<{
  kind: 'payment' | 'refund' | 'revoked'
  time: string
  appid: string
  transactionId: string
  outTradeNo: string
  outRefundNo: string
  fee: number
  isOdd: boolean
}>

/** A bill that ends with its totals. `totals` has WeChat's totals that are not the sums of the rows. */
export type ReadBill = Readonly<{
  rows: readonly ReadRow[]
  wrongTotals: readonly string[]
}>

/** The totals, and the column of which each is the sum; undefined for the number of rows. */
const TOTALS: Readonly<Record<string, string | undefined>> = {
  总交易单数: undefined,
  应结订单总金额: '应结订单金额',
  退款总金额: '退款金额',
  手续费总金额: '手续费',
  订单总金额: '订单金额',
  申请退款总金额: '申请退款金额',
}

/** The columns that every bill of the present layouts has. */
const NEEDED = ['交易时间', '公众账号ID', '微信订单号', '商户订单号', '用户标识', '交易状态', '手续费', '应结订单金额'] as const // prettier-ignore
const FREE = ['商品名称', '商户数据包']

/**
 * Reads a file.
 *
 * @returns `broken` when it is no whole bill; `other` when it is one in a layout that this reading does not cover.
 */
export function readFile(bytes: Uint8Array): ReadBill | 'broken' | 'other' {
  let plain = bytes
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    try {
      plain = gunzipSync(bytes)
    } catch {
      return 'broken'
    }
  }
  const lines = new TextDecoder()
    .decode(plain)
    .split('\n')
    .map((line) => line.replace(/\r$/, ''))
    .filter((line) => line.trim() !== '')
  const [head = '', ...rest] = lines
  const [names = '', values = ''] = rest.slice(-2)
  if (rest.length < 2 || !names.startsWith('总交易单数') || !values.startsWith('`')) return 'broken'
  const columns = head.split(',')
  const isUsual = NEEDED.every((name) => columns.filter((each) => each === name).length === 1)
  if (!isUsual || new Set(columns).size !== columns.length) return 'other'
  const texts: string[] = []
  for (const line of rest.slice(0, -2)) {
    if (line.startsWith('`') || texts.length === 0) texts.push(line)
    else texts.push(`${texts.pop() ?? ''}\n${line}`)
  }
  const cells = texts.map((text) => cellsOf(columns, text))
  return {
    rows: cells.map(rowOf),
    wrongTotals: wrongTotals(names.split(','), values.slice(1).split(',`'), cells, columns),
  }
}

type Cells = Readonly<{ get: (column: string) => string; isOdd: boolean }>

function cellsOf(columns: readonly string[], text: string): Cells {
  const fields = text.slice(1).split(',`')
  const free = Math.min(...FREE.map((name) => columns.indexOf(name)).filter((at) => at >= 0))
  const get = (column: string): string => {
    const at = columns.indexOf(column)
    if (at < 0) return ''
    return fields.at(at > free ? at - columns.length : at) ?? ''
  }
  return { get, isOdd: !text.startsWith('`') || fields.length < columns.length }
}

function rowOf({ get, isOdd }: Cells): ReadRow {
  const state = get('交易状态')
  const hasRefund = !['', '0'].includes(get('微信退款单号'))
  const payment = hasRefund ? 'refund' : 'payment'
  const kind = { SUCCESS: payment, REFUND: 'refund', REVOKED: 'revoked' }[state]
  const isRefund = kind === 'refund'
  const [own, short] = isRefund ? ['申请退款金额', '退款金额'] : ['订单金额', '应结订单金额']
  const amount = get(own) === '' ? get(short) : get(own)
  const fee = fen(amount)
  return {
    kind: (kind ?? 'payment') as ReadRow['kind'],
    time: isRefund && get('退款申请时间') !== '' ? get('退款申请时间') : get('交易时间'),
    appid: get('公众账号ID'),
    transactionId: get('微信订单号'),
    outTradeNo: get('商户订单号'),
    outRefundNo: get('商户退款单号'),
    fee: fee ?? 0,
    isOdd:
      isOdd ||
      kind === undefined ||
      fee === undefined ||
      (get(short) !== '' && fen(get(short)) === undefined) ||
      !/^-?\d+(\.\d+)?$/.test(get('手续费')) ||
      !/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(get('交易时间')),
  }
}

/** The names of the totals that are not the sums of their columns. */
const wrongTotals = (
  names: readonly string[],
  values: readonly string[],
  rows: readonly Cells[],
  columns: readonly string[],
): readonly string[] =>
  names.filter((name, n) => {
    const column = TOTALS[name]
    // Of a name that stands twice, the first counts. A total of a column that the bill does not have proves nothing.
    if (
      !(name in TOTALS) ||
      names.indexOf(name) !== n ||
      (column !== undefined && !columns.includes(column))
    )
      return false
    const stated = digits(values[n] ?? '')
    if (column === undefined) return stated !== BigInt(rows.length) * SCALE
    // An amount that is none adds nothing. Only a fee may be negative.
    const amount = (text: string): bigint | undefined =>
      column === '手续费' || fen(text) !== undefined ? digits(text) : undefined
    const cells = rows.map(({ get }) => amount(get(column)))
    return stated !== cells.reduce<bigint>((sum, each) => sum + (each ?? 0n), 0n)
  })

const SCALE = 100_000_000n

/** A decimal number in units of its eighth decimal; undefined for anything else. */
function digits(text: string): bigint | undefined {
  const [, sign, whole, part = ''] = /^(-?)(\d{1,10})(?:\.(\d{1,8}))?$/.exec(text) ?? []
  if (whole === undefined) return undefined
  const amount = BigInt(whole) * SCALE + BigInt(part.padEnd(8, '0'))
  return sign === '-' ? -amount : amount
}

function fen(text: string): number | undefined {
  const amount = text.startsWith('-') ? undefined : digits(text)
  return amount === undefined || amount % (SCALE / 100n) !== 0n
    ? undefined
    : Number(amount / (SCALE / 100n))
}
