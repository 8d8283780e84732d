/** Writes bills in WeChat's format, and reads them with the reader of `src` that is under test. The writer uses no code of `src`. */
import { gzipSync } from 'node:zlib'
import type { BillRow } from '../../src/core/bill/bill-row.ts'
import type { BillEnd } from '../../src/ports/bill/bill-reader.ts'
import { readBill } from '../../src/wechat/bill/read.ts'

const names = (text: string): readonly string[] => text.split(',')

/** The column names of a bill of type ALL. */
export const ALL = names(
  '交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注',
)
/** Columns of a bill of type ALL for a merchant without coupons of its own: the last three columns are missing. */
export const ALL_WITHOUT_COUPONS = ALL.slice(0, -3)
/** The column names of a bill of type SUCCESS. */
export const SUCCESS = names(
  '交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,商品名称,商户数据包,手续费,费率,订单金额,费率备注',
)
/** The column names of a bill of type REFUND. */
export const REFUND = names(
  '交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,退款申请时间,退款成功时间,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注',
)
/** The column names of a bill of type RECHARGE_REFUND. */
export const RECHARGE_REFUND = [...REFUND, '返还手续费']
/** The column names of a bill of type ALL in the old layout. */
export const OLD_ALL = names(
  '交易时间,公众账号ID,商户号,子商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,总金额,代金券或立减优惠金额,微信退款单号,商户退款单号,退款金额,代金券或立减优惠退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率',
)
/**
 * Columns of a bill of type REFUND from the time between the old and today's layout, when vouchers were called red packets.
 */
export const OLD_REFUND = names(
  '交易时间,公众账号ID,商户号,子商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,总金额,企业红包金额,退款申请时间,退款成功时间,微信退款单号,商户退款单号,退款金额,企业红包退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率',
)
/** The column names of the totals at the end of a bill. */
export const SUMMARY = names(
  '总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额',
)
/** The column names of the totals at the end of a bill of type SUCCESS. */
export const SUCCESS_SUMMARY = names('总交易单数,应结订单总金额,手续费总金额,订单总金额')
/** The column names of the totals at the end of a bill in the old layout. */
export const OLD_SUMMARY = names(
  '总交易单数,总交易额,总退款金额,总代金券或立减优惠退款金额,手续费总金额',
)

/** A row of a bill, as values by column name. */
export type Values = Readonly<Record<string, string>>

/** Adds each value under its old column name, too, so that a row can be written in every layout. */
const named = (values: Values): Values => ({
  子商户号: values['特约商户号'] ?? '',
  总金额: values['订单金额'] ?? '',
  代金券或立减优惠金额: values['代金券金额'] ?? '',
  代金券或立减优惠退款金额: values['充值券退款金额'] ?? '',
  企业红包金额: values['代金券金额'] ?? '',
  企业红包退款金额: values['充值券退款金额'] ?? '',
  ...values,
})

/** A row of a payment of 88.00 yuan. */
export const payment = (changes: Values = {}): Values =>
  named({
    交易时间: '2026-11-22 10:00:00',
    公众账号ID: 'wxab8acd895ab1638a',
    商户号: '1921000401',
    特约商户号: '0',
    设备号: '',
    微信订单号: '4200002811202611229900000001',
    商户订单号: 'SHOP-1001',
    用户标识: 'oHkLxtx0vUqe-18p_AXTZ1innxkCY',
    交易类型: 'JSAPI',
    交易状态: 'SUCCESS',
    付款银行: 'OTHERS',
    货币种类: 'CNY',
    应结订单金额: '88.00',
    代金券金额: '0.00',
    微信退款单号: '0',
    商户退款单号: '0',
    退款金额: '0.00',
    充值券退款金额: '0.00',
    退款类型: '',
    退款状态: '',
    退款申请时间: '',
    退款成功时间: '',
    商品名称: '校服',
    商户数据包: '',
    手续费: '0.52800',
    费率: '0.60%',
    订单金额: '88.00',
    申请退款金额: '0.00',
    费率备注: '',
    返还手续费: '0.00000',
    ...changes,
  })

/** A row of a refund of 8.00 yuan. */
export const refund = (changes: Values = {}): Values =>
  payment({
    交易状态: 'REFUND',
    交易时间: '2026-11-22 11:00:00',
    退款申请时间: '2026-11-22 11:00:00',
    退款成功时间: '2026-11-22 11:00:09',
    应结订单金额: '0.00',
    微信退款单号: '50000709672026112201908420787',
    商户退款单号: 'R-1001-1',
    退款金额: '8.00',
    退款类型: 'ORIGINAL',
    退款状态: 'SUCCESS',
    手续费: '-0.04800',
    订单金额: '0.00',
    申请退款金额: '8.00',
    ...changes,
  })

/** Formats a whole number with decimals: 12345n with two places → `123.45`. */
export function decimal(amount: bigint, places: number): string {
  const digits = (amount < 0n ? -amount : amount).toString().padStart(places + 1, '0')
  return `${amount < 0n ? '-' : ''}${digits.slice(0, -places)}.${digits.slice(-places)}`
}

/** The digits of an amount as a whole number; zero for a text that is not an amount with that many decimals. */
const scaled = (text: string, places: number): bigint =>
  new RegExp(`^-?\\d+\\.\\d{${places}}$`).test(text) ? BigInt(text.replace('.', '')) : 0n

/** The total line that WeChat would write: sums of the columns, under today's and the old names. */
export function summaryOf(rows: readonly Values[]): Values {
  const sum = (column: string, places: number): string =>
    decimal(
      rows.reduce((total, row) => total + scaled(row[column] ?? '', places), 0n),
      places,
    )
  return {
    总交易单数: String(rows.length),
    应结订单总金额: sum('应结订单金额', 2),
    退款总金额: sum('退款金额', 2),
    充值券退款总金额: '0.00',
    手续费总金额: sum('手续费', 5),
    订单总金额: sum('订单金额', 2),
    申请退款总金额: sum('申请退款金额', 2),
    总交易额: sum('总金额', 2),
    总退款金额: sum('退款金额', 2),
    总代金券或立减优惠退款金额: '0.00',
  }
}

const cells = (columns: readonly string[], values: Values): string =>
  columns.map((column) => `\`${values[column] ?? ''}`).join(',')

/** The content and layout of a bill to write. Everything but the rows has a default. */
export type BillPlan = Readonly<{
  rows: readonly Values[]
  columns?: readonly string[]
  /** Lines that are written instead of the rows, for malformed bills. */
  lines?: readonly string[]
  summaryColumns?: readonly string[]
  /** Values by column name that replace the computed totals. */
  summary?: Values
  lineEnd?: string
  /** What the bill file begins with; default the BOM. */
  begin?: string
  /** What the bill file ends with; default the line end. */
  end?: string
}>

/** Formats a row of a bill as a line of the file. */
export const rowLine = (values: Values, columns = ALL): string => cells(columns, values)

/** Writes a whole bill file as text. */
export function writeBill(plan: BillPlan): string {
  const { rows, columns = ALL, summaryColumns = SUMMARY, lineEnd = '\r\n' } = plan
  return (
    (plan.begin ?? '\uFEFF') +
    [
      columns.join(','),
      ...(plan.lines ?? rows.map((row) => cells(columns, row))),
      summaryColumns.join(','),
      cells(summaryColumns, { ...summaryOf(rows), ...plan.summary }),
    ].join(lineEnd) +
    (plan.end ?? lineEnd)
  )
}

/** Encodes text as UTF-8. */
export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
/** Packs bytes with gzip. */
export const gzip = (bytes: Uint8Array): Uint8Array => new Uint8Array(gzipSync(bytes))

/**
 * Makes a stream of chunks. Its `state` tells how many chunks were taken, and whether the reader cancelled the stream.
 *
 * @param broken The stream fails at the end.
 */
export function sourceOf(chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>, broken = false) {
  const state = { taken: 0, isCancelled: false }
  const left =
    Symbol.iterator in chunks ? chunks[Symbol.iterator]() : chunks[Symbol.asyncIterator]()
  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const next = await left.next()
        if (next.done !== true) {
          state.taken++
          controller.enqueue(next.value)
        } else if (broken) controller.error(new Error('connection reset'))
        else controller.close()
      },
      cancel() {
        state.isCancelled = true
      },
    },
    { highWaterMark: 0 },
  )
  return { stream, state }
}

/** What the reader of `src` returned: the sizes of the pages, all rows, and the result at the end. */
export type Reading = Readonly<{ pages: readonly number[]; rows: readonly BillRow[]; end: BillEnd }>

/** Reads a whole bill, page by page, with the bill reader of `src`. */
export async function readAll(
  chunks: Iterable<Uint8Array>,
  { pageRows = 1_000, afterRow = 0, broken = false } = {},
): Promise<Reading> {
  const pages: number[] = []
  const rows: BillRow[] = []
  const bill = readBill(sourceOf(chunks, broken).stream, { pageRows, afterRow })
  for (;;) {
    const next = await bill.next()
    if (next.done === true) return { pages, rows, end: next.value }
    pages.push(next.value.rows.length)
    rows.push(...next.value.rows)
  }
}

/** Reads a text. */
export const readText = (text: string): Promise<Reading> => readAll([bytesOf(text)])
/** Writes a bill and reads it with the bill reader of `src`. */
export const readPlan = (plan: BillPlan): Promise<Reading> => readText(writeBill(plan))
