/** The judge of refunds, bills and callers notices a Worker that does what it must not: each rule can fail. */
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Input, requestOf, utf8 } from '../../../testing/fuzz/inputs/input.ts'
import { type Fields, signedXml } from '../../../testing/fuzz/inputs/signed-message.ts'
import { judgeMoney } from '../../../testing/fuzz/judge/money-judge.ts'
import { BILL_DAY, EARLIER_DAY, makeMoneyShop } from '../../../testing/fuzz/run/money-fixture.ts'
import { API_KEY, type FuzzWorld, OTHER_TOKENS, TOKEN } from '../../../testing/fuzz/run/world.ts'
import { chanceOf } from '../../../testing/simulation/run/random.ts'

const OUTSIDE = { lane: 'test' } as const
const NOW = 'unixepoch()'
let world: FuzzWorld

beforeAll(async () => {
  world = await makeMoneyShop(chanceOf(1, 'judge'))
})

afterEach(() => {
  world.tables.restoreAll()
  world.exchanges = []
})

const by = (token: string, method: string, path: string, json?: unknown): Input => ({
  ...OUTSIDE,
  ...requestOf(method, path, {
    headers: [['authorization', `Bearer ${token}`]],
    ...(json === undefined
      ? {}
      : { body: { bytes: utf8(JSON.stringify(json)), pieces: 1, breaks: false } }),
  }),
})

/** What the judge says about a Worker that ran this SQL and gave this answer. */
function judged(input: Input, sql: string, { status = 200, text = '{}' } = {}): string {
  world.sqlite.exec(sql)
  const changes = world.tables.changes()
  const observed = { status, text, code: '', reasons: [], hasWritten: true, changes, ms: 1 }
  return judgeMoney(world, input, { ...observed, headers: new Headers() }).join('\n')
}

/** WeChat gave this signed answer during the input. */
function said(endpoint: string, fields: Fields): void {
  const got = utf8(signedXml(fields, API_KEY))
  world.exchanges.push({ endpoint, sent: new Uint8Array(), got, status: 200 })
}

const NOTICE: Input = { ...OUTSIDE, ...requestOf('POST', '/notify/refund') }
const REFUND = '/orders/refunded1/refunds'
const ABSENT = { result_code: 'FAIL', err_code: 'REFUNDNOTEXIST' }

describe('the judge of refunds', () => {
  it('wants the signed word of WeChat for every new state', () => {
    const succeed = `UPDATE refunds SET state = 'succeeded', ended_at = 1, due_at = NULL WHERE out_refund_no = 'r-under-1'`
    const report = { refund_count: '1', out_refund_no_0: 'r-under-1', refund_fee_0: '130' }
    const transaction_id = String(
      world.tables.rowsNow('refunds').find((row) => row['out_refund_no'] === 'r-under-1')?.[
        'transaction_id'
      ],
    )
    const cause = 'went from processing to succeeded without a cause'

    expect(judged(NOTICE, succeed)).toContain(cause)
    said('refundquery', { ...report, transaction_id, refund_status_0: 'CHANGE' })
    expect(judged(NOTICE, '')).toContain(cause)
    said('refundquery', { ...report, transaction_id, refund_status_0: 'SUCCESS' })
    expect(judged(NOTICE, '')).not.toContain(cause)
  })

  it('wants proof that a refund which is called off never reaches WeChat', () => {
    const cancel = (unanswered: string): string =>
      `UPDATE refunds SET state = 'closed', ended_at = 1, cancelled_at = 1, due_at = NULL WHERE out_refund_no = 'r-gone-01';
       UPDATE refunds SET unanswered_at = ${unanswered} WHERE out_refund_no = 'r-gone-01'`
    const call = by(TOKEN, 'DELETE', `${REFUND}/r-gone-01`)
    const cause = 'went from requested to cancelled without a cause'

    expect(judged(call, cancel('unanswered_at'))).toContain(cause)
    said('refundquery', ABSENT)
    expect(judged(call, '')).not.toContain(cause)
    world.tables.restoreAll()
    // A message that was sent a moment ago may still arrive.
    world.sqlite.exec(
      `UPDATE refunds SET unanswered_at = ${world.seconds() - 10} WHERE out_refund_no = 'r-gone-01'`,
    )
    world.tables.keep()
    expect(judged(call, cancel('unanswered_at'))).toContain(cause)
  })

  it('notices a reservation beyond the payment, and one without a request', () => {
    const insert = (number: string, fee: number, from: string): string =>
      `DROP TRIGGER IF EXISTS refunds_fit_payment;
       INSERT INTO refunds (out_refund_no, ordercode, transaction_id, state, refund_fee, total_fee, source, requested_at)
       SELECT '${number}', ordercode, transaction_id, 'requested', ${fee}, 8800, 'shop', 1 FROM refunds
       WHERE out_refund_no = '${from}'`
    const call = by(TOKEN, 'PUT', `${REFUND}/n-1`, { refund_fee: 8_800 })

    expect(judged(call, insert('n-1', 8_800, 'r-done-01'))).toContain('were reserved beyond')
    expect(judged(call, insert('n-2', 1, 'r-done-01'))).toContain(
      'refund n-2 appeared without a cause',
    )
  })

  it('notices a changed amount, a refund that left succeeded, and one that is gone', () => {
    const text = judged(
      NOTICE,
      `UPDATE refunds SET refund_fee = 1 WHERE out_refund_no = 'r-card-01';
       UPDATE refunds SET state = 'abnormal', ended_at = NULL WHERE out_refund_no = 'r-done-01';
       DELETE FROM refunds WHERE out_refund_no = 'r-shut-01'`,
    )

    expect(text).toContain('refund_fee of refund r-card-01 was changed')
    expect(text).toContain('refund r-done-01 left succeeded')
    expect(text).toContain('a refund was deleted')
  })

  it('notices money that leaves without a caller, or unlike what is stored', () => {
    const sent = utf8(
      '<xml><out_refund_no>r-wait-01</out_refund_no><refund_fee>9</refund_fee></xml>',
    )
    world.exchanges.push({ endpoint: 'refund', sent, got: undefined, status: 0 })

    expect(judged(NOTICE, '')).toContain('refund r-wait-01 was sent, which this input must not')
    expect(judged(by(TOKEN, 'PUT', `${REFUND}/r-wait-01`), '')).toContain('is not stored like that')
  })

  it('notices a 5xx for a refund, and an answer that is not what is stored', () => {
    const call = by(TOKEN, 'PUT', `${REFUND}/r-wait-01`, { refund_fee: 180 })

    expect(judged(call, '', { status: 503 })).toContain('a request for a refund got a 5xx')
    expect(judged(call, '', { text: '{"state":"succeeded"}' })).toContain('is not what is stored')
  })

  it('notices more refunds at WeChat than the payment has, without a review', () => {
    const accept = `UPDATE refunds SET state = 'processing' WHERE out_refund_no LIKE 'r-lack%';
      UPDATE payments SET total_fee = 200 WHERE ordercode = 'refunded1'`

    expect(judged(NOTICE, accept)).toContain('than its amount, without a review')
  })
})

describe('the judge of payments and reviews', () => {
  const resolve = by(TOKEN, 'POST', '/reviews/refund_abnormal.r-card-01/resolve', { note: 'seen' })

  it('notices a payment that counts as confirmed without an answer about it', () => {
    const confirm = `UPDATE payments SET confirmed_at = ${NOW} WHERE ordercode = 'whole-001'`

    expect(judged(resolve, confirm)).toContain('a payment counts as confirmed, but is not')
  })

  it('notices a review that is resolved with other words, or that another one resolves', () => {
    const close = (id: string, note: string): string =>
      `UPDATE reviews SET resolved_at = 1, note = '${note}', actor = 'shop' WHERE id = '${id}'`

    expect(judged(resolve, close('refund_abnormal.r-card-01', 'seen'))).not.toContain('review')
    world.tables.restoreAll()
    const cause = 'a review was resolved without a cause'
    expect(judged(resolve, close('refund_abnormal.r-card-01', 'x'))).toContain(cause)
    world.tables.restoreAll()
    expect(judged(resolve, close('refund_overdue.r-gone-01', 'seen'))).toContain(cause)
  })
})

describe('the judge of callers', () => {
  it.each([
    [OTHER_TOKENS.viewer, 'a viewer changed a table'],
    ['x'.repeat(40), 'a stranger changed a table'],
  ])('notices a change that the caller may not make (%#)', (token, sentence) => {
    const call = by(token, 'POST', '/deliveries/x/resend')

    expect(judged(call, 'UPDATE deliveries SET tries = tries + 1')).toContain(sentence)
  })

  it('notices an answer that a stranger must not get, and an event under another name', () => {
    const stranger = by('x'.repeat(40), 'GET', '/orders/refunded1')
    const text = '{"ordercode":"refunded1"}'
    expect(judged(stranger, '', { text })).toContain('an answer without the token tells of records')

    const event = `INSERT INTO events (ordercode, revision, type, at, data, actor)
      VALUES ('whole-001', 99, 'refund_requested', 1, '{}', 'shop')`
    const operator = by(OTHER_TOKENS.operator, 'POST', '/orders/whole-001/query')
    expect(judged(operator, event)).toContain('an event was not recorded as by ann')
  })
})

describe('the judge of bills', () => {
  const call = by(TOKEN, 'POST', `/bills/${BILL_DAY}/reconcile`)
  /** A Worker that says: this file fits our records, and everything in it is marked. */
  const fits = (file: string, reconciled = BILL_DAY): string => {
    const got = utf8(file)
    world.exchanges = [{ endpoint: 'downloadbill', sent: new Uint8Array(), got, status: 200 }]
    const rows = file.split('\n').filter((line) => line.startsWith('`')).length - 1
    return judged(
      call,
      `UPDATE bills SET state = 'reconciled', due_at = NULL, reconciled_at = 5, fetched_at = 5, bytes = 9,
         counts = json_object('rows', ${rows}) WHERE day = '${reconciled}';
       UPDATE payments SET billed_on = '${BILL_DAY}' WHERE paid_at < 1795363200 AND billed_on IS NULL;
       UPDATE refunds SET billed_on = '${BILL_DAY}' WHERE accepted_at IS NOT NULL AND billed_on IS NULL`,
    )
  }
  /** The bill of the day with what our records have. */
  const genuine = (): string => {
    const { bills, books } = world.wechat
    const lost = books.captures().find(({ outTradeNo }) => outTradeNo === 'lostpay-1')
    for (const number of [lost?.transactionId ?? '', 'hand-0001']) {
      bills.change('20261122', { kind: 'drop_row', number })
    }
    const text = bills.text('20261122')
    bills.clearChanges()
    return text
  }

  it('has nothing to say about a bill that fits', () => {
    expect(fits(genuine())).toBe('')
  })

  it.each<readonly [what: string, spoil: (text: string) => string]>([
    ['订单总金额 is wrong', (text) => text.replace('264.00,`4.60', '264.01,`4.60')],
    ['no whole bill', (text) => text.slice(0, text.indexOf('总交易单数'))],
    ['a row of 2026-11-20', (text) => text.replace('2026-11-22', '2026-11-20')],
    [
      'is not like that in our records',
      (text) => text.replace(/`whole-001(?=,`[^,]*,`JSAPI)/, '`second-01'),
    ],
    ['an odd row', (text) => text.replace('`88.00', '`-88.00')],
    ['a row of the unknown order', (text) => text.replace('`whole-001,', '`nothere-1,')],
    ['stands twice', (text) => text.replace(/\r\n`.*?\r\n/, '$&$&'.replace('\r\n$', '$'))],
  ])('says that a day cannot fit: %s', (what, spoil) => {
    const text = genuine()
    expect(spoil(text)).not.toBe(text)
    expect(fits(spoil(text))).toContain(what)
  })

  it('wants the words of WeChat for a day without a bill, and keeps a reconciled day', () => {
    const error = '<xml><return_code>FAIL</return_code><return_msg>Bill Creating</return_msg></xml>'
    expect(fits(error)).toContain('no whole bill')
    world.tables.restoreAll()

    const drop = `UPDATE bills SET state = 'waiting', due_at = 9, counts = '{}' WHERE day = '${EARLIER_DAY}'`
    const again = by(TOKEN, 'POST', `/bills/${EARLIER_DAY}/reconcile`)
    expect(judged(again, drop)).toContain('a reconciled day was given up for a broken file')
  })
})
