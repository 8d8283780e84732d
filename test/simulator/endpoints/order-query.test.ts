import { describe, expect, it } from 'vitest'
import { type Changes, OUT_TRADE_NO, shop } from '../../../testing/simulator/simulated-shop.ts'

const UNKNOWN_TRANSACTION = '4200000540202401020000000000'

describe('a query of an order', () => {
  it('finds a paid order by its transaction_id, and answers the same as by out_trade_no', async () => {
    const { paid, orderQuery } = shop()
    const transactionId = await paid()

    const found = await orderQuery({ transaction_id: transactionId })

    expect(found).toMatchObject({
      result_code: 'SUCCESS',
      trade_state: 'SUCCESS',
      transaction_id: transactionId,
      out_trade_no: OUT_TRADE_NO,
      total_fee: '100',
    })
    const text = expect.any(String)
    expect(await orderQuery()).toEqual({ ...found, nonce_str: text, sign: text })
  })

  it('goes by the transaction_id when it names both numbers, even if they are of different orders', async () => {
    const { paid, orderQuery, unifiedOrder } = shop()
    const transactionId = await paid()
    await unifiedOrder({ out_trade_no: 'order-2' })

    expect(
      await orderQuery({ transaction_id: transactionId, out_trade_no: 'order-2' }),
    ).toMatchObject({ trade_state: 'SUCCESS', out_trade_no: OUT_TRADE_NO })
    expect(
      await orderQuery({ transaction_id: UNKNOWN_TRANSACTION, out_trade_no: OUT_TRADE_NO }),
    ).toMatchObject({ result_code: 'FAIL', err_code: 'ORDERNOTEXIST' })
  })

  it.each<[string, Changes, Record<string, string>]>([
    [
      'an unknown transaction_id',
      { transaction_id: UNKNOWN_TRANSACTION },
      { err_code: 'ORDERNOTEXIST' },
    ],
    ['a transaction_id that is no number', { transaction_id: 'T1' }, { err_code: 'ORDERNOTEXIST' }],
    [
      'a long transaction_id',
      { transaction_id: '4'.repeat(33) },
      { return_msg: 'transaction_id参数长度有误' },
    ],
    ['neither number', {}, { return_msg: '缺少参数' }],
    ['two empty numbers', { transaction_id: '', out_trade_no: '' }, { return_msg: '缺少参数' }],
  ])('is refused with %s', async (_, fields, refusal) => {
    const { paid, orderQuery } = shop()
    await paid()

    expect(await orderQuery(fields)).toMatchObject(refusal)
  })

  it('takes an empty transaction_id for none', async () => {
    const { paid, orderQuery } = shop()
    await paid()

    expect(await orderQuery({ transaction_id: '', out_trade_no: OUT_TRADE_NO })).toMatchObject({
      trade_state: 'SUCCESS',
    })
  })

  it('is in the history with its order and with the number that it named', async () => {
    const { paid, orderQuery, refund, wechat } = shop()
    const transactionId = await paid()
    await orderQuery()
    await orderQuery({ transaction_id: transactionId })
    await refund({ out_trade_no: undefined, transaction_id: transactionId, out_refund_no: 'r-1' })

    const outTradeNo = OUT_TRADE_NO
    const requests = wechat.books.history().filter(({ type }) => type === 'request')
    expect(requests.slice(1)).toEqual([
      expect.not.objectContaining({ transactionId }),
      expect.objectContaining({ endpoint: 'orderquery', outTradeNo, transactionId }),
      expect.objectContaining({
        endpoint: 'refund',
        outTradeNo,
        transactionId,
        outRefundNo: 'r-1',
      }),
    ])
  })
})
