/** Implements the store ports on D1: each port method calls one function of this folder. */
import type { Actor } from '../core/actor.ts'
import { prepayExpiry } from '../core/order/attempt.ts'
import type { BillStore } from '../ports/bill/bill-store.ts'
import type { DeliveryStore } from '../ports/delivery-store.ts'
import type { ListStore } from '../ports/list-store.ts'
import type { Stores } from '../ports/deps.ts'
import type { OrderStore } from '../ports/order-store.ts'
import type { RefundLimits, RefundStore } from '../ports/refund-store.ts'
import type { ReviewStore } from '../ports/review-store.ts'
import type { RunStore, SweepStore } from '../ports/run-store.ts'
import { readAlerts, saveAlerts } from './alerts.ts'
import { claimBillOf, claimDueBill, postponeBill } from './bill/bill-lease.ts'
import * as bills from './bill/bills.ts'
import { booksOn, noteUnexplained } from './bill/books.ts'
import { finishComparing } from './bill/compare-books.ts'
import * as differences from './bill/differences.ts'
import { pageFacts } from './bill/page-facts.ts'
import { savePage, unmark } from './bill/save-page.ts'
import type { Database } from './d1/database.ts'
import type { Outbox } from './d1/outbox.ts'
import * as deliveries from './deliveries.ts'
import { oldestDue, readHealth } from './health.ts'
import * as attempts from './order/attempts.ts'
import { claimDueAttempts, claimExpiredOrders, rescheduleOrders } from './due/due-orders.ts'
import { claimDueRefunds, rescheduleRefunds } from './due/due-refunds.ts'
import { expireUntouched } from './due/expire-untouched.ts'
import { takeUpDeliveries } from './new-deliveries.ts'
import { billLines, readDifferences } from './lists/bills.ts'
import { deliveriesWith, listDeliveries } from './lists/deliveries.ts'
import { readFigures } from './lists/figures.ts'
import { latestEvents } from './lists/order-page.ts'
import { orderLines, searchOrders } from './lists/orders.ts'
import { countOpenReviews, readOverview } from './lists/overview.ts'
import { refundLines } from './lists/refunds.ts'
import { listOrders } from './order/order-list.ts'
import { commitClosings } from './order/commit-closings.ts'
import { commit, register } from './order/orders.ts'
import { ordercodeOfPayment, saveConfirmation } from './order/payment-row.ts'
import * as merchants from './order/other-merchants.ts'
import { recordPayment } from './order/record-payment.ts'
import { endWaitingReviewOf, ordercodeOfRefund } from './order/refunds.ts'
import { reserve } from './order/reserve-refund.ts'
import * as sendLease from './order/send-lease.ts'
import { events, load, loadMany } from './order/views.ts'
import { beginRecovery, recoveryLeft } from './recoveries.ts'
import * as reviews from './reviews.ts'
import * as runs from './runs.ts'
import * as sweeps from './sweep.ts'

/**
 * Creates all stores on one database.
 *
 * @param outbox How webhooks are written.
 * @param mchId The merchant number whose bills are compared.
 * @param actor Who causes what these stores write: events, refunds and reviews name it.
 * @param limits Which refunds may be sent.
 */
export const d1Stores = (
  db: Database,
  outbox: Outbox,
  mchId: string,
  actor: Actor,
  limits: RefundLimits = { paused: false, perDay: undefined },
): Stores => ({
  orders: orderStore(db, outbox, actor),
  refunds: refundStore(db, actor, limits),
  reviews: reviewStore(db, outbox, actor),
  deliveries: deliveryStore(db, outbox, actor),
  bills: billStore(db, outbox, mchId),
  runs: runStore(db, limits),
  sweeps: sweepStore(db),
  lists: listStore(db),
  metrics: { read: (now) => readFigures(db, now) },
  alerts: {
    read: (limit) => readAlerts(db, limit),
    save: (before, after, reviews, now) => saveAlerts(db, before, after, reviews, now),
  },
  recoveries: {
    begin: (since, now) => beginRecovery(db, since, now),
    left: (now) => recoveryLeft(db, now),
  },
})

const orderStore = (db: Database, outbox: Outbox, actor: Actor): OrderStore => ({
  load: (ordercode) => load(db, ordercode),
  loadMany: (ordercodes) => loadMany(db, ordercodes),
  events: (ordercode, after, limit) => events(db, ordercode, after, limit),
  list: (filter, page) => listOrders(db, filter, page),
  register: (ordercode, terms, now) => register(db, ordercode, terms, now, actor),
  commit: (before, event, change, now) => commit(db, before, event, change, now, outbox, actor),
  commitClosings: (closings) => commitClosings(db, closings, outbox, actor),
  recordPayment: (payment, source, refunded, now) =>
    recordPayment(db, payment, source, refunded, now, outbox, actor),
  ordercodeOfPayment: (transactionId) => ordercodeOfPayment(db, transactionId),
  saveConfirmation: (ordercode, transactionId, now) =>
    saveConfirmation(db, ordercode, transactionId, now),
  savePrepay: (attempt, id, now) =>
    attempts.savePrepay(db, attempt, { id, expiresAt: prepayExpiry(attempt, now) }, now),
  saveRefusal: (attempt, now) => attempts.saveRefusal(db, attempt, now),
  rememberCode: (outTradeNo, codeHash, now) => attempts.rememberCode(db, outTradeNo, codeHash, now),
  claimDueAttempts: (now, limit) => claimDueAttempts(db, now, limit),
  claimExpired: (now, limit) => claimExpiredOrders(db, now, limit),
  expireUntouched: (now, limit) => expireUntouched(db, now, limit, outbox, actor),
  reschedule: (claimed, next) => rescheduleOrders(db, claimed, next),
  otherMerchants: () => merchants.otherMerchants(db),
  setAside: (mchId, until, now) => merchants.setAside(db, mchId, until, now),
  resume: (mchId, note, now) => merchants.resume(db, mchId, note, now),
  giveUp: (mchId, now) => merchants.giveUp(db, mchId, now),
})

const refundStore = (db: Database, actor: Actor, limits: RefundLimits): RefundStore => ({
  reserve: (ordercode, refund, now) => reserve(db, ordercode, refund, now, limits, actor),
  acquireSendLease: (ordercode, number, now) =>
    sendLease.acquireSendLease(db, ordercode, number, now, limits),
  acquireEndLease: (ordercode, number, now) =>
    sendLease.acquireEndLease(db, ordercode, number, now),
  releaseSendLease: (ordercode, number, lease) =>
    sendLease.releaseSendLease(db, ordercode, number, lease),
  noteRefusal: (ordercode, number, lease, refusal, unansweredAt) =>
    sendLease.noteRefusal(db, ordercode, number, lease, refusal, unansweredAt),
  noteUnanswered: (ordercode, number, lease, now) =>
    sendLease.noteUnanswered(db, ordercode, number, lease, now),
  endWaitingReview: (number, now) => endWaitingReviewOf(db, number, now),
  ordercodeOf: (number) => ordercodeOfRefund(db, number),
  claimDue: (now, count) => claimDueRefunds(db, now, count, limits),
  reschedule: (claimed, next) => rescheduleRefunds(db, claimed, next),
})

const reviewStore = (db: Database, outbox: Outbox, actor: Actor): ReviewStore => ({
  open: (review, now) => reviews.openReview(db, review, { now, outbox, actor }),
  find: (id) => reviews.findReview(db, id),
  findMany: (ids) => reviews.findReviews(db, ids),
  ofOrders: (ordercodes) => reviews.reviewsOf(db, ordercodes),
  list: (open, page) => reviews.listReviews(db, open, page),
  resolve: (id, resolution, now) => reviews.resolveReview(db, id, resolution, now, actor),
})

const deliveryStore = (db: Database, outbox: Outbox, actor: Actor): DeliveryStore => ({
  find: (id) => deliveries.findDelivery(db, id),
  list: (state, page) => listDeliveries(db, state, page),
  takeUp: (until, limit) => takeUpDeliveries(db, until, limit),
  claimDue: (kind, now, limit) => deliveries.claimDeliveries(db, kind, now, limit, db.uniqueText()),
  saveTry: (before, after, review, now) =>
    deliveries.saveTry(db, before, after, review, { now, outbox, actor }),
  saveTries: (tries, left) => deliveries.saveTries(db, tries, left),
  reopen: (id, now) => deliveries.reopenDelivery(db, id, now),
})

const billStore = (db: Database, outbox: Outbox, mchId: string): BillStore => ({
  find: (day) => bills.findBill(db, day),
  expect: (last, now) => bills.expectBills(db, last, now),
  claimDue: (now) => claimDueBill(db, now),
  claimDay: (day, now) => claimBillOf(db, day, now),
  postpone: (bill, dueAt, reason) => postponeBill(db, bill, dueAt, reason),
  isExpectedOn: (day) => bills.isExpectedOn(db, day),
  ratesBefore: (day) => bills.ratesBefore(db, day),
  booksOn: (day) => booksOn(db, day, mchId),
  begin: (bill) => bills.beginBill(db, bill),
  save: (bill, now) => bills.saveBill(db, bill, now, outbox),
  unmark: (bill) => unmark(db, bill),
  pageFacts: (day, rows) => pageFacts(db, day, rows),
  savePage: (bill, compared) => savePage(db, bill, compared),
  finishComparing: (bill, ofFile) => finishComparing(db, bill, ofFile, mchId),
  noteUnexplained: (bill, marked) => noteUnexplained(db, bill, marked),
  openDifferences: (day, limit) => differences.openDifferences(db, day, limit),
  manyDifferences: (day, atLeast) => differences.manyDifferences(db, day, atLeast),
  collectDifferences: (bill, kind) => differences.collectDifferences(db, bill, kind),
  differences: (day, limit) => differences.differences(db, day, limit),
  countReviewed: (day, kind, atMost) => differences.countReviewed(db, day, kind, atMost),
  resolveDifference: (bill, difference, outcome) =>
    differences.resolveDifference(db, bill, difference, outcome),
})

const runStore = (db: Database, limits: RefundLimits): RunStore => ({
  start: (now, mchId) => runs.startRun(db, now, mchId),
  oldestDue: (now) => oldestDue(db, now, limits),
  health: (now) => readHealth(db, now, limits),
  finish: (id, now, report, reducedUntil) => runs.finishRun(db, id, now, report, reducedUntil),
  list: (beforeId, limit) => runs.listRuns(db, beforeId, limit),
})

const listStore = (db: Database): ListStore => ({
  overview: (from, yesterday) => readOverview(db, from, yesterday),
  openReviews: () => countOpenReviews(db),
  orders: (filter, page) => orderLines(db, filter, page),
  search: (text) => searchOrders(db, text),
  latestEvents: (ordercode, limit) => latestEvents(db, ordercode, limit),
  deliveriesOf: (ids) => deliveriesWith(db, ids),
  refunds: (which, page) => refundLines(db, which, page),
  bills: () => billLines(db),
  differences: (day, limit) => readDifferences(db, day, limit),
})

const sweepStore = (db: Database): SweepStore => ({
  runs: (before, limit) => runs.sweepRuns(db, before, limit),
  deliveries: (before, limit) => sweeps.sweepDeliveries(db, before, limit),
  bodies: (limit) => sweeps.dropBodies(db, limit),
  payments: (limit) => sweeps.addPayments(db, limit),
  refunds: (limit) => sweeps.addRefunds(db, limit),
})
