/** Pictures of every page of the console in every look, as test output, each checked by axe: look at them after a change. */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { canRun, launch } from '../../testing/browser/chromium.ts'
import { makeHistory, makeTooMuch } from '../../testing/browser/console/history.ts'
import { makeOrders, type Orders } from '../../testing/browser/console/orders.ts'
import {
  type ConsoleOptions,
  type Language,
  LOOKS,
  openConsole,
} from '../../testing/browser/console/page.ts'
import { type Shop, startShop } from '../../testing/browser/console/shop.ts'

/** Some hundred pictures are taken by one test, and axe judges a quarter of them. */
const PATIENCE_MS = 900_000

const EMPTY: Readonly<Record<string, string>> = {
  overview: '/console',
  orders: '/console/orders',
  'order-none': '/console/orders/none-such',
  'orders-not-found': '/console/orders?q=4200000541202611280000000001',
  refunds: '/console/refunds',
  reviews: '/console/reviews',
  'reviews-done': '/console/reviews?tab=done',
  bills: '/console/bills',
  bill: '/console/bills/2026-01-01',
  deliveries: '/console/deliveries',
  runs: '/console/runs',
  checks: '/console/checks',
  'not-found': '/console/nothing',
}

let browser: Browser
let shop: Shop
let orders: Orders
let filled: Promise<void> | undefined

const dayBefore = (days: number): string =>
  new Date(Date.now() + 28_800_000 - days * 86_400_000).toISOString().slice(0, 10)

/** The pages with something on them. */
const full = (): Readonly<Record<string, string>> => ({
  overview: '/console',
  orders: '/console/orders',
  'orders-unpaid': '/console/orders?tab=unpaid',
  'orders-paid': '/console/orders?tab=paid',
  'orders-closed': '/console/orders?tab=closed',
  'orders-beginning': `/console/orders?q=${orders.paid.ordercode.slice(0, 9)}`,
  ...Object.fromEntries(
    Object.entries(orders).map(([name, order]) => [
      `order-${name}`,
      `/console/orders/${typeof order === 'string' ? order : order.ordercode}`,
    ]),
  ),
  close: `/console/orders/${orders.paying}/close`,
  'refund-1': `/console/orders/${orders.paid.ordercode}/refund`,
  'refund-1-twice': `/console/orders/${orders.twice}/refund`,
  'refund-2': `/console/orders/${orders.paid.ordercode}/refund?fee=9&reason=${encodeURIComponent('少发一包')}`,
  'refund-wrong': `/console/orders/${orders.paid.ordercode}/refund?fee=88.01&reason=${'长'.repeat(40)}`,
  refunds: '/console/refunds',
  'refunds-all': '/console/refunds?tab=all',
  reviews: '/console/reviews',
  'reviews-done': '/console/reviews?tab=done',
  'review-one': '/console/reviews/bill_difference.seed-8',
  bills: '/console/bills',
  'bill-differs': `/console/bills/${dayBefore(1)}`,
  'bill-many': `/console/bills/${dayBefore(2)}`,
  'bill-settling': `/console/bills/${dayBefore(4)}`,
  'bill-booked': `/console/bills/${dayBefore(5)}`,
  'bill-balanced': `/console/bills/${dayBefore(6)}`,
  'bill-unavailable': `/console/bills/${dayBefore(9)}`,
  deliveries: '/console/deliveries',
  'deliveries-waiting': '/console/deliveries?tab=waiting',
  'deliveries-given-up': '/console/deliveries?tab=given_up',
  runs: '/console/runs',
  checks: '/console/checks',
})

const OVERFULL: Readonly<Record<string, string>> = {
  overview: '/console',
  orders: '/console/orders?tab=unpaid',
  reviews: '/console/reviews',
  'deliveries-given-up': '/console/deliveries?tab=given_up',
}

const some = (): Readonly<Record<string, string>> => ({
  overview: '/console',
  'order-paid': `/console/orders/${orders.paid.ordercode}`,
  refund: `/console/orders/${orders.paid.ordercode}/refund`,
  reviews: '/console/reviews',
  deliveries: '/console/deliveries',
  checks: '/console/checks',
})

/** The looks that axe judges: between them they have both languages, widths and schemes. It takes most of the time. */
const JUDGED = ['zh-1280-light', 'en-390-dark']

describe.skipIf(!canRun())('pictures of the console', { timeout: PATIENCE_MS }, () => {
  beforeAll(async () => {
    ;[browser, shop] = await Promise.all([launch(), startShop()])
  })
  afterAll(async () => {
    await Promise.all([browser?.close(), shop?.stop()])
  })

  /** Keeps pictures of each page in every look, and expects axe, the width and the browser to find nothing wrong. */
  async function pictures(
    folder: string,
    pages: Readonly<Record<string, string>>,
    given: Pick<ConsoleOptions, 'as' | 'vars'> = {},
  ): Promise<void> {
    const wrong: string[] = []
    const inOne = async (language: Language): Promise<void> => {
      const console = await openConsole(browser, shop.origin, { ...given, language })
      for (const [name, path] of Object.entries(pages)) {
        await console.open(path)
        for (const { width, scheme } of LOOKS) {
          await console.look(width, scheme)
          await console.picture(`${folder}/${name}-${language}-${width}-${scheme}`)
          const isJudged = JUDGED.includes(`${language}-${width}-${scheme}`)
          const found = isJudged ? await console.violations() : []
          const sideways = await console.sideways()
          if (sideways > 0) found.push(`${sideways} px too wide`)
          wrong.push(...found.map((each) => `${path}, ${language} ${width} ${scheme}: ${each}`))
        }
      }
      wrong.push(...console.problems)
      await console.close()
    }
    await Promise.all([inOne('zh'), inOne('en')])
    expect(wrong).toEqual([])
  }

  it('outside', () =>
    pictures('outside', { home: '/', 'sign-in': '/console/sign-in' }, { as: undefined }))

  it('before anything happened', () => pictures('empty', EMPTY))

  /** Something of everything, made once. */
  const fill = () =>
    (filled ??= (async () => {
      orders = await makeOrders(shop)
      await makeHistory(shop, orders)
      await shop.cron()
    })())

  it('with something of everything', async () => {
    await fill()
    await pictures('full', full())
  })

  it('for a viewer', async () => {
    await fill()
    await pictures('viewer', some(), { as: 'viewer' })
  })

  it('where parts are not set up', async () => {
    await fill()
    const vars = { WX_CERT: null, WEBHOOK_URL: '', WEBHOOK_SECRET: '', KV: null }
    await pictures('bare', some(), { vars })
  })

  it('while the database is away', () =>
    pictures('away', { overview: '/console', orders: '/console/orders' }, { vars: { DB: 'away' } }))

  it('with more than fits on a page', async () => {
    await fill()
    await makeTooMuch(shop)
    await pictures('overfull', OVERFULL)
  })
})
