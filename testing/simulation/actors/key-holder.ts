/**
 * An attacker who holds the leaked WX_API_KEY: signs payment notices as WeChat does, for orders that are open, closed or paid,
 * with the transaction of another payment, of one that the Worker has not heard of, or of none.
 */
import { codeOf } from '../checkers/witness.ts'
import { compact, dayOf } from '../run/days.ts'
import type { Chance } from '../run/random.ts'
import { ORIGIN, type World } from '../run/world.ts'
import { pause, send } from './client.ts'
import { isRestored } from './restorer.ts'

/** Where the transaction_id of a forged notice comes from. */
const TRANSACTIONS = ['of_another_order', 'not_heard_of', 'invented'] as const

/** Sends three to ten forged notices, in seeds in which the key has leaked. What a restore loses can be forged as well as paid, so no seed has both. */
export async function runKeyHolder(world: World): Promise<void> {
  if (!world.settings.isKeyLeaked || isRestored(world)) return
  const chance = world.chance('key holder')
  for (let left = chance.between(3, 10); left > 0; left--) {
    await pause(world, chance)
    const orders = world.wechat.books.orders()
    if (orders.length > 0) await forge(world, chance, chance.pick(orders).outTradeNo)
  }
}

async function forge(world: World, chance: Chance, outTradeNo: string): Promise<void> {
  const { wechat, faults, leaks, settings, sqlite, trace, witness } = world
  const ordercode = codeOf(outTradeNo)
  const origin = chance.pick(TRANSACTIONS)
  const { transactionId, owner } = transactionOf(world, chance, outTradeNo, origin)
  const totalFee = wechat.books.order(outTradeNo)?.totalFee ?? 0
  const { confirmFrom } = settings
  const isBelieved = confirmFrom === 0 || totalFee < confirmFrom
  // The documented limit: below NOTICE_CONFIRM_FROM a signed notice is believed. Nothing is said about these two orders then.
  if (isBelieved) {
    for (const code of [ordercode, owner ?? ordercode]) leaks.orders.add(code)
    leaks.transactions.add(transactionId)
  }
  const order = sqlite.read('SELECT state FROM orders WHERE ordercode = ?', ordercode)[0]
  faults.count(`leak:${origin}`)
  faults.count(`leak:${isBelieved ? 'below' : 'above'}_the_threshold`)
  faults.count(`leak:for_a_${String(order?.['state'])}_order`)
  const changes = { transaction_id: transactionId }
  const body = wechat.notices.ofPayments.xml(outTradeNo, { changes })
  const answer = await post(world, body)
  trace.add('key holder', `${outTradeNo} with ${transactionId}: ${answer ?? 'no answer'}`)
  // What is known already is SUCCESS: a transaction that paid another attempt of the same order.
  const isReported = answer?.includes('SUCCESS') === true
  if (isReported && !isBelieved && owner !== ordercode) {
    witness.report(`a notice forged with the leaked key was accepted: ${body}`)
  }
}

/** A transaction_id for a forged notice, and the order that it belongs to at WeChat. */
function transactionOf(
  { wechat, sqlite, scheduler }: World,
  chance: Chance,
  outTradeNo: string,
  origin: (typeof TRANSACTIONS)[number],
): Readonly<{ transactionId: string; owner: string | undefined }> {
  const isHeard = (id: string): boolean =>
    sqlite.read('SELECT 1 FROM payments WHERE transaction_id = ?', id).length > 0
  const others = wechat.books
    .captures()
    .filter((each) => each.outTradeNo !== outTradeNo)
    .filter((each) => origin !== 'not_heard_of' || !isHeard(each.transactionId))
  if (origin === 'invented' || others.length === 0) {
    const digits = String(chance.below(1_000_000_000)).padStart(10, '0')
    return {
      transactionId: `4200000540${compact(dayOf(scheduler.now()))}${digits}`,
      owner: undefined,
    }
  }
  // WeChat compares a refund with the amount of its payment, so the attacker mostly takes a payment of the same amount.
  const totalFee = wechat.books.order(outTradeNo)?.totalFee
  const same = others.filter((each) => each.totalFee === totalFee)
  const other = chance.pick(same.length > 0 && chance.happens(0.8) ? same : others)
  return { transactionId: other.transactionId, owner: codeOf(other.outTradeNo) }
}

async function post(world: World, body: string): Promise<string | undefined> {
  try {
    const response = await send(world, new Request(`${ORIGIN}/notify`, { method: 'POST', body }))
    return await response.text()
  } catch {
    return undefined
  }
}
