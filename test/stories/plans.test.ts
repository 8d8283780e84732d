/** No statement of a request or of the cron reads a whole table. `large.test.ts` checks those of pages and lists. */
import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { goTo, minutes } from '../../testing/bill-days.ts'
import { collectStatements, findScans } from '../../testing/d1/query-plans.ts'
import { deleteRefund, paidOrder, paidTwice, putRefund } from '../../testing/refund-stories.ts'
import { TOKEN, world } from '../../testing/world.ts'

/** What a story must have sent, so that this test does not pass because it has done nothing. */
const KINDS: Readonly<Record<string, RegExp>> = {
  'a registration': /INSERT INTO orders/,
  'an attempt': /INSERT INTO attempts/,
  'a payment': /INSERT INTO payments/,
  'a further payment': /further/,
  'a webhook': /INSERT INTO deliveries|INTO deliveries/,
  'a review': /INTO reviews/,
  'a refund': /INTO refunds/,
  'a run': /INTO runs/,
  'the sums of a day': /days/,
  'a bill': /UPDATE bills/,
  'a recovery': /INTO recoveries/,
}

it('the query plan of every statement of a whole story is free of scans', async () => {
  const collected = collectStatements(env.DB)
  const w = world({
    wrapDb: () => collected.db,
    vars: {
      LATE_PAYMENT: 'refund',
      WX_CERT: 'bound',
      METRICS_TOKEN: 'token-of-prometheus-0123456789',
    },
  })
  const payer = (): string => w.wechat.payer.newOpenid()

  // Payments: at once, again, twice, lost, late; and an order that is closed, and one that nobody pays.
  const { ordercode } = await paidOrder(w, 'paid')
  await w.notify(w.wechat.notices.ofPayments.xml(ordercode))
  await paidTwice(w, 'twice')
  await w.deliverNotices()
  const openid = payer()
  const open = await w.order('open')
  const answer = await w.pay(open, openid)
  const { ticket } = await answer.json<{ ticket: string }>()
  await w.fetch(`/result?ticket=${ticket}`)
  await w.pay(open, openid)
  await w.pay(open, payer())
  await w.shop('POST', `/orders/${await w.order('closed')}/close`)
  await w.order('untouched')
  const lost = await w.order('lost')
  await w.pay(lost, payer())
  w.wechat.payer.pay(lost)
  const late = await w.order('late', { expires_in: 600 })
  await w.pay(late, payer())

  // Refunds: one that succeeds, one that is called off.
  await putRefund(w, ordercode, 'R1', 100)
  await putRefund(w, ordercode, 'R2', 100)
  await deleteRefund(w, ordercode, 'R2')
  await minutes(w, 10)
  w.wechat.payer.pay(late, { despiteClose: true })
  await w.deliverNotices()
  await w.settled()
  w.advance(7_300)
  await minutes(w, 3)

  // The next days: bills, deletions; and a recovery.
  goTo(w, '2026-11-24T10:30:00')
  await minutes(w, 10)
  goTo(w, '2027-01-24T10:30:00')
  await minutes(w, 5)
  await w.shop('POST', '/recover', { since: '2027-01-24T00:00:00Z' })
  await minutes(w, 5)
  await w.fetch('/health', { headers: { authorization: `Bearer ${TOKEN}` } })
  await w.fetch('/metrics', { headers: { authorization: 'Bearer token-of-prometheus-0123456789' } })

  const statements = collected.statements()
  const missing = Object.entries(KINDS).filter(([, of]) => !statements.some((sql) => of.test(sql)))
  expect(missing.map(([name]) => name)).toEqual([])
  expect(await findScans(env.DB, statements)).toEqual([])
})

it('a statement that scans is found', async () => {
  const scans = await findScans(env.DB, [
    'SELECT * FROM orders WHERE body = ?',
    'SELECT * FROM orders WHERE ordercode = ?',
    'SELECT count(*) FROM attempts',
  ])
  expect(scans.map((each) => each.split(':')[0])).toEqual([
    'SCAN orders',
    expect.stringMatching(/^SCAN attempts/),
  ])
})
