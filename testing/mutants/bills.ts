/** Bugs in the daily bill: downloading, reading, reconciling, and finishing every day. */
import type { Mutant } from './mutant.ts'

const CORE = ['test/core/bill/schedule.test.ts']
const DAY = ['test/core/day.test.ts']
const YUAN = ['test/wechat/bill/yuan.test.ts']
const READING = ['test/wechat/bill/read.test.ts']
const FREE_TEXT = ['test/wechat/bill/free-text.test.ts']
const STREAM = ['test/wechat/bill/stream.test.ts']
const SUMS = ['test/wechat/bill/sums.test.ts']
const REPLY = ['test/wechat/v2/replies/download-bill.test.ts']
const MESSAGES = ['test/wechat/v2/refund-messages.test.ts']
const TRANSPORT = ['test/wechat/v2/refund-transport.test.ts']
const AGREES = ['test/stories/bill/agrees.test.ts']
const DIFFERENCES = ['test/stories/bill/differences.test.ts']
const UNAVAILABLE = ['test/stories/bill/unavailable.test.ts']
const SECOND_LOOK = ['test/stories/bill/second-look.test.ts']
const STORE = ['test/store/bill/bills.test.ts']

/** See the head of this file. */
export const BILL_MUTANTS: readonly Mutant[] = [
  // Differences: what is recorded, and what gets a review.
  {
    name: 'A payment is recorded from the bill alone, without a confirming query',
    file: 'service/bill/resolve-difference.ts',
    find: 'return queryPayment(deps, difference)',
    replace: `return (await recordPayment(deps, { ...view.attempts[0]?.terms, transactionId: difference.subject, outTradeNo: toOutTradeNo(String(difference.bill?.['out_trade_no'])), tradeType: 'JSAPI', feeType: 'CNY', totalFee: difference.bill?.['total_fee'], paidAt: deps.now() }, 'bill')).ok ? 'booked' : 'review'`,
    tests: DIFFERENCES,
  },
  {
    name: 'A query that finds a different transaction counts as a confirmation of the bill’s payment',
    file: 'service/bill/resolve-difference.ts',
    find: ' || reply.payment.transactionId !== subject',
    replace: '',
    tests: SECOND_LOOK,
  },
  {
    name: 'A payment that was already refunded on the merchant platform is announced to the shop as paid',
    file: 'service/bill/resolve-difference.ts',
    find: `reply.payment, 'bill', reply.refunded)`,
    replace: `reply.payment, 'bill')`,
    tests: DIFFERENCES,
  },
  {
    name: 'A difference between the bill and our records gets no review',
    file: 'service/bill/resolve-difference.ts',
    find: `await openReview(deps, differenceReview(difference))\n    return 'review'`,
    replace: `return 'review'`,
    tests: DIFFERENCES,
  },
  {
    name: 'A payment that WeChat never confirms keeps its day unreconciled forever',
    file: 'service/bill/resolve-difference.ts',
    find: `asked === 'try_again' && tries >= TRIES_MAX`,
    replace: 'false',
    tests: SECOND_LOOK,
  },
  {
    name: 'Rows of another mini program in the bill are reconciled as ours',
    file: 'store/bill/compare-page.ts',
    find: ' || row.appid !== appid',
    replace: '',
    tests: AGREES,
  },
  {
    name: 'A payment whose amount differs between bill and records is not reported',
    file: 'store/bill/compare-page.ts',
    find: ' OR p.total_fee <> f',
    replace: '',
    tests: DIFFERENCES,
  },
  {
    name: 'A payment forged with a stolen key and dated to a day that is already reconciled is never found missing from a bill',
    file: 'store/bill/compare-books.ts',
    find: `(p.paid_at >= ?3 OR EXISTS (
    SELECT 1 FROM bills WHERE day = \${beijingDay('p.paid_at')} AND state IN ('settling', 'reconciled')))`,
    replace: 'p.paid_at >= ?3',
    tests: SECOND_LOOK,
  },
  {
    name: 'A payment that is in no bill is reported again every day',
    file: 'store/bill/compare-books.ts',
    find: `AND NOT \${isKnown('p.transaction_id', 'payment_not_here', 'payment_not_in_bill')}`,
    replace: '',
    tests: SECOND_LOOK,
  },
  {
    name: 'A refund near midnight is reported missing before the other day’s bill was compared',
    file: 'store/bill/compare-books.ts',
    find: `state IN ('waiting', 'comparing')`,
    replace: `state = 'comparing'`,
    tests: AGREES,
  },
  {
    name: 'A difference between the bill’s total line and its rows gets no review',
    file: 'service/bill/compare-bill.ts',
    find: 'differingSums(current, end))',
    replace: '[])',
    tests: DIFFERENCES,
  },
  {
    name: 'A difference whose review is still open is resolved automatically',
    file: 'store/bill/differences.ts',
    find: `outcome IN ('review', 'collected'))`,
    replace: `outcome = 'collected')`,
    tests: STORE,
  },
  {
    name: 'The collected review of very many differences is resolved automatically',
    file: 'store/bill/differences.ts',
    find: `iif(outcome = 'collected', '', '.' || subject)`,
    replace: `'.' || subject`,
    tests: STORE,
  },
  {
    name: 'A day without differences resolves the reviews of all other days',
    file: 'store/bill/differences.ts',
    find: `substr(subject, 1, 11) = ?1 || '.'`,
    replace: `?1 <> ''`,
    tests: STORE,
  },

  // Which days are reconciled, and that each is finished.
  {
    name: 'Bill days end at 8:00 in Beijing instead of midnight',
    file: 'core/day.ts',
    find: 'dashed(formatBeijing(at).slice(0, 8))',
    replace: 'new Date(at * 1_000).toISOString().slice(0, 10)',
    tests: DAY,
  },
  {
    name: '"No Bill Exist" is believed from midnight on, before WeChat has made the bill',
    file: 'core/bill/schedule.ts',
    find: 'now < later(startOf(addDays(day, 1)), NOON_S)',
    replace: 'now < later(startOf(day), NOON_S)',
    tests: CORE,
  },
  {
    name: 'After an outage only yesterday’s bill is fetched, and the days before are skipped',
    file: 'store/bill/bills.ts',
    find: 'Array.from({ length: BILL_DAYS_AVAILABLE }',
    replace: 'Array.from({ length: 1 }',
    tests: AGREES,
  },
  {
    name: 'Reconciling a day through the API makes the cron skip the days before it',
    file: 'service/bill/reconcile-bill.ts',
    find: '  await bills.expect(last, now)\n',
    replace: '',
    tests: AGREES,
  },
  {
    name: 'A day that is not over is reconciled as a day without payments',
    file: 'service/bill/reconcile-bill.ts',
    find: `reply !== undefined && reply.kind !== 'bill'`,
    replace: `reply?.kind === 'not_ready'`,
    tests: AGREES,
  },
  {
    name: 'A day becomes reconciled while a payment of it still awaits WeChat’s confirmation',
    file: 'service/bill/reconcile-bill.ts',
    find: 'if (unanswered.length > 0) {',
    replace: 'if (unanswered.length > DIFFERENCES_AT_ONCE) {',
    tests: DIFFERENCES,
  },
  {
    name: 'Differences after the first 200 of a day are never processed',
    file: 'service/bill/reconcile-bill.ts',
    find: 'if (open.length === DIFFERENCES_AT_ONCE) return goesOn',
    replace: '',
    tests: SECOND_LOOK,
  },
  {
    name: 'A bill that keeps failing blocks the bills of all other days',
    file: 'cron/due-bill.ts',
    find: `if (advanced === 'failed') await postponeBill(deps, bill, 'failed, see the log')`,
    replace: '',
    tests: SECOND_LOOK,
  },
  {
    name: 'An error in a bill aborts the cron before webhooks are sent',
    file: 'cron/tick.ts',
    find: 'guarded(deps, undefined, () => reconcileDueBill(deps, budget.query))',
    replace: 'reconcileDueBill(deps, budget.query)',
    tests: SECOND_LOOK,
  },
  {
    name: 'Bills are not processed as long as orders are waiting for a query',
    file: 'cron/tick.ts',
    find: 'now() % BILLS_TURN_S < MINUTE_S',
    replace: 'now() % BILLS_TURN_S < 0',
    tests: UNAVAILABLE,
  },

  // Repeated, concurrent and incomplete reconciliations.
  {
    name: 'Two overlapping runs of the cron process the same bill',
    file: 'store/bill/bills.ts',
    find: 'due_at <= ?2 AND (leased_until IS NULL OR leased_until <= ?2)',
    replace: 'due_at <= ?2',
    tests: STORE,
  },
  {
    name: 'A run continues after its lease on a bill has expired, and repeats the queries of the next run',
    file: 'service/bill/reconcile-bill.ts',
    find: 'budget.allows(COSTS.billStep) && deps.now() < end',
    replace: 'budget.allows(COSTS.billStep)',
    tests: SECOND_LOOK,
  },
  {
    name: 'A run whose lease has expired overwrites the next run’s results',
    file: 'store/bill/bills.ts',
    find: `rowFromBill(bill), ['day'], heldBy(bill)),`,
    replace: `rowFromBill(bill), ['day'], { sql: 'true', params: [] }),`,
    tests: STORE,
  },
  {
    name: 'A truncated download overwrites a day that was already reconciled',
    file: 'service/bill/compare-bill.ts',
    find: `claimed.state === 'reconciled' && !(await isWhole(deps, raw))`,
    replace: 'false',
    tests: SECOND_LOOK,
  },
  {
    name: '"No Bill Exist" overwrites a day that was reconciled with a real bill',
    file: 'service/bill/fetch-bill.ts',
    find: 'bill.reconciledAt !== undefined && bill.bytes > 0',
    replace: 'false',
    tests: SECOND_LOOK,
  },
  {
    name: '"No Bill Exist" is believed in the morning although we recorded a payment on that day',
    file: 'service/bill/fetch-bill.ts',
    find: '(isEarly(day, now) && (await deps.bills.isExpectedOn(day)))',
    replace: 'false',
    tests: AGREES,
  },
  {
    name: '"No Bill Exist" is believed while an open order may have been paid without our knowledge',
    file: 'store/bill/bills.ts',
    find: `due_at IS NOT NULL AND state = 'paying'`,
    replace: `due_at IS NOT NULL AND state = 'paid'`,
    tests: SECOND_LOOK,
  },
  {
    name: 'A merchant without permission to download bills learns of it two days late',
    file: 'service/bill/fetch-bill.ts',
    find: `      await reportMissing(deps, bill, reason)
      return`,
    replace: '      return',
    tests: UNAVAILABLE,
  },
  {
    name: 'Reconciling a day again skips the comparison',
    file: 'service/bill/fetch-bill.ts',
    find: `bill.state !== 'reconciled' && bill.bytes === fetched.bytes`,
    replace: 'bill.bytes === fetched.bytes',
    tests: SECOND_LOOK,
  },
  {
    name: 'A bill that is read in two runs loses the first run’s results',
    file: 'store/bill/bills.ts',
    find: '...(bill.counts.rows > 0\n',
    replace: '...(bill.counts.rows > 1e9\n',
    tests: STORE,
  },
  {
    name: 'A bill that is continued in a second run counts one row twice',
    file: 'wechat/bill/read.ts',
    find: 'next.value.row > afterRow',
    replace: 'next.value.row >= afterRow',
    tests: STREAM,
  },

  // The archive of raw bills.
  {
    name: 'When the archive fails, no bill is reconciled',
    file: 'service/bill/fetch-bill.ts',
    find: `log({\n      event: 'bill_not_archived'`,
    replace: `throw error\n    log({\n      event: 'bill_not_archived'`,
    tests: SECOND_LOOK,
  },
  {
    name: 'A truncated download overwrites the complete bill in the archive',
    file: 'store/bill/archive.ts',
    find: '`bill/${day}/${fetchedAt ?? 0}/${part}`',
    replace: '`bill/${day}/${part}`',
    tests: SECOND_LOOK,
  },

  // WeChat's answers to downloadbill.
  {
    name: 'A bill that WeChat is still making is reconciled as a day without payments',
    file: 'wechat/v2/replies/download-bill.ts',
    find: 'if (/no bill exist/i.test(errCodeDes))',
    replace: 'if (/bill/i.test(errCodeDes))',
    tests: REPLY,
  },
  {
    name: 'A day without payments is never reconciled',
    file: 'wechat/v2/replies/download-bill.ts',
    find: `return { kind: 'empty' }`,
    replace: `return { kind: 'not_ready' }`,
    tests: REPLY,
  },
  {
    name: 'An HTML error page is reconciled as a bill',
    file: 'wechat/transport.ts',
    find: 'if (response.status !== 200) return unexpected(response)\n  const chunks',
    replace: 'const chunks',
    tests: TRANSPORT,
  },
  {
    name: 'Bills are downloaded without refunds',
    file: 'wechat/v2/messages.ts',
    find: `bill_type: 'ALL'`,
    replace: `bill_type: 'SUCCESS'`,
    tests: MESSAGES,
  },

  // Reading the file.
  {
    name: 'A truncated bill is reconciled as complete',
    file: 'wechat/bill/text.ts',
    find: `summary === undefined ? failed('cut_off') : this.#judge(summary)`,
    replace: `summary === undefined ? { whole: true, stated: this.#tally.sums, read: this.#tally.sums, differing: [] } : this.#judge(summary)`,
    tests: STREAM,
  },
  {
    name: 'A broken connection counts as the end of the bill',
    file: 'wechat/bill/read.ts',
    find: `  } catch {\n    return 'broken'`,
    replace: `  } catch {\n    return 'end'`,
    tests: STREAM,
  },
  {
    name: 'The last row of a truncated bill is read with a truncated amount',
    file: 'wechat/bill/lines.ts',
    find: 'isComplete ? this.#row : undefined',
    replace: 'this.#row',
    tests: STREAM,
  },
  {
    name: 'The bill’s total line is not compared with its rows',
    file: 'wechat/bill/summary.ts',
    find: 'stated[name] !== undefined && stated[name] !== read[name]',
    replace: 'stated[name] === undefined && stated[name] !== read[name]',
    tests: SUMS,
  },
  {
    name: 'An amount is read as a float, so that 9.8 yuan become 980.0000000000001 fen',
    file: 'wechat/bill/yuan.ts',
    find: `Number(whole + fraction.slice(0, places).padEnd(places, '0'))`,
    replace: 'Number(`${whole}.${fraction}`) * 10 ** places',
    tests: YUAN,
  },
  {
    name: 'A refund’s row is unreadable because its service fee is negative',
    file: 'wechat/bill/row.ts',
    find: 'const serviceFee = parseYuanMillifen(',
    replace: 'const serviceFee = parseYuan(',
    tests: READING,
  },
  {
    name: 'A comma in a note ends the field, so that the amounts shift',
    file: 'wechat/bill/row.ts',
    find: 'text.slice(1).split(SEPARATOR)',
    replace: 'text.slice(1).split(/,`?/)',
    tests: FREE_TEXT,
  },
  {
    name: 'A separator in a product name shifts the amounts after it',
    file: 'wechat/bill/columns.ts',
    find: 'at > elastic.to ? { name, at: at - names.length } : undefined',
    replace: 'at > elastic.to ? { name, at } : undefined',
    tests: FREE_TEXT,
  },
  {
    name: 'A line break in a product name splits the row in two',
    file: 'wechat/bill/lines.ts',
    find: 'this.#row !== undefined && !isRowStart(next)',
    replace: 'false',
    tests: FREE_TEXT,
  },
  {
    name: 'The part that a WeChat coupon paid is missing from the order’s amount',
    file: 'wechat/bill/columns.ts',
    find: `['订单金额', '总金额', '应结订单金额']`,
    replace: `['应结订单金额', '总金额', '订单金额']`,
    tests: READING,
  },
  {
    name: 'A refund whose row does not say REFUND is read as a payment',
    file: 'wechat/bill/row.ts',
    find: `state === 'REFUND' || (refundId !== '' && refundId !== '0')`,
    replace: `state === 'REFUND'`,
    tests: READING,
  },
  {
    name: 'A row with shifted fields is read as a payment',
    file: 'wechat/bill/row.ts',
    find: 'if (!STATES.includes(state)) return { unreadable: columns.tradeState.name }',
    replace: '',
    tests: READING,
  },
  {
    name: 'A bill in plain text is unpacked as gzip and fails',
    file: 'wechat/bill/bytes.ts',
    find: 'GZIP_MAGIC.every((byte, at) => head[at] === byte)',
    replace: 'true',
    tests: READING,
  },
]
