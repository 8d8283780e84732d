/** The texts of an attempt, which its order has already. */
import { expect, it } from 'vitest'
import { putViews } from '../../../testing/d1/put-view.ts'
import { storeBench } from '../../../testing/d1/store-bench.ts'
import { anAttempt, anOrder, ORDERCODE, TERMS } from '../../../testing/samples/order-samples.ts'

const TEXTS = { body: '深烘拼配', attach: 'store=12', detail: '{"goods":[]}' }

it.each([
  ['the texts of its order are stored once', TEXTS, ''],
  ['other texts are its own', { ...TEXTS, detail: '{"goods":[1]}' }, TEXTS.body],
])(
  'An attempt is sent again with the texts that it was sent with: %s',
  async (_, texts, stored) => {
    const { store, read } = storeBench()
    const attempt = anAttempt({ terms: texts })
    const order = anOrder({ state: 'paying', terms: { ...TERMS, ...TEXTS } })
    await putViews({ order, attempts: [attempt], payments: [], refunds: [] })

    expect((await store.orders.load(ORDERCODE))?.attempts).toEqual([attempt])
    expect(await read('SELECT body FROM attempts')).toEqual([{ body: stored }])
  },
)
