import { prepayExpiry } from '../core/attempt.ts'
import type { Store } from '../service/ports.ts'
import type { Database } from './database.ts'
import { claim, reschedule } from './due.ts'
import { rememberCode, savePrepay, saveRefusal } from './attempts.ts'
import { book, commit, register } from './orders.ts'
import { events, load, loadMany } from './views.ts'
import { finishRun, lastRunAt, startRun } from './runs.ts'

/** The store behind the port, in D1. */
export function d1Store(db: Database): Store {
  return {
    load: (ordercode) => load(db, ordercode),
    loadMany: (ordercodes) => loadMany(db, ordercodes),
    events: (ordercode) => events(db, ordercode),
    register: (ordercode, terms, now) => register(db, ordercode, terms, now),
    commit: (before, event, after, now) => commit(db, before, event, after, now),
    book: (payment, source, now) => book(db, payment, source, now),
    savePrepay: (attempt, id, now) =>
      savePrepay(db, attempt, { id, expiresAt: prepayExpiry(attempt, now) }, now),
    saveRefusal: (attempt, now) => saveRefusal(db, attempt, now),
    rememberCode: (outTradeNo, codeHash, now) => rememberCode(db, outTradeNo, codeHash, now),
    claim: (now, limits) => claim(db, now, limits),
    reschedule: (claimed, next) => reschedule(db, claimed, next),
    startRun: (now) => startRun(db, now),
    finishRun: (id, now, report) => finishRun(db, id, now, report),
    lastRunAt: () => lastRunAt(db),
    statementsUsed: () => db.statementsUsed,
  }
}
