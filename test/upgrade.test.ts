/** A database of version 0.1.0 with an order in every state, and what the migrations since then make of it. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'

const FOLDER = join(import.meta.dirname, '../src/store/migrations')
const MIGRATIONS = readdirSync(FOLDER).sort()
/** The last migration of version 0.1.0. */
const RELEASED = '0004_bills.sql'

type Row = Readonly<Record<string, unknown>>

function oldDatabase() {
  const db = new DatabaseSync(':memory:')
  db.exec('PRAGMA foreign_keys = ON')
  const apply = (files: readonly string[]): void => {
    for (const file of files) db.exec(readFileSync(join(FOLDER, file), 'utf8'))
  }
  apply(MIGRATIONS.filter((file) => file <= RELEASED))
  return {
    upgrade: () => apply(MIGRATIONS.filter((file) => file > RELEASED)),
    rows: (sql: string): readonly Row[] =>
      db
        .prepare(sql)
        .all()
        .map((row) => ({ ...row })),

    order(ordercode: string, state: string, transactionId?: string): void {
      db.prepare(
        `INSERT INTO orders (ordercode, state, revision, total_fee, body, expires_in, created_at,
           expires_at, transaction_id, paid_at, closed_at)
         VALUES (?, ?, 7, 100, 'goods', 7200, 1000, 8200, ?, ?, ?)`,
      ).run(
        ordercode,
        state,
        transactionId ?? null,
        transactionId === undefined ? null : 2_000,
        state === 'closed' ? 3_000 : null,
      )
      db.prepare(
        `INSERT INTO events (ordercode, revision, type, at, data) VALUES (?, 7, 'x', 1, '{}')`,
      ).run(ordercode)
    },
    attempt(ordercode: string, number: number, state: string): void {
      db.prepare(
        `INSERT INTO attempts (ordercode, number, state, appid, mch_id, openid, spbill_create_ip,
           total_fee, body, notify_url, sign_type, time_start, time_expire, sent_at, closed_at)
         VALUES (?, ?, ?, 'wx1', '1', 'o', '1.1.1.1', 100, 'goods', 'https://x', 'MD5', 1000, 8200,
           1000, ?)`,
      ).run(ordercode, number, state, state === 'closed' ? 3_000 : null)
    },
    payment(id: string, ordercode: string, more: { returned?: 1; further?: 1; number?: number }) {
      db.prepare(
        `INSERT INTO payments (transaction_id, ordercode, number, further, openid, trade_type,
           fee_type, total_fee, paid_at, returned)
         VALUES (?, ?, ?, ?, 'o', 'JSAPI', 'CNY', 100, 2000, ?)`,
      ).run(id, ordercode, more.number ?? 1, more.further ?? 0, more.returned ?? 0)
    },
    refund(number: string, ordercode: string, id: string, state: string, fee = 100): void {
      const isFinal = ['succeeded', 'refused', 'closed'].includes(state)
      db.prepare(
        `INSERT INTO refunds (out_refund_no, ordercode, transaction_id, state, refund_fee, total_fee,
           source, requested_at, ended_at)
         VALUES (?, ?, ?, ?, ?, 100, 'automatic', 2500, ?)`,
      ).run(number, ordercode, id, state, fee, isFinal ? 2_600 : null)
    },
    review(kind: string, subject: string, ordercode: string): void {
      db.prepare(
        `INSERT INTO reviews (id, kind, subject, ordercode, evidence, opened_at)
         VALUES (?, ?, ?, ?, '{}', 2500)`,
      ).run(`${kind}.${subject}`, kind, subject, ordercode)
    },
  }
}

/** Every state of an order, an attempt and a refund that version 0.1.0 could store. */
function everyState() {
  const db = oldDatabase()
  db.order('created', 'created')
  db.order('paying', 'paying')
  db.attempt('paying', 1, 'closed')
  db.attempt('paying', 2, 'open')
  db.order('closing', 'paying')
  db.attempt('closing', 1, 'closing')
  db.order('closed', 'closed')
  db.attempt('closed', 1, 'closed')
  db.order('paid', 'paid', 'T-paid')
  db.attempt('paid', 1, 'paid')
  db.payment('T-paid', 'paid', {})
  for (const state of ['requested', 'processing', 'succeeded', 'refused', 'abnormal', 'closed']) {
    db.refund(`paid-${state}`, 'paid', 'T-paid', state, 10)
  }
  // A second payment, refunded automatically, beside the first.
  db.order('twice', 'paid', 'T-first')
  db.attempt('twice', 1, 'paid')
  db.attempt('twice', 2, 'paid')
  db.payment('T-first', 'twice', {})
  db.payment('T-second', 'twice', { further: 1, number: 2 })
  db.refund('auto*T-second', 'twice', 'T-second', 'succeeded')
  // Payments that went back and made their orders paid.
  for (const [name, refund] of [
    ['gone', 'succeeded'],
    ['going', 'processing'],
    ['refused', 'refused'],
    ['ended', 'closed'],
    ['absent', undefined],
  ] as const) {
    db.order(name, 'paid', `T-${name}`)
    db.attempt(name, 1, 'paid')
    db.payment(`T-${name}`, name, { returned: 1 })
    if (refund !== undefined) db.refund(`auto*T-${name}`, name, `T-${name}`, refund)
  }
  // A part went back before the Worker heard of the payment.
  db.order('part', 'paid', 'T-part')
  db.attempt('part', 1, 'paid')
  db.payment('T-part', 'part', { returned: 1 })
  db.refund('manual', 'part', 'T-part', 'succeeded', 30)
  db.review('partly_returned', 'T-part', 'part')
  return db
}

const STATES = 'SELECT ordercode, state, revision, transaction_id, paid_at FROM orders'

describe('a database of version 0.1.0', () => {
  it('keeps every order that no returned payment made paid', () => {
    const db = everyState()
    const others = `${STATES} WHERE ordercode IN ('created', 'paying', 'closing', 'closed', 'paid', 'twice', 'part')`
    const before = db.rows(others)
    const refunds = db.rows('SELECT * FROM refunds ORDER BY out_refund_no').length
    const attempts = db.rows('SELECT ordercode, number, state FROM attempts')
    db.upgrade()

    expect(db.rows(others)).toEqual(before)
    expect(db.rows('SELECT * FROM refunds ORDER BY out_refund_no')).toHaveLength(refunds)
    expect(db.rows('SELECT ordercode, number, state FROM attempts')).toEqual(attempts)
  })

  it.each(['gone', 'going', 'refused', 'ended', 'absent'])(
    'restates the order %s, which a returned payment made paid, as closed',
    (ordercode) => {
      const db = everyState()
      db.upgrade()

      expect(db.rows(`${STATES} WHERE ordercode = '${ordercode}'`)).toEqual([
        { ordercode, state: 'closed', revision: 8, transaction_id: null, paid_at: null },
      ])
      const [payment] = db.rows(`SELECT * FROM payments WHERE ordercode = '${ordercode}'`)
      expect(payment).toMatchObject({ returned: 1, further: 1, confirmed_at: null })
      const events = db.rows(
        `SELECT revision, type, data FROM events WHERE ordercode = '${ordercode}' AND revision > 7`,
      )
      expect(events).toEqual([
        {
          revision: 8,
          type: 'order_restated',
          data: JSON.stringify({ transaction_id: `T-${ordercode}`, returned: 'yes' }),
        },
      ])
    },
  )

  it('offers to accept where the money did not go back, and only there', () => {
    const db = everyState()
    db.upgrade()

    const opened = db.rows(
      "SELECT id, ordercode, evidence FROM reviews WHERE kind = 'refund_failed'",
    )
    expect(opened.map(({ ordercode }) => ordercode).toSorted()).toEqual([
      'absent',
      'ended',
      'refused',
    ])
    for (const { ordercode, evidence } of opened) {
      expect(JSON.parse(String(evidence))).toMatchObject({ transaction_id: `T-${ordercode}` })
    }
  })

  it('keeps an order paid whose payment went back in part, and takes the payment for one that stays', () => {
    const db = everyState()
    db.upgrade()

    expect(db.rows("SELECT returned, further FROM payments WHERE ordercode = 'part'")).toEqual([
      { returned: 0, further: 0 },
    ])
  })

  it('sends no webhook about it', () => {
    const db = everyState()
    db.upgrade()
    expect(db.rows('SELECT * FROM deliveries')).toEqual([])
  })

  it('is upgraded without a violation of a constraint, also when it is empty', () => {
    const db = oldDatabase()
    db.upgrade()
    expect(db.rows('PRAGMA foreign_key_check')).toEqual([])
  })
})
