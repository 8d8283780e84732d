/** The last chapter of `npm run demo`: compares what WeChat captured and refunded with what the Worker recorded. */
import { bold, say, table } from '../cli/terminal.ts'
import type { DemoContext, DemoOrder } from './context.ts'

/** Prints WeChat's and the Worker's amounts, for each order and in total, and checks that they are equal. */
export async function compareTotals(
  { stack, silentShop, note, check, ledger }: DemoContext,
  orders: readonly DemoOrder[],
): Promise<void> {
  const { books } = stack.wechat.simulator
  say(bold('\nTotals of WeChat and the Worker'))
  say()
  const rows = await Promise.all(
    orders.map(async ({ ordercode }) => {
      const { state, payments, refunded_fee } = await silentShop.order(ordercode)
      const recorded = payments.reduce((sum, each) => sum + each.total_fee, 0)
      const captured = ledger(ordercode)?.captured ?? 0
      return { ordercode, state, captured, recorded, refunded: refunded_fee }
    }),
  )
  const captured = books.capturedFen()
  const recorded = rows.reduce((sum, row) => sum + row.recorded, 0)
  const refunded = rows.reduce((sum, row) => sum + row.refunded, 0)
  const lines = table(
    ['order', 'state', 'fen taken by WeChat', 'fen recorded here', 'fen refunded'],
    [
      ...rows.map((row) => [
        row.ordercode,
        row.state,
        ...[row.captured, row.recorded, row.refunded].map(String),
      ]),
      ['total', '', ...[captured, recorded, refunded].map(String)],
    ],
  )
  for (const line of lines) note(line)
  say()
  check(
    'every order agrees',
    rows.map((row) => row.recorded),
    rows.map((row) => row.captured),
  )
  check('the totals agree', recorded, captured)
  check("the refunds agree with WeChat's ledger", refunded, books.refundedFen())
}
