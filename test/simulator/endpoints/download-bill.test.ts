import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { billErrorOf, billOf, DAY, waitForBill } from '../../../testing/simulator/bill-downloads.ts'
import { type Changes, ORIGIN, read, shop } from '../../../testing/simulator/simulated-shop.ts'

describe('a bill that is not available', () => {
  it('is not ready until ten the next morning', async () => {
    const world = shop()
    await world.paid()
    const creating = { return_code: 'FAIL', return_msg: 'Bill Creating', error_code: '20002' }

    expect(await billErrorOf(world)).toEqual(creating)
    waitForBill(world, '2024-01-03T09:59:59+08:00')
    expect(await billErrorOf(world)).toEqual(creating)
    waitForBill(world)
    expect((await billOf(world)).rows).toHaveLength(1)
    expect(await billErrorOf(world, { bill_date: '20240103' })).toEqual(creating)
  })

  it.each([{}, { tar_type: 'GZIP' }, { bill_type: 'REFUND' }])(
    'is an error, not an empty file, for a day without transactions: %j',
    async (fields) => {
      const world = shop()
      await world.unifiedOrder()
      waitForBill(world)

      expect(await billErrorOf(world, fields)).toEqual({
        return_code: 'FAIL',
        return_msg: 'No Bill Exist',
        error_code: '20002',
      })
    },
  )

  it('is available for three months', async () => {
    const world = shop()
    await world.paid()

    waitForBill(world, '2024-04-02T23:59:59+08:00')
    expect((await billOf(world)).rows).toHaveLength(1)
    world.clock.advance(1_000)
    expect(await billErrorOf(world)).toMatchObject({ return_msg: 'invalid bill_date' })
  })

  it.each<[string, Changes, string]>([
    ['no bill_date', { bill_date: undefined }, 'missing parameter'],
    ['no nonce_str', { nonce_str: undefined }, 'missing parameter'],
    ['no sign', { sign: undefined }, 'missing parameter'],
    ['a future date', { bill_date: '20240104' }, 'invalid bill_date'],
    ['a day that does not exist', { bill_date: '20240230' }, 'invalid bill_date'],
    ['another date format', { bill_date: '2024-01-02' }, 'invalid bill_date'],
    ['an unknown bill_type', { bill_type: 'REVOKED' }, 'invalid bill_type'],
    ['another tar_type', { tar_type: 'ZIP' }, 'invalid tar_type: Only GZIP supported'],
    ['an unknown parameter', { device_info: 'WEB' }, 'invalid parameter'],
    ['a long nonce_str', { nonce_str: 'n'.repeat(33) }, 'nonce_str too long'],
    ['another appid', { appid: 'wx0000000000000000' }, 'invalid appid'],
    ['another merchant', { mch_id: '10000999' }, 'invalid parameter'],
    ['a wrong sign', { sign: '0'.repeat(32) }, 'sign error'],
  ])('is refused unsigned: %s', async (_, fields, words) => {
    const world = shop()
    await world.paid()
    waitForBill(world)

    expect(await billErrorOf(world, fields)).toEqual({
      return_code: 'FAIL',
      return_msg: words,
      error_code: '20001',
    })
  })

  it.each<[string, RequestInit, string]>([
    ['GET', { method: 'GET' }, 'require POST method'],
    ['an empty body', { method: 'POST', body: '' }, 'empty post data'],
    ['JSON', { method: 'POST', body: '{}' }, 'data format error'],
  ])('is refused for %s', async (_, init, words) => {
    const { wechat } = shop()

    const response = await wechat.fetch(new Request(`${ORIGIN}/pay/downloadbill`, init))

    expect(read(await response.text())).toMatchObject({ return_msg: words, error_code: '20001' })
  })

  it('can be requested with HMAC-SHA256', async () => {
    const world = shop()
    await world.paid()
    waitForBill(world)

    expect((await billOf(world, { sign_type: 'HMAC-SHA256' })).rows).toHaveLength(1)
  })

  it.each([
    [{ kind: 'system_error' }, { return_msg: 'SYSTEMERROR', error_code: '20003' }],
    [{ kind: 'not_auth' }, { error_code: '20007' }],
    [
      { kind: 'return_fail', returnMsg: 'x' },
      { return_msg: 'x', error_code: '20001' },
    ],
    [
      { kind: 'err_code', errCode: '20100', errCodeDes: 'system error' },
      { return_msg: 'system error', error_code: '20100' },
    ],
  ] as const)('can be an injected error: %j', async (fault, reply) => {
    const world = shop()
    await world.paid()
    waitForBill(world)
    world.wechat.faults.inject({ endpoint: 'downloadbill', ...fault })

    expect(await billErrorOf(world)).toMatchObject(reply)
    expect((await billOf(world)).rows).toHaveLength(1)
  })

  it('can be truncated, as a gzip stream, too', async () => {
    const world = shop()
    await world.paid()
    waitForBill(world)
    world.wechat.faults.inject({ endpoint: 'downloadbill', kind: 'truncated_xml', times: 2 })

    const text = await (await world.downloadBill({ bill_date: DAY })).text()
    const gzip = await world.downloadBill({ bill_date: DAY, tar_type: 'GZIP' })

    expect(world.wechat.bills.text(DAY)).toContain(text)
    expect(text).not.toContain('总交易单数')
    const bytes = Buffer.from(await gzip.arrayBuffer())
    expect(() => gunzipSync(bytes)).toThrow('unexpected end of file')
    expect(() =>
      world.wechat.faults.inject({ endpoint: 'downloadbill', kind: 'wrong_sign' }),
    ).toThrow('cannot happen')
  })

  it('can be lost like any answer', async () => {
    const world = shop()
    world.wechat.faults.inject({ endpoint: 'downloadbill', kind: 'reply_lost' })
    world.wechat.faults.inject({ endpoint: 'downloadbill', kind: 'http_502' })

    await expect(world.downloadBill({ bill_date: DAY })).rejects.toThrow('Network connection lost')
    expect((await world.downloadBill({ bill_date: DAY })).status).toBe(502)
  })
})
