/** Events and refunds that a version without actors wrote: their column `actor` is NULL. */
import { describe, expect, it } from 'vitest'
import type { RefundSource } from '../../../src/core/order/refund.ts'
import { putViews } from '../../../testing/d1/put-view.ts'
import { registered, storeBench } from '../../../testing/d1/store-bench.ts'
import { anOrder } from '../../../testing/samples/order-samples.ts'
import { aRefund, paidView } from '../../../testing/samples/refund-samples.ts'

describe('an event without a stored actor', () => {
  it.each([
    ['order_registered', 'shop'],
    ['order_changed', 'shop'],
    ['attempt_opened', 'payer'],
    ['attempt_resent', 'payer'],
    ['payment_booked', 'system'],
    ['order_closed', 'system'],
  ])('of the type %s was caused by %s', async (type, actor) => {
    const bench = storeBench()
    const { order } = await registered(bench)
    const { ordercode } = order
    await bench.exec(`UPDATE orders SET history = NULL;
      INSERT INTO events (ordercode, revision, type, at, data) VALUES ('${ordercode}', 1, '${type}', 1, '{}')`)

    expect(await bench.store.orders.events(ordercode, 0, 10)).toMatchObject([{ type, actor }])
  })
})

describe('a refund without a stored actor', () => {
  it.each([
    ['shop', 'shop'],
    ['operator', 'shop'],
    ['automatic', 'system'],
    ['merchant_platform', 'wechat'],
  ] satisfies [RefundSource, string][])(
    'of the source %s was requested by %s',
    async (source, actor) => {
      const { store, exec } = storeBench()
      await putViews(paidView([aRefund({ source })]))
      await exec('UPDATE refunds SET actor = NULL')

      const view = await store.orders.load(anOrder().ordercode)

      expect(view?.refunds).toMatchObject([{ source, actor }])
    },
  )
})
