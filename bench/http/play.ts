/** Plays orders through a contender over HTTP, and measures each phase. */
import { PHASES, type Phase } from './capture.ts'
import { type Client, openClient } from './client.ts'
import type { Contender, Order } from './contenders.ts'

/** How many requests are under way at once. */
export const CONNECTIONS = 16

/** One phase of one round. */
export type Sample = Readonly<{
  requestsPerSecond: number
  latenciesMs: readonly number[]
  /** CPU time of the contender's process for each request. */
  cpuMs: number
}>

let nextOrder = 0

/** Makes new orders, with a login code for each from the simulated WeChat. */
export async function newOrders(count: number, wechat: Client): Promise<readonly Order[]> {
  const login = { method: 'POST' as const, path: '/_control/login', body: '{}' }
  const { answers } = await wechat.sendAll(Array.from({ length: count }, () => login))
  return answers.map((answer) => {
    const number = String(nextOrder++).padStart(9, '0')
    const { code, openid } = JSON.parse(answer) as { code: string; openid: string }
    return {
      code,
      openid,
      ordercode: `20261128-B-${number}`,
      transactionId: `42000012342026112${number}77`,
    }
  })
}

/** Plays these orders from their registration to the result. @throws Error when one of them is not paid in the end. */
export async function play(
  contender: Contender,
  orders: readonly Order[],
): Promise<Readonly<Partial<Record<Phase, Sample>>>> {
  const client = openClient(contender.origin, CONNECTIONS)
  const samples: Partial<Record<Phase, Sample>> = {}
  const before = await contender.countPaid()
  let paid: readonly string[] = orders.map(() => '')
  try {
    for (const phase of PHASES) {
      const isLeading = phase === 'register' || phase === 'pay' || phase === 'notify'
      if (!isLeading && !contender.measured.includes(phase)) continue
      const requests = orders.map((order, at) => contender.request(phase, order, paid[at] ?? ''))
      const [cpuMs, begunMs] = [contender.process.cpuMs(), performance.now()]
      const { answers, latenciesMs } = await client.sendAll(requests)
      const ms = performance.now() - begunMs
      if (phase === 'pay') paid = answers
      if (!contender.measured.includes(phase)) continue
      samples[phase] = {
        requestsPerSecond: (orders.length * 1_000) / ms,
        latenciesMs,
        cpuMs: (contender.process.cpuMs() - cpuMs) / orders.length,
      }
    }
    const after = await contender.countPaid()
    if (after - before !== orders.length)
      throw new Error(`${after - before} of ${orders.length} orders were paid`)
    return samples
  } finally {
    client.close()
  }
}
