import { describe, expect, it } from 'vitest'
import type { BillChange } from '../../../simulator/state/bill-plan.ts'
import {
  compact,
  DAY,
  goTo,
  minutes,
  NEXT_DAY,
  onDownload,
  paid,
  reconciled,
  refunded,
  reportOf,
  reviews,
  tens,
} from '../../../testing/bill-days.ts'
import { world, type World } from '../../../testing/world.ts'

const change = (w: World, it: BillChange): void => w.wechat.bills.change(compact(DAY), it)

describe('the layout of the bill', () => {
  it.each(['old', 'short', 'reversed', 'one_more'] as const)('may be "%s"', async (layout) => {
    const w = world()
    const a = await paid(w, `${layout}-a`, { body: '茶,`两包,`0' })
    await paid(w, `${layout}-b`, { total_fee: 7 })
    await refunded(w, a.ordercode, `${layout}-r`, 800)
    change(w, { kind: 'layout', layout })
    expect(await reconciled(w)).toMatchObject({
      bill: {
        rows: 3,
        payments: 2,
        total_fee: 8_807,
        refunds: 1,
        refund_fee: 800,
        unreadable: 0,
      },
      difference_count: 0,
    })
  })

  it('opens a review, and nothing is compared, when it is unknown', async () => {
    const w = world()
    const { ordercode } = await paid(w, 'unknown-layout')
    onDownload(w, () =>
      Promise.resolve(
        new Response(
          w.wechat.bills
            .text(compact(DAY))
            .replace('微信订单号', '支付订单')
            .replace('商户订单号', '订单'),
        ),
      ),
    )
    goTo(w, `${NEXT_DAY}T10:10`)
    await tens(w, 3)
    expect((await reportOf(w))?.state).not.toBe('reconciled')
    goTo(w, '2026-11-25T12:01')
    await tens(w, 7)
    const opened = await reviews(w)
    expect(opened.map(({ id }) => id)).toEqual([`bill_difference.${DAY}.bill_missing`])
    expect(JSON.stringify(opened[0]?.evidence)).toContain('unknown_layout')
    expect((await w.read(ordercode)).state).toBe('paid')
  })

  it('is archived for an operator when it is unknown', async () => {
    const w = world()
    await paid(w, 'layout')
    const body = '\uFEFF交易时间,微信订单号,商户订单号,something\r\n`1,`2,`3,`4\r\n'
    onDownload(w, () => Promise.resolve(new Response(body)))
    goTo(w, `${NEXT_DAY}T10:10`)
    await minutes(w, 1)
    const answer = await w.shop('GET', `/bills/${DAY}`)
    expect(await answer.json()).toMatchObject({
      code: 'bill_not_ready',
      last_error: 'unknown_layout',
    })
    expect(await (await w.shop('GET', `/bills/${DAY}/raw`)).text()).toContain('something')
  })
})
