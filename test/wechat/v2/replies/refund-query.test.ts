import { describe, expect, it } from 'vitest'
import { readRefundQueryReply } from '../../../../src/wechat/v2/replies/refund-query.ts'
import { seeded } from '../../../../testing/wire/seeded.ts'
import { authentic, type Changes, refusal } from '../../../../testing/wire/wire.ts'

const TRANSACTION = '4200000540202401020123456789'

/** The elements of the n-th refund. */
const numbered = (n: number, changes: Changes = {}): Changes => ({
  [`out_refund_no_${n}`]: `R20240102030405_000${n}`,
  [`refund_id_${n}`]: `5000040550202401020000000000${n}`,
  [`refund_channel_${n}`]: 'ORIGINAL',
  [`refund_fee_${n}`]: String(10 + n),
  [`settlement_refund_fee_${n}`]: String(10 + n),
  [`coupon_refund_fee_${n}`]: '0',
  [`coupon_refund_count_${n}`]: '0',
  [`refund_status_${n}`]: 'SUCCESS',
  [`refund_account_${n}`]: 'REFUND_SOURCE_UNSETTLED_FUNDS',
  [`refund_recv_accout_${n}`]: '支付用户零钱',
  [`refund_success_time_${n}`]: `2024-01-02 03:1${n}:00`,
  ...Object.fromEntries(Object.entries(changes).map(([name, value]) => [`${name}_${n}`, value])),
})
const answer = (refunds: readonly Changes[], changes: Changes = {}): Changes => ({
  transaction_id: TRANSACTION,
  out_trade_no: 'T20240102030405_0001',
  total_fee: '100',
  settlement_total_fee: '100',
  fee_type: 'CNY',
  cash_fee: '100',
  // The sum, beside the numbered amounts.
  refund_fee: '21',
  refund_count: String(refunds.length),
  ...Object.assign({}, ...refunds),
  ...changes,
})
const read = async (changes: Changes) => readRefundQueryReply(await authentic(changes))
const one = (changes: Changes, more: Changes = {}) => read(answer([numbered(0, changes)], more))
const unknown = expect.objectContaining({ kind: 'unknown' })

/** 2024-01-02 03:10:00 in Beijing. */
const SUCCEEDED_AT = Date.UTC(2024, 0, 1, 19, 10, 0) / 1_000

describe('the answer about a refund', () => {
  it('contains status, amount, time of success (in Beijing time) and receiver', async () => {
    expect(await one({})).toEqual({
      kind: 'found',
      total: 1,
      records: [
        {
          outRefundNo: 'R20240102030405_0000',
          transactionId: TRANSACTION,
          refundId: '50000405502024010200000000000',
          refundFee: 10,
          status: 'succeeded',
          succeededAt: SUCCEEDED_AT,
          receivedBy: '支付用户零钱',
        },
      ],
    })
  })

  it('is read in the form of the official page', async () => {
    const sample = {
      nonce_str: 'TeqClE3i0mvn3DrK',
      out_refund_no_0: '1415701182',
      out_trade_no: '1415757673',
      refund_count: '1',
      refund_fee_0: '1',
      refund_id_0: '2008450740201411110000174436',
      refund_status_0: 'PROCESSING',
      transaction_id: '1008450740201411110005820873',
    }

    expect(await read(sample)).toMatchObject({
      kind: 'found',
      records: [
        {
          outRefundNo: '1415701182',
          transactionId: '1008450740201411110005820873',
          refundId: '2008450740201411110000174436',
          refundFee: 1,
          status: 'processing',
          succeededAt: undefined,
          receivedBy: undefined,
        },
      ],
    })
  })

  it.each([
    ['SUCCESS', 'succeeded'],
    ['PROCESSING', 'processing'],
    ['REFUNDCLOSE', 'closed'],
    ['CHANGE', 'abnormal'],
  ])('with refund_status %s is %s', async (text, status) => {
    expect(await one({ refund_status: text })).toMatchObject({ records: [{ status }] })
  })

  it.each(['', 'success', 'NOTPAY', 'SUCCESS ', 'FAIL', undefined])(
    'with refund_status %j is unknown',
    async (text) => {
      expect(await one({ refund_status: text })).toEqual(unknown)
    },
  )

  it.each(['constructor', '__proto__'])(
    'with refund_status %j, a property of every object, is unknown',
    async (text) => {
      expect(await one({ refund_status: text })).toEqual(unknown)
    },
  )

  it('has the receiver in the misspelt element, and in no other', async () => {
    expect(await one({ refund_recv_accout: '招商银行信用卡0403' })).toMatchObject({
      records: [{ receivedBy: '招商银行信用卡0403' }],
    })
    const spelt = { refund_recv_accout: undefined, refund_recv_account: '招商银行信用卡0403' }
    expect(await one(spelt)).toMatchObject({ records: [{ receivedBy: undefined }] })
    expect(await one({ refund_recv_accout: '' })).toMatchObject({
      records: [{ receivedBy: undefined }],
    })
  })

  it.each([undefined, '', '20240102031000', '2024-02-30 00:00:00', 'yesterday'])(
    'of a succeeded refund is accepted with refund_success_time %j',
    async (text) => {
      expect(await one({ refund_success_time: text })).toMatchObject({
        records: [{ status: 'succeeded', succeededAt: undefined }],
      })
    },
  )
})

describe('the answer about several refunds', () => {
  it('contains each refund in order, with its own values', async () => {
    const reply = await read(
      answer([
        numbered(0),
        numbered(1, { refund_status: 'PROCESSING', refund_success_time: undefined }),
        numbered(2, { refund_status: 'CHANGE', refund_recv_accout: '招商银行信用卡0403' }),
      ]),
    )

    expect(reply).toMatchObject({
      kind: 'found',
      total: 3,
      records: [
        { outRefundNo: 'R20240102030405_0000', refundFee: 10, status: 'succeeded' },
        { outRefundNo: 'R20240102030405_0001', refundFee: 11, status: 'processing' },
        { outRefundNo: 'R20240102030405_0002', refundFee: 12, receivedBy: '招商银行信用卡0403' },
      ],
    })
  })

  it('contains up to ten refunds and the total count', async () => {
    const page = Array.from({ length: 10 }, (_, n) => numbered(n))

    const reply = await read(answer(page, { total_refund_count: '25' }))
    expect(reply).toMatchObject({ kind: 'found', total: 25 })
    expect(reply.kind === 'found' && reply.records.length).toBe(10)
  })

  it('may contain none', async () => {
    expect(await read(answer([]))).toEqual({ kind: 'found', records: [], total: 0 })
  })

  it('may contain coupons with two numbers', async () => {
    const coupons = {
      coupon_type_0_0: 'CASH',
      coupon_refund_fee_0_0: '5',
      coupon_refund_id_0_0: '1',
    }

    expect(await read(answer([numbered(0)], coupons))).toMatchObject({
      records: [{ refundFee: 10 }],
    })
  })

  it.each([undefined, '', '2', '11', '1e1', '-1', '4000000000', '99999999999999999999', ' 1'])(
    'is unknown with refund_count %j and one refund',
    async (count) => {
      expect(await read(answer([numbered(0)], { refund_count: count }))).toEqual(unknown)
    },
  )

  it('is unknown when one of the refunds is invalid', async () => {
    const bad: Changes[] = [
      { out_refund_no: undefined },
      { out_refund_no: '' },
      { out_refund_no: '退款' },
      { out_refund_no: 'x'.repeat(65) },
      { refund_fee: undefined },
      { refund_fee: '' },
      { refund_fee: '0' },
      { refund_fee: '0.10' },
      { refund_fee: '-1' },
      { refund_status: undefined },
    ]
    for (const changes of bad) {
      const reply = await read(answer([numbered(0), numbered(1, changes)]))

      expect(reply, JSON.stringify(changes)).toEqual(unknown)
    }
  })

  it.each([undefined, '', '42 00', 'x'.repeat(33)])(
    'is unknown with transaction_id %j',
    async (text) => {
      expect(await read(answer([numbered(0)], { transaction_id: text }))).toEqual(unknown)
    },
  )
})

describe('an answer that there is no refund', () => {
  it('is REFUNDNOTEXIST and nothing else', async () => {
    expect(await read(refusal('REFUNDNOTEXIST', 'not exist'))).toEqual({ kind: 'absent' })
    for (const errCode of [
      'SYSTEMERROR',
      'ORDERNOTEXIST',
      'INVALID_TRANSACTIONID',
      'PARAM_ERROR',
      'APPID_NOT_EXIST',
      'MCHID_NOT_EXIST',
      'REQUIRE_POST_METHOD',
      'SIGNERROR',
      'XML_FORMAT_ERROR',
      'REFUND_NOT_EXIST',
      '',
    ]) {
      expect(await read(refusal(errCode)), errCode).toEqual(unknown)
    }
  })

  it('is never a SUCCESS, not even with an err_code', async () => {
    expect(await one({}, { err_code: 'REFUNDNOTEXIST' })).toMatchObject({ kind: 'found' })
    expect(await one({}, { result_code: undefined })).toEqual(unknown)
  })
})

describe('random fields', () => {
  const NAMES = [
    'refund_count',
    'total_refund_count',
    'transaction_id',
    'out_refund_no_0',
    'out_refund_no_1',
    'refund_fee_0',
    'refund_fee_1',
    'refund_status_0',
    'refund_status_1',
    'refund_success_time_0',
    'refund_recv_accout_0',
    'result_code',
    'err_code',
  ] as const
  const VALUES = [
    undefined,
    '',
    '0',
    '1',
    '2',
    '10',
    '51',
    '00',
    '1.5',
    'NaN',
    'SUCCESS',
    'CHANGE',
    '2024-01-02 03:10:00',
    '2024-13-02 03:10:00',
    'R1',
    '书'.repeat(70),
    'REFUNDNOTEXIST',
  ] as const

  it('are read without an exception, and only valid refunds are found', async () => {
    for (let seed = 1; seed <= 300; seed++) {
      const { below, pick } = seeded(seed)
      const changes: Record<string, string | undefined> = {}
      for (let n = below(6); n >= 0; n--) changes[pick(NAMES)] = pick(VALUES)
      const reply = await read(answer([numbered(0), numbered(1)], changes))
      const where = `seed ${seed}: ${JSON.stringify(changes)}`

      expect(['found', 'absent', 'unknown'], where).toContain(reply.kind)
      if (reply.kind !== 'found') continue
      for (const record of reply.records) {
        expect(record.outRefundNo, where).toMatch(/^[\w*@|-]{1,64}$/)
        expect(Number.isSafeInteger(record.refundFee) && record.refundFee > 0, where).toBe(true)
        expect(['succeeded', 'processing', 'closed', 'abnormal'], where).toContain(record.status)
      }
    }
  })
})
