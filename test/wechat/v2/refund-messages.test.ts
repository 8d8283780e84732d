import { XMLParser } from 'fast-xml-parser'
import { describe, expect, it } from 'vitest'
import { parseDay } from '../../../src/core/day.ts'
import { toFen } from '../../../src/core/money.ts'
import { toOutRefundNo } from '../../../src/core/order/refund.ts'
import {
  downloadBillMessage,
  refundMessage,
  refundQueryMessage,
  type Signing,
} from '../../../src/wechat/v2/messages.ts'
import { at, PAYMENT } from '../../../testing/samples/order-samples.ts'
import { aRefund, NOW, R1 } from '../../../testing/samples/refund-samples.ts'
import { API_KEY, changed, MERCHANT, type Message, signature } from '../../../testing/wire/wire.ts'

const ENVELOPE = ['appid', 'mch_id', 'nonce_str', 'sign', 'sign_type']
const OF_REFUND = [
  ...ENVELOPE,
  'transaction_id',
  'out_trade_no',
  'out_refund_no',
  'total_fee',
  'refund_fee',
  'refund_fee_type',
  'refund_desc',
  'refund_account',
  'notify_url',
  'op_user_id',
]
const OF_REFUND_QUERY = [
  ...ENVELOPE,
  'refund_id',
  'out_refund_no',
  'transaction_id',
  'out_trade_no',
  'offset',
]
const OF_BILL = [...ENVELOPE, 'bill_date', 'bill_type', 'tar_type']

const signing = (changes: Partial<Signing> = {}): Signing => ({
  merchant: MERCHANT,
  signType: 'MD5',
  nonceStr: '0123456789abcdef0123456789abcdef',
  ...changes,
})
const HMAC = { signType: 'HMAC-SHA256' } as const

/** Reads a message with the XML library, with as few options as possible. */
const reader = new XMLParser({ parseTagValue: false, trimValues: false, processEntities: false })
const fieldsOf = (xml: string): Message => (reader.parse(xml) as { xml: Message }).xml

const refund = async (changes = {}, by: Partial<Signing> = {}): Promise<Message> =>
  fieldsOf(await refundMessage(aRefund(changes), signing(by)))
const one = { outRefundNo: toOutRefundNo(R1) }
const all = { transactionId: PAYMENT.transactionId, offset: 10 }
const query = async (about: typeof one | typeof all, by: Partial<Signing> = {}): Promise<Message> =>
  fieldsOf(await refundQueryMessage(about, signing(by)))
const DAY = parseDay('2026-11-22') ?? expect.fail('a day')
const bill = async (by: Partial<Signing> = {}): Promise<Message> =>
  fieldsOf(await downloadBillMessage(DAY, signing(by)))

const withoutNonce = (message: Message): Message =>
  changed(message, { nonce_str: undefined, sign: undefined })

describe('the message of a refund', () => {
  it('contains the payment, the refund and both amounts', async () => {
    const { sign, ...fields } = await refund()

    expect(sign).toMatch(/^[0-9A-F]{32}$/)
    expect(fields).toEqual({
      appid: 'wxd930ea5d5a258f4f',
      mch_id: '10000100',
      nonce_str: '0123456789abcdef0123456789abcdef',
      sign_type: 'MD5',
      transaction_id: '4200000540202401020123456789',
      out_refund_no: 'R20240102030405_0001',
      total_fee: '100',
      refund_fee: '30',
      refund_desc: '缺货',
      notify_url: 'https://pay.test/notify/refund',
    })
  })

  it('names the account only when it is not the default of WeChat', async () => {
    expect(await refund({ account: 'available' })).toMatchObject({
      refund_account: 'REFUND_SOURCE_RECHARGE_FUNDS',
    })
    for (const account of ['unsettled', undefined] as const) {
      expect(Object.keys(await refund({ account }))).not.toContain('refund_account')
    }
  })

  it('leaves out missing values, since an empty element counts as an unknown one', async () => {
    const names = Object.keys(await refund({ reason: undefined, notifyUrl: undefined }))

    expect(names).not.toContain('refund_desc')
    expect(names).not.toContain('notify_url')
    expect(Object.keys(await refund({ reason: '' }))).not.toContain('refund_desc')
  })

  it('is always the same for one refund except for nonce_str and sign', async () => {
    const first = await refund()
    const later = await refund(
      {
        state: 'processing',
        source: 'operator',
        requestedAt: at(0),
        startedAt: NOW,
        acceptedAt: NOW,
        refundId: '5000',
        errCode: 'NOTENOUGH',
        errCodeDes: '余额不足',
        receivedBy: '支付用户零钱',
      },
      { nonceStr: 'fedcba9876543210fedcba9876543210' },
    )

    expect(withoutNonce(later)).toEqual(withoutNonce(first))
    expect(later['nonce_str']).toBe('fedcba9876543210fedcba9876543210')
    expect(later['sign']).not.toBe(first['sign'])
  })

  it('is byte for byte the same with the same nonce', async () => {
    expect(await refundMessage(aRefund(), signing())).toBe(
      await refundMessage(aRefund(), signing()),
    )
  })

  it('carries the largest amount and special characters unchanged', async () => {
    const reason = 'a=1&b=<2> ]]> "退款" \' ]]]]>>'
    const fields = await refund({
      refundFee: toFen(1_000_000_000),
      totalFee: toFen(1_000_000_000),
      reason,
    })

    expect(fields).toMatchObject({ refund_fee: '1000000000', refund_desc: reason })
    expect(fields['sign']).toBe(signature(fields))
  })
})

describe('the message of a refund query', () => {
  it('names one refund by its number and nothing else', async () => {
    expect(withoutNonce(await query(one))).toEqual({
      appid: 'wxd930ea5d5a258f4f',
      mch_id: '10000100',
      sign_type: 'MD5',
      out_refund_no: 'R20240102030405_0001',
    })
  })

  it('names a payment and an offset for the refunds of a payment', async () => {
    expect(withoutNonce(await query(all))).toEqual({
      appid: 'wxd930ea5d5a258f4f',
      mch_id: '10000100',
      sign_type: 'MD5',
      transaction_id: '4200000540202401020123456789',
      offset: '10',
    })
    expect(await query({ ...all, offset: 0 })).toMatchObject({
      transaction_id: '4200000540202401020123456789',
    })
  })
})

describe('the message of a bill download', () => {
  it('requests everything of one day, in gzip', async () => {
    expect(withoutNonce(await bill())).toEqual({
      appid: 'wxd930ea5d5a258f4f',
      mch_id: '10000100',
      bill_date: '20261122',
      bill_type: 'ALL',
      tar_type: 'GZIP',
    })
  })

  it('contains sign_type only when it is not the default', async () => {
    expect(Object.keys(await bill())).not.toContain('sign_type')
    expect(await bill(HMAC)).toMatchObject({ sign_type: 'HMAC-SHA256' })
  })
})

describe('each of these messages', () => {
  it.each(['MD5', 'HMAC-SHA256'] as const)(
    'is signed with %s over raw values',
    async (signType) => {
      const by = { signType }
      for (const message of [
        await refund({}, by),
        await query(one, by),
        await query(all, by),
        await bill(by),
      ]) {
        expect(message['sign']).toBe(signature(message, signType, API_KEY))
      }
    },
  )

  it('contains only documented, non-empty elements, each once', async () => {
    const full = { reason: '缺货', notifyUrl: 'https://pay.test/notify/refund' }
    const cases: [Message, readonly string[]][] = [
      [await refund(full), OF_REFUND],
      [await refund({ reason: '', notifyUrl: undefined }, HMAC), OF_REFUND],
      [await query(one, HMAC), OF_REFUND_QUERY],
      [await query(all), OF_REFUND_QUERY],
      [await bill(), OF_BILL],
      [await bill(HMAC), OF_BILL],
    ]
    for (const [message, documented] of cases) {
      const wrong = Object.entries(message).filter(
        ([name, value]) => !documented.includes(name) || typeof value !== 'string' || value === '',
      )
      expect(wrong).toEqual([])
      for (const name of ['appid', 'mch_id', 'nonce_str', 'sign']) {
        expect(Object.keys(message)).toContain(name)
      }
    }
  })
})
