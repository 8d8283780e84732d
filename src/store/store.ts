import { prepayExpiry } from '../core/order/attempt.ts'
import type { Store } from '../ports/store.ts'
import {
  beginBill,
  booksOn,
  claimBillOf,
  claimDueBill,
  expectBills,
  findBill,
  isExpectedOn,
  postponeBill,
  saveBill,
} from './bill/bills.ts'
import { finishComparing, noteUnexplained } from './bill/compare-books.ts'
import { comparePage } from './bill/compare-page.ts'
import {
  collectDifferences,
  countReviewed,
  differences,
  manyDifferences,
  openDifferences,
  settleDifference,
} from './bill/differences.ts'
import type { Database } from './d1/database.ts'
import {
  claimDeliveries,
  findDelivery,
  listDeliveries,
  reopenDelivery,
  saveTry,
  sweepDeliveries,
} from './deliveries.ts'
import { mayAsk, rememberCode, savePrepay, saveRefusal } from './order/attempts.ts'
import { claim, reschedule } from './order/due.ts'
import { listOrders } from './order/order-list.ts'
import { commit, register } from './order/orders.ts'
import { book } from './order/record-payment.ts'
import {
  claimRefunds,
  countDueRefunds,
  giveUpTurn,
  noteRefusal,
  noteUnanswered,
  rescheduleRefunds,
  takeTurn,
} from './order/refund-turns.ts'
import { ordercodeOfRefund, reserve } from './order/refunds.ts'
import { events, load, loadMany } from './order/views.ts'
import { findReview, listReviews, openReview, resolveReview, reviewsOf } from './reviews.ts'
import { finishRun, lastRunAt, listRuns, startRun, sweepRuns } from './runs.ts'

/** The store behind the port, in D1. */
export function d1Store(db: Database, hasTarget: boolean): Store {
  return {
    load: (ordercode) => load(db, ordercode),
    loadMany: (ordercodes) => loadMany(db, ordercodes),
    events: (ordercode) => events(db, ordercode),
    register: (ordercode, terms, now) => register(db, ordercode, terms, now),
    commit: (before, event, change, now) => commit(db, before, event, change, now, hasTarget),
    book: (payment, source, returned, now) => book(db, payment, source, returned, now, hasTarget),
    savePrepay: (attempt, id, now) =>
      savePrepay(db, attempt, { id, expiresAt: prepayExpiry(attempt, now) }, now),
    saveRefusal: (attempt, now) => saveRefusal(db, attempt, now),
    rememberCode: (outTradeNo, codeHash, now) => rememberCode(db, outTradeNo, codeHash, now),
    mayAsk: (outTradeNo, pauseS, now) => mayAsk(db, outTradeNo, pauseS, now),
    reserve: (ordercode, refund, now) => reserve(db, ordercode, refund, now),
    noteRefusal: (outRefundNo, refusal, unansweredAt) =>
      noteRefusal(db, outRefundNo, refusal, unansweredAt),
    takeTurn: (outRefundNo, now) => takeTurn(db, outRefundNo, now),
    giveUpTurn: (outRefundNo) => giveUpTurn(db, outRefundNo),
    noteUnanswered: (outRefundNo, now) => noteUnanswered(db, outRefundNo, now),
    ordercodeOfRefund: (outRefundNo) => ordercodeOfRefund(db, outRefundNo),
    claimRefunds: (now, limit) => claimRefunds(db, now, limit),
    countDueRefunds: (now) => countDueRefunds(db, now),
    rescheduleRefunds: (claimed, next) => rescheduleRefunds(db, claimed, next),
    listOrders: (filter, page) => listOrders(db, filter, page),

    openReview: (review, webhook, now) => openReview(db, review, webhook, now, hasTarget),
    findReview: (id) => findReview(db, id),
    reviewsOf: (ordercodes) => reviewsOf(db, ordercodes),
    resolveReview: (id, resolution, now) => resolveReview(db, id, resolution, now),
    listReviews: (open, page) => listReviews(db, open, page),

    findDelivery: (id) => findDelivery(db, id),
    claimDeliveries: (now, limit) => claimDeliveries(db, now, limit),
    saveTry: (before, after) => saveTry(db, before, after),
    reopenDelivery: (id, now) => reopenDelivery(db, id, now),
    listDeliveries: (state, page) => listDeliveries(db, state, page),

    claim: (now, limits) => claim(db, now, limits),
    reschedule: (claimed, next) => reschedule(db, claimed, next),
    bills: {
      find: (day) => findBill(db, day),
      expect: (last, now) => expectBills(db, last, now),
      claimDue: (now) => claimDueBill(db, now),
      claimDay: (day, now) => claimBillOf(db, day, now),
      postpone: (bill, dueAt, reason) => postponeBill(db, bill, dueAt, reason),
      isExpectedOn: (day) => isExpectedOn(db, day),
      booksOn: (day) => booksOn(db, day),
      noteUnexplained: (bill, books) => noteUnexplained(db, bill, books),
      begin: (bill) => beginBill(db, bill),
      save: (bill, now) => saveBill(db, bill, now, hasTarget),
      comparePage: (bill, appid, rows) => comparePage(db, bill, appid, rows),
      finishComparing: (bill, sums) => finishComparing(db, bill, sums),
      openDifferences: (day, limit) => openDifferences(db, day, limit),
      manyDifferences: (day, atLeast) => manyDifferences(db, day, atLeast),
      collectDifferences: (day, kind) => collectDifferences(db, day, kind),
      differences: (day, limit) => differences(db, day, limit),
      countReviewed: (day, kind, atMost) => countReviewed(db, day, kind, atMost),
      settleDifference: (difference, outcome) => settleDifference(db, difference, outcome),
    },
    startRun: (now) => startRun(db, now),
    finishRun: (id, now, report) => finishRun(db, id, now, report),
    lastRunAt: () => lastRunAt(db),
    listRuns: (beforeId, limit) => listRuns(db, beforeId, limit),
    async sweep(before, limit) {
      await sweepRuns(db, before, limit)
      await sweepDeliveries(db, before, limit)
    },
    statementsUsed: () => db.statementsUsed,
  }
}
