import { describe, expect, it } from 'vitest'
import { readHeader } from '../../../src/wechat/bill/columns.ts'

const NAMES =
  '交易时间,公众账号ID,微信订单号,商户订单号,用户标识,交易类型,交易状态,货币种类,应结订单金额,商品名称,商户数据包,手续费,费率,订单金额'.split(
    ',',
  )
const header = (names: readonly string[]) => {
  const columns = readHeader(names.join(','))
  if (typeof columns === 'string') throw new Error(columns)
  return columns
}

describe('the columns of a bill', () => {
  it('count from the left before the merchant’s text, and from the right after it', () => {
    expect(header(NAMES)).toMatchObject({
      count: 14,
      isElastic: true,
      tradeTime: { name: '交易时间', at: 0 },
      settlementTotalFee: { name: '应结订单金额', at: 8 },
      serviceFee: { name: '手续费', at: -3 },
      totalFee: { name: '订单金额', at: -1 },
      isSettlementStated: true,
    })
  })

  it('count from the right when the merchant’s text is the first of them', () => {
    const rest = NAMES.filter((name) => !['商品名称', '商户数据包'].includes(name))

    expect(header(['商品名称', ...rest])).toMatchObject({
      isElastic: true,
      tradeTime: { at: -12 },
      totalFee: { at: -1 },
    })
    expect(header(rest)).toMatchObject({ isElastic: false, tradeTime: { at: 0 } })
  })

  it('between two columns of the merchant’s text cannot be found', () => {
    const between = NAMES.filter((name) => name !== '手续费').toSpliced(10, 0, '手续费')

    expect(between.slice(9, 12)).toEqual(['商品名称', '手续费', '商户数据包'])
    expect(readHeader(between.join(','))).toBe('unknown_layout')
  })
})
