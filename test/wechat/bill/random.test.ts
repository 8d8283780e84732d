import { describe, expect, it } from 'vitest'
import {
  ALL,
  bytesOf,
  decimal,
  gzip,
  OLD_ALL,
  OLD_SUMMARY,
  payment,
  readAll,
  REFUND,
  refund,
  SUCCESS,
  SUMMARY,
  type Values,
  writeBill,
} from '../../../testing/wire/bill-writer.ts'
import { seeded } from '../../../testing/wire/seeded.ts'

type Chance = ReturnType<typeof seeded>

const BILLS = 300

const LAYOUTS = { ALL, SUCCESS, REFUND, OLD_ALL }
type Layout = keyof typeof LAYOUTS

const PIECES = [
  ',',
  '`',
  ',`',
  '\n',
  '\r\n',
  '\r',
  '总交易单数,应结订单总金额',
  '校服',
  'é',
  '😀',
  '"',
  '\uFEFF',
  '0.00',
  ' ',
  'SUCCESS',
  '<xml>',
] as const

/** A random text that does not look like the beginning of a row. */
function anyText(chance: Chance): string {
  const text = Array.from({ length: chance.below(8) }, () => chance.pick(PIECES)).join('')
  return text.replace(/\n`/g, '\n.`')
}

const digits = (chance: Chance, length: number): string =>
  Array.from({ length }, () => chance.below(10)).join('')

/** Seconds of a day, as a bill of 22 November 2026 writes them. */
const beijing = (second: number): string =>
  `2026-11-22 ${new Date(second * 1_000).toISOString().slice(11, 19)}`

type Row = Readonly<{ values: Values; expected: Readonly<Record<string, unknown>> }>

/** A random row: its columns as written, and the values that must be read. */
function anyRow(chance: Chance, layout: Layout): Row {
  const isOld = layout === 'OLD_ALL'
  const isRefund = layout === 'REFUND' || (layout !== 'SUCCESS' && chance.below(3) === 0)
  const second = chance.below(86_400)
  const total = chance.below(20_000_000)
  const settlement = chance.below(total + 1)
  const fee = chance.below(2_000_000) - 500_000
  const ids = {
    transactionId: `42${digits(chance, 26)}`,
    outTradeNo: `S-${digits(chance, 1 + chance.below(20))}`,
    openid: chance.below(5) === 0 ? '' : `o${digits(chance, 27)}`,
    refundId: `50${digits(chance, 27)}`,
    outRefundNo: `R-${digits(chance, 8)}`,
  }
  const written = {
    交易时间: beijing(second),
    退款申请时间: beijing(second),
    微信订单号: ids.transactionId,
    商户订单号: ids.outTradeNo,
    用户标识: ids.openid,
    商品名称: anyText(chance),
    商户数据包: anyText(chance),
    手续费: decimal(BigInt(fee), 5),
  }
  const line = {
    appid: 'wxab8acd895ab1638a',
    transactionId: ids.transactionId,
    outTradeNo: ids.outTradeNo,
    at: Date.parse('2026-11-21T16:00:00Z') / 1_000 + second,
    serviceFee: fee,
    rate: '0.60%',
    // Only bills before 2018 do not state the settled amount beside the amount of the order.
    feeBase: isOld
      ? { least: 0, most: isRefund ? settlement : total }
      : { least: settlement, most: settlement },
  }
  const [totalText, settlementText] = [decimal(BigInt(total), 2), decimal(BigInt(settlement), 2)]
  if (isRefund) {
    const { refundId, outRefundNo } = ids
    return {
      values: refund({
        ...written,
        微信退款单号: refundId,
        商户退款单号: outRefundNo,
        申请退款金额: totalText,
        退款金额: settlementText,
      }),
      expected: {
        kind: 'refund',
        ...line,
        refundId,
        outRefundNo,
        refundFee: isOld ? settlement : total,
        settlementRefundFee: settlement,
        refundStatus: 'SUCCESS',
      },
    }
  }
  return {
    values: payment({
      ...written,
      订单金额: totalText,
      应结订单金额: settlementText,
      总金额: totalText,
    }),
    expected: {
      kind: 'payment',
      ...line,
      openid: ids.openid,
      tradeType: 'JSAPI',
      feeType: 'CNY',
      totalFee: total,
      settlementTotalFee: isOld ? total : settlement,
    },
  }
}

const sum = (rows: readonly Values[], column: string): bigint =>
  rows.reduce((total, row) => total + BigInt((row[column] ?? '0').replace('.', '')), 0n)

function* pieces(bytes: Uint8Array, chance: Chance): Generator<Uint8Array> {
  const longest = chance.pick([9, 90, 900, 90_000])
  for (let at = 0; at < bytes.length;) {
    const length = 1 + chance.below(longest)
    yield bytes.slice(at, at + length)
    at += length
  }
}

describe('a random bill', () => {
  it('is read as it was written, however it was compressed and split', async () => {
    for (let seed = 1; seed <= BILLS; seed++) {
      const chance = seeded(seed)
      const layout = chance.pick<Layout>(['ALL', 'SUCCESS', 'REFUND', 'OLD_ALL'])
      const isOld = layout === 'OLD_ALL'
      const written = Array.from({ length: chance.below(30) }, () => anyRow(chance, layout))
      const rows = written.map(({ values }) => values)
      const lineEnd = chance.pick(['\r\n', '\n'])
      const text = writeBill({
        columns: LAYOUTS[layout],
        rows,
        lineEnd,
        summaryColumns: isOld ? OLD_SUMMARY : SUMMARY,
        begin: chance.pick(['\uFEFF', '']),
        end: chance.pick([lineEnd, '']),
      })
      const bytes = chance.below(2) === 0 ? bytesOf(text) : gzip(bytesOf(text))
      const afterRow = chance.below(3) === 0 ? chance.below(rows.length + 2) : 0
      const read = await readAll(pieces(bytes, chance), { pageRows: 1 + chance.below(9), afterRow })

      const where = `seed ${seed}: ${layout}, ${JSON.stringify(text)}`
      expect(read.rows, where).toEqual(
        written.map(({ expected }, at) => ({ ...expected, row: at + 1 })).slice(afterRow),
      )
      const refunds = written.filter(({ expected }) => expected['kind'] === 'refund').length
      const total = isOld ? '总金额' : '订单金额'
      expect(read.end, where).toMatchObject({
        whole: true,
        read: {
          rows: rows.length,
          payments: rows.length - refunds,
          refunds,
          totalFee: Number(sum(rows, total)),
          settlementTotalFee: Number(sum(rows, isOld ? total : '应结订单金额')),
          refundFee:
            layout === 'SUCCESS' ? 0 : Number(sum(rows, isOld ? '退款金额' : '申请退款金额')),
          settlementRefundFee: Number(sum(rows, '退款金额')),
          serviceFee: Number(sum(rows, '手续费')),
        },
        differing: [],
      })
    }
  })

  it('has no additional rows when some bytes are missing, and never throws', async () => {
    for (let seed = 1; seed <= BILLS; seed++) {
      const chance = seeded(seed)
      const written = Array.from({ length: 3 + chance.below(5) }, () => anyRow(chance, 'ALL'))
      const bytes = bytesOf(writeBill({ rows: written.map(({ values }) => values) }))
      const at = chance.below(bytes.length)
      const length = 1 + chance.below(200)
      const left = new Uint8Array([...bytes.slice(0, at), ...bytes.slice(at + length)])
      const { rows, end } = await readAll(pieces(left, chance))

      const readable = rows.filter(({ kind }) => kind !== 'unreadable').length
      expect(readable, `seed ${seed}`).toBeLessThanOrEqual(written.length)
      if (end.whole) expect(end.read.rows, `seed ${seed}`).toBe(rows.length)
    }
  })
})
