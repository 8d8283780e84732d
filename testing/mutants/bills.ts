/** WeChat's daily bill: what it may say, how it is read, and that every day comes to its end. */
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
const AGREEING = ['test/stories/bill/agreeing.test.ts']
const DOWNLOAD_TIMES = ['test/stories/bill/download-times.test.ts']
const ENDPOINTS = ['test/stories/bill/endpoints.test.ts']
const ARCHIVE = ['test/stories/bill/archive.test.ts']
const AGAIN = ['test/stories/bill/reconciled-again.test.ts']
const UNCONFIRMED = ['test/stories/bill/unconfirmed-payments.test.ts']
const UNFINISHED = ['test/stories/bill/unfinished-runs.test.ts']
const LARGE = ['test/stories/bill/large-bills.test.ts']
const UNUSABLE = ['test/stories/bill/unusable.test.ts']
const BUDGET = ['test/stories/bill/budget.test.ts']
const DIFFERENCES = ['test/stories/bill/differences.test.ts']
const STORE = ['test/store/bill/bills.test.ts']

export const BILL_MUTANTS: readonly Mutant[] = [
  // What is booked, and what is told.
  {
    name: 'what the bill says is booked without asking WeChat',
    file: 'service/bill/resolve-difference.ts',
    find: 'return queryPayment(deps, difference)',
    replace: `return (await recordPayment(deps, { ...view.attempts[0]?.terms, transactionId: difference.subject, outTradeNo: toOutTradeNo(String(difference.bill?.['out_trade_no'])), tradeType: 'JSAPI', feeType: 'CNY', totalFee: difference.bill?.['total_fee'], paidAt: deps.now() }, 'bill')).ok ? 'booked' : 'review'`,
    tests: DIFFERENCES,
  },
  {
    name: 'a payment that WeChat has under another number passes for the one in the bill',
    file: 'service/bill/resolve-difference.ts',
    find: ' || reply.payment.transactionId !== subject',
    replace: '',
    tests: LARGE,
  },
  {
    name: 'what went back by hand before the bill found it is told as paid',
    file: 'service/bill/resolve-difference.ts',
    find: `reply.payment, 'bill', reply.refunded)`,
    replace: `reply.payment, 'bill')`,
    tests: DIFFERENCES,
  },
  {
    name: 'a difference between bill and books is told to nobody',
    file: 'service/bill/resolve-difference.ts',
    find: `await openReview(deps, differenceReview(difference))\n    return 'review'`,
    replace: `return 'review'`,
    tests: DIFFERENCES,
  },
  {
    name: 'a payment that WeChat never confirms keeps its day open for ever',
    file: 'service/bill/resolve-difference.ts',
    find: `asked === 'try_again' && tries >= TRIES_MAX`,
    replace: 'false',
    tests: UNCONFIRMED,
  },
  {
    name: 'what a bill has of another mini program is taken for ours',
    file: 'store/bill/compare-page.ts',
    find: ' || row.appid !== appid',
    replace: '',
    tests: AGREEING,
  },
  {
    name: 'a payment of another amount agrees',
    file: 'store/bill/compare-page.ts',
    find: ' OR p.total_fee <> f',
    replace: '',
    tests: DIFFERENCES,
  },
  {
    name: 'a payment booked with a stolen key is missed by no bill once its day is over',
    file: 'store/bill/compare-books.ts',
    find: `(p.paid_at >= ?3 OR EXISTS (
    SELECT 1 FROM bills WHERE day = \${beijingDay('p.paid_at')} AND state IN ('settling', 'reconciled')))`,
    replace: 'p.paid_at >= ?3',
    tests: AGAIN,
  },
  {
    name: 'a payment that no bill has is told every day anew',
    file: 'store/bill/compare-books.ts',
    find: `AND NOT \${isKnown('p.transaction_id', 'payment_not_here', 'payment_not_in_bill')}`,
    replace: '',
    tests: AGAIN,
  },
  {
    name: 'a refund at midnight is missing before the bill of the other day was read',
    file: 'store/bill/compare-books.ts',
    find: `state IN ('waiting', 'comparing')`,
    replace: `state = 'comparing'`,
    tests: AGREEING,
  },
  {
    name: 'WeChat’s last line says another sum, and nobody hears of it',
    file: 'service/bill/compare-bill.ts',
    find: 'differingSums(current, end))',
    replace: '[])',
    tests: DIFFERENCES,
  },
  {
    name: 'a difference that a person is to look at is closed by itself',
    file: 'store/bill/differences.ts',
    find: `outcome IN ('review', 'collected'))`,
    replace: `outcome = 'collected')`,
    tests: STORE,
  },
  {
    name: 'the one review of very many differences is closed by itself',
    file: 'store/bill/differences.ts',
    find: `iif(outcome = 'collected', '', '.' || subject)`,
    replace: `'.' || subject`,
    tests: STORE,
  },
  {
    name: 'a day that agrees closes the reviews of all other days',
    file: 'store/bill/differences.ts',
    find: `substr(subject, 1, 11) = ?1 || '.'`,
    replace: `?1 <> ''`,
    tests: STORE,
  },

  // Which days there are, and that each is finished.
  {
    name: 'days end at eight in the morning in Beijing',
    file: 'core/day.ts',
    find: 'dashed(formatBeijing(at).slice(0, 8))',
    replace: 'new Date(at * 1_000).toISOString().slice(0, 10)',
    tests: DAY,
  },
  {
    name: 'at midnight every bill is late, and "No Bill Exist" is believed',
    file: 'core/bill/schedule.ts',
    find: 'now < later(startOf(addDays(day, 1)), NOON_S)',
    replace: 'now < later(startOf(day), NOON_S)',
    tests: CORE,
  },
  {
    name: 'after an outage only the bill of yesterday is asked for',
    file: 'store/bill/bills.ts',
    find: 'Array.from({ length: BILL_DAYS_AVAILABLE }',
    replace: 'Array.from({ length: 1 }',
    tests: DOWNLOAD_TIMES,
  },
  {
    name: 'a day that is run by hand makes the cron forget those before it',
    file: 'service/bill/reconcile-bill.ts',
    find: '  await bills.expect(last, now)\n',
    replace: '',
    tests: DOWNLOAD_TIMES,
  },
  {
    name: 'a day that is not over is reconciled as empty',
    file: 'service/bill/reconcile-bill.ts',
    find: `reply !== undefined && reply.kind !== 'bill'`,
    replace: `reply?.kind === 'not_ready'`,
    tests: ENDPOINTS,
  },
  {
    name: 'a day is reconciled while WeChat has yet to confirm a payment of it',
    file: 'service/bill/reconcile-bill.ts',
    find: 'if (unanswered.length > 0) {',
    replace: 'if (unanswered.length > DIFFERENCES_AT_ONCE) {',
    tests: DIFFERENCES,
  },
  {
    name: 'the two hundred and first difference is forgotten',
    file: 'service/bill/reconcile-bill.ts',
    find: 'if (open.length === DIFFERENCES_AT_ONCE) return goesOn',
    replace: '',
    tests: LARGE,
  },
  {
    name: 'a bill that failed stands in the way of the other days',
    file: 'cron/due-bill.ts',
    find: `if (advanced === 'failed') await postponeBill(deps, bill, 'failed, see the log')`,
    replace: '',
    tests: UNFINISHED,
  },
  {
    name: 'a bill that fails keeps the shop from being told',
    file: 'cron/tick.ts',
    find: 'guarded(deps, undefined, () => reconcileDueBill(deps, budget.query))',
    replace: 'reconcileDueBill(deps, budget.query)',
    tests: UNFINISHED,
  },
  {
    name: 'as long as payments are to be asked about, no bill is read',
    file: 'cron/tick.ts',
    find: 'now() % BILLS_TURN_S < MINUTE_S',
    replace: 'now() % BILLS_TURN_S < 0',
    tests: BUDGET,
  },

  // Once more, by two, or with half of it.
  {
    name: 'two crons work on one bill',
    file: 'store/bill/bills.ts',
    find: 'due_at <= ?2 AND (leased_until IS NULL OR leased_until <= ?2)',
    replace: 'due_at <= ?2',
    tests: STORE,
  },
  {
    name: 'a run goes on when its lease is over, and asks what another one asks',
    file: 'service/bill/reconcile-bill.ts',
    find: 'budget.allows(COSTS.billStep) && deps.now() < end',
    replace: 'budget.allows(COSTS.billStep)',
    tests: LARGE,
  },
  {
    name: 'a run whose lease is over overwrites what the next one found',
    file: 'store/bill/bills.ts',
    find: `rowFromBill(bill), ['day'], heldBy(bill)),`,
    replace: `rowFromBill(bill), ['day'], { sql: 'true', params: [] }),`,
    tests: STORE,
  },
  {
    name: 'half a bill undoes a day that was reconciled',
    file: 'service/bill/compare-bill.ts',
    find: `claimed.state === 'reconciled' && !(await isWhole(deps, raw))`,
    replace: 'false',
    tests: AGAIN,
  },
  {
    name: '"No Bill Exist" undoes a day whose bill was there',
    file: 'service/bill/fetch-bill.ts',
    find: 'bill.reconciledAt !== undefined && bill.bytes > 0',
    replace: 'false',
    tests: AGAIN,
  },
  {
    name: '"No Bill Exist" is believed on the morning after a payment',
    file: 'service/bill/fetch-bill.ts',
    find: '(isEarly(day, now) && (await deps.bills.isExpectedOn(day)))',
    replace: 'false',
    tests: DOWNLOAD_TIMES,
  },
  {
    name: '"No Bill Exist" is believed while an order may be paid that nobody heard of',
    file: 'store/bill/bills.ts',
    find: `due_at IS NOT NULL AND state = 'paying'`,
    replace: `due_at IS NOT NULL AND state = 'paid'`,
    tests: UNCONFIRMED,
  },
  {
    name: 'a shop that may have no bills hears of it two days later',
    file: 'service/bill/fetch-bill.ts',
    find: `      await reportMissing(deps, bill, reason)
      return`,
    replace: '      return',
    tests: UNUSABLE,
  },
  {
    name: 'a day that is run again is not compared again',
    file: 'service/bill/fetch-bill.ts',
    find: `bill.state !== 'reconciled' && bill.bytes === fetched.bytes`,
    replace: 'bill.bytes === fetched.bytes',
    tests: AGAIN,
  },
  {
    name: 'a bill that is read in two runs loses what the first one found',
    file: 'store/bill/bills.ts',
    find: '...(bill.counts.rows > 0\n',
    replace: '...(bill.counts.rows > 1e9\n',
    tests: STORE,
  },
  {
    name: 'a bill that goes on counts a row twice',
    file: 'wechat/bill/read.ts',
    find: 'next.value.row > afterRow',
    replace: 'next.value.row >= afterRow',
    tests: STREAM,
  },

  // The archive decides nothing.
  {
    name: 'without the archive no bill is compared',
    file: 'service/bill/fetch-bill.ts',
    find: `log({\n      event: 'bill_not_archived'`,
    replace: `throw error\n    log({\n      event: 'bill_not_archived'`,
    tests: ARCHIVE,
  },
  {
    name: 'half a bill overwrites the whole one in the archive',
    file: 'store/bill/archive.ts',
    find: '`bill/${day}/${fetchedAt ?? 0}/${part}`',
    replace: '`bill/${day}/${part}`',
    tests: AGAIN,
  },

  // What WeChat answers.
  {
    name: 'a bill that WeChat is making is a day without payments',
    file: 'wechat/v2/replies/download-bill.ts',
    find: 'if (/no bill exist/i.test(errCodeDes))',
    replace: 'if (/bill/i.test(errCodeDes))',
    tests: REPLY,
  },
  {
    name: 'a day without payments is never finished',
    file: 'wechat/v2/replies/download-bill.ts',
    find: `return { kind: 'empty' }`,
    replace: `return { kind: 'not_ready' }`,
    tests: REPLY,
  },
  {
    name: 'a web page of nginx is compared with the books',
    file: 'wechat/transport.ts',
    find: 'if (response.status !== 200) return unexpected(response)\n  const chunks',
    replace: 'const chunks',
    tests: TRANSPORT,
  },
  {
    name: 'no bill has a refund in it',
    file: 'wechat/v2/messages.ts',
    find: `bill_type: 'ALL'`,
    replace: `bill_type: 'SUCCESS'`,
    tests: MESSAGES,
  },

  // What a bill says.
  {
    name: 'a bill that is cut off is compared as a whole',
    file: 'wechat/bill/text.ts',
    find: `summary === undefined ? failed('cut_off') : this.#judge(summary)`,
    replace: `summary === undefined ? { whole: true, stated: this.#tally.sums, read: this.#tally.sums, differing: [] } : this.#judge(summary)`,
    tests: STREAM,
  },
  {
    name: 'a connection that breaks off is the end of the bill',
    file: 'wechat/bill/read.ts',
    find: `  } catch {\n    return 'broken'`,
    replace: `  } catch {\n    return 'end'`,
    tests: STREAM,
  },
  {
    name: 'an amount that is cut off is believed as far as it goes',
    file: 'wechat/bill/lines.ts',
    find: 'isComplete ? this.#row : undefined',
    replace: 'this.#row',
    tests: STREAM,
  },
  {
    name: 'WeChat’s last line is read, and not compared',
    file: 'wechat/bill/summary.ts',
    find: 'stated[name] !== undefined && stated[name] !== read[name]',
    replace: 'stated[name] === undefined && stated[name] !== read[name]',
    tests: SUMS,
  },
  {
    name: 'an amount is read as a float, and 9.8 yuan are 980.0000000000001 fen',
    file: 'wechat/bill/yuan.ts',
    find: `Number(whole + fraction.slice(0, places).padEnd(places, '0'))`,
    replace: 'Number(`${whole}.${fraction}`) * 10 ** places',
    tests: YUAN,
  },
  {
    name: 'a refund cannot be read, because its service fee comes back',
    file: 'wechat/bill/row.ts',
    find: 'const serviceFee = parseYuanMillifen(',
    replace: 'const serviceFee = parseYuan(',
    tests: READING,
  },
  {
    name: 'a comma in a note is the end of a field, and amounts shift',
    file: 'wechat/bill/row.ts',
    find: 'text.slice(1).split(SEPARATOR)',
    replace: 'text.slice(1).split(/,`?/)',
    tests: FREE_TEXT,
  },
  {
    name: 'a separator in a product’s name shifts the amounts behind it',
    file: 'wechat/bill/columns.ts',
    find: 'at > elastic.to ? { name, at: at - names.length } : undefined',
    replace: 'at > elastic.to ? { name, at } : undefined',
    tests: FREE_TEXT,
  },
  {
    name: 'a line break in a product’s name makes two rows of it',
    file: 'wechat/bill/lines.ts',
    find: 'this.#row !== undefined && !isRowStart(next)',
    replace: 'false',
    tests: FREE_TEXT,
  },
  {
    name: 'what WeChat’s coupon paid is missing from the order’s amount',
    file: 'wechat/bill/columns.ts',
    find: `['订单金额', '总金额', '应结订单金额']`,
    replace: `['应结订单金额', '总金额', '订单金额']`,
    tests: READING,
  },
  {
    name: 'a refund that does not say REFUND is a payment',
    file: 'wechat/bill/row.ts',
    find: `state === 'REFUND' || (refundId !== '' && refundId !== '0')`,
    replace: `state === 'REFUND'`,
    tests: READING,
  },
  {
    name: 'a row whose fields are shifted is a payment',
    file: 'wechat/bill/row.ts',
    find: 'if (!STATES.includes(state)) return { unreadable: columns.tradeState.name }',
    replace: '',
    tests: READING,
  },
  {
    name: 'a bill in plain text is unpacked',
    file: 'wechat/bill/bytes.ts',
    find: 'GZIP_MAGIC.every((byte, at) => head[at] === byte)',
    replace: 'true',
    tests: READING,
  },
]
