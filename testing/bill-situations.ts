/** Situations that several stories about bills need. */
import { env } from 'cloudflare:workers'
import { compact, DAY, goTo, lost, minutes, NEXT_DAY, paid, refunded } from './bill-days.ts'
import type { World } from './world.ts'

/**
 * Plays a day whose bill contains rows that agree with our records, a payment and a refund that our records lack, and
 * differences that need a person. The clock then stands at 10:10 on the next day, when the bill is due.
 */
export async function mixedDay(w: World): Promise<void> {
  const agreeing = await paid(w, 'agreeing')
  await refunded(w, agreeing.ordercode, w.code('r1'), 300)
  const missing = await paid(w, 'missing')
  const other = await paid(w, 'other')
  const hand = w.wechat.platform.refund(missing.ordercode, { refundFee: 400 })
  if (!hand.ok) throw new Error(hand.why)
  w.advance(600)
  await minutes(w, 2)
  // From here on no order and no attempt is due, so every D1 statement that fails later belongs to the reconciliation.
  await lost(w, 'unheard')
  await w.db.prepare('UPDATE attempts SET due_at = NULL').run()
  await w.db.prepare('UPDATE orders SET due_at = NULL').run()
  w.wechat.bills.change(compact(DAY), { kind: 'drop_row', number: missing.transactionId })
  w.wechat.bills.change(compact(DAY), {
    kind: 'other_amount',
    number: other.transactionId,
    fen: 8_801,
  })
  w.wechat.bills.change(compact(DAY), {
    kind: 'unasked_refund',
    outTradeNo: other.ordercode,
    fen: 5,
  })
  w.receiver.received.length = 0
  goTo(w, `${NEXT_DAY}T10:10`)
}

/** A D1 whose round trips fail from the n-th one on, as if the Worker was killed there. */
export function crashingDatabase() {
  let left = Infinity
  let mode: 'before' | 'after' = 'before'
  let crashed = false
  /** A D1 error after which the Worker does not retry. */
  const error = () => new Error('D1_ERROR: D1 DB exceeded its CPU time limit and was reset.')
  const db = new Proxy(env.DB, {
    get(target, name) {
      if (name !== 'batch') {
        const value: unknown = Reflect.get(target, name)
        return typeof value === 'function' ? (value.bind(target) as unknown) : value
      }
      return async (statements: D1PreparedStatement[]) => {
        if (crashed) throw error()
        left--
        if (left > 0) return target.batch(statements)
        crashed = true
        if (mode === 'after') await target.batch(statements)
        throw error()
      }
    },
  })
  return {
    db,
    crashAt(n: number, how: 'before' | 'after') {
      left = n
      mode = how
      crashed = false
    },
    hasCrashed: () => crashed,
    /** Lets D1 work again. @returns whether D1 had crashed. */
    recover(): boolean {
      const was = crashed
      left = Infinity
      crashed = false
      return was
    },
  }
}

/** Makes no order and no attempt due, so that only the bill finds their payments. */
export async function stopQueries(w: World): Promise<void> {
  await w.db.prepare('UPDATE attempts SET due_at = NULL').run()
  await w.db.prepare("UPDATE orders SET due_at = NULL WHERE state <> 'paying'").run()
  await w.db.prepare("UPDATE orders SET due_at = 4000000000 WHERE state = 'paying'").run()
}

/** Reads the ids of all open reviews from the merchant API. */
export const openReviews = async (w: World): Promise<string[]> => {
  const answer = await w.shop('GET', '/reviews?open=true')
  const { reviews: open } = await answer.json<{ reviews: { id: string }[] }>()
  return open.map(({ id }) => id)
}
