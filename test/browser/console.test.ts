/** The console as people use it, in a browser: the real Worker over its real D1, with the simulated WeChat. */
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_TOKEN, type OrderJson } from '../../scripts/client/shop-client.ts'
import { WORDS } from '../../src/console/words/words.ts'
import { canRun, launch } from '../../testing/browser/chromium.ts'
import { makeHistory } from '../../testing/browser/console/history.ts'
import { HOSTILE, makeOrders, type Orders } from '../../testing/browser/console/orders.ts'
import {
  type ConsoleOptions,
  type ConsolePage,
  openConsole,
} from '../../testing/browser/console/page.ts'
import { type Shop, startShop } from '../../testing/browser/console/shop.ts'

const { zh, en } = WORDS

let browser: Browser
let shop: Shop
let orders: Orders
const opened: ConsolePage[] = []

/** Opens the console, signed in. It is closed after the test, and must have nothing to complain about. */
async function enter(options?: ConsoleOptions): Promise<ConsolePage> {
  const console = await openConsole(browser, shop.origin, options)
  opened.push(console)
  return console
}

const orderPath = (ordercode: string, more = ''): string => `/console/orders/${ordercode}${more}`
const refundsOf = async (ordercode: string): Promise<OrderJson['refunds']> =>
  (await shop.read(ordercode)).refunds
const button = ({ page }: ConsolePage, name: string) =>
  page.getByRole('button', { name, exact: true })
const says = ({ note }: ConsolePage, text: string) =>
  expect.poll(() => note.innerText()).toContain(text)

describe.skipIf(!canRun())('the console', () => {
  beforeAll(async () => {
    ;[browser, shop] = await Promise.all([launch(), startShop()])
    orders = await makeOrders(shop)
    await makeHistory(shop, orders)
    await shop.cron()
  })
  afterAll(async () => {
    await Promise.all([browser?.close(), shop?.stop()])
  })
  afterEach(async () => {
    const problems = opened.flatMap((each) => each.problems)
    await Promise.all(opened.map((each) => each.close()))
    opened.length = 0
    expect(problems).toEqual([])
  })

  describe('at the sign-in', () => {
    const fill = async ({ page }: ConsolePage, token: string): Promise<void> => {
      await page.locator('#token').fill(token)
      await page.locator('#name').fill('阿梅')
      await page.getByRole('button').click()
    }

    it('refuses a wrong token, keeps the name, and takes the right one', async () => {
      const console = await enter({ as: undefined })
      expect(await console.open('/console')).toBe(200)
      expect(console.path()).toBe('/console/sign-in')
      await fill(console, 'a-wrong-token-that-is-long-enough-0')
      await says(console, zh.frame.tokenWrong)
      expect(await console.page.locator('#name').inputValue()).toBe('阿梅')
      expect(await console.page.locator('#token').inputValue()).toBe('')
      await fill(console, DEMO_TOKEN)
      await console.main.getByText(zh.overview.paidToday).waitFor()
      expect(console.path()).toBe('/console')
    })

    it('lets guess five times a minute', async () => {
      const console = await enter({ as: undefined, vars: { throttle: true } })
      await console.open('/console/sign-in')
      for (let tries = 0; tries < 5; tries++) await fill(console, 'wrong')
      await says(console, zh.frame.tokenWrong)
      await fill(console, DEMO_TOKEN)
      await says(console, zh.frame.tooMany)
    })

    it.each([
      ['/console/orders?tab=paid', '/console/orders?tab=paid'],
      ['https://evil.example/console', '/console'],
      ['//evil.example/console', '/console'],
      ['/console/../orders', '/console'],
    ])('goes on to %s as %s', async (to, path) => {
      const console = await enter({ as: undefined })
      await console.open(`/console/sign-in?to=${encodeURIComponent(to)}`)
      await fill(console, DEMO_TOKEN)
      await console.page.locator('nav').first().waitFor()
      expect(console.path()).toBe(path)
    })

    it('is passed by a link in a mail or chat when one is signed in', async () => {
      const console = await enter({ as: 'shop' })
      const path = orderPath(orders.paid.ordercode)
      await console.page.route('http://chat.example/', (route) =>
        route.fulfill({
          contentType: 'text/html',
          body: `<link rel="icon" href="data:,"><a href="${shop.origin}${path}">order</a>`,
        }),
      )
      await console.page.goto('http://chat.example/')
      console.problems.length = 0
      await console.page.getByText('order').click()
      await console.page.getByRole('heading', { name: orders.paid.ordercode }).waitFor()
      expect(console.path()).toBe(path)
    })

    it('is shown again after the sign-out, and by going back', async () => {
      const console = await enter()
      await button(console, zh.frame.signOut).click()
      await says(console, zh.frame.signedOut)
      await console.open('/console/orders')
      expect(console.path()).toMatch(/^\/console\/sign-in/)
    })

    it('admits an operator by the own token, and a viewer who can change nothing', async () => {
      const li = await enter({ as: 'li' })
      expect(await li.page.locator('.foot').innerText()).toContain('li.wei')
      const viewer = await enter({ as: 'viewer' })
      await viewer.open(orderPath(orders.paid.ordercode))
      expect(await button(viewer, zh.orders.refund).isDisabled()).toBe(true)
      await viewer.open(orderPath(orders.paid.ordercode, '/refund'))
      expect(await viewer.main.innerText()).toContain(zh.frame.viewerRefused)
      await viewer.open('/console/reviews')
      expect(await viewer.main.locator('form').count()).toBe(0)
      expect(await refundsOf(orders.paid.ordercode)).toEqual([])
    })
  })

  describe.each([
    ['with scripts', true],
    ['without scripts', false],
  ])('%s', (_, script) => {
    it('finds an order by each of its numbers, and by how it begins', async () => {
      const console = await enter({ script })
      const { ordercode } = orders.refunding
      const find = async (text: string): Promise<void> => {
        await console.open('/console/orders')
        await console.page.getByLabel(zh.orders.searchLabel).fill(text)
        await console.page.keyboard.press('Enter')
        await console.page.waitForURL(
          (url) => !url.pathname.endsWith('/orders') || url.search !== '',
        )
      }
      for (const text of [ordercode, orders.refunding.transactionId, `${ordercode}-1`]) {
        await find(text)
        expect(console.path(), text).toBe(orderPath(ordercode))
      }
      await find(`${orders.twice}*2`)
      expect(console.path()).toBe(orderPath(orders.twice))
      await find(ordercode.slice(0, -2))
      expect(await console.main.getByRole('link', { name: ordercode }).count()).toBe(1)
      await find('42000000000000000000000000')
      expect(await console.main.innerText()).toContain(zh.orders.notFoundTried)
    })

    it('refunds 9.00 of 88.00 in two steps', async () => {
      const console = await enter({ script })
      const { ordercode } = await shop.paid()
      await console.open(orderPath(ordercode))
      await console.page.getByRole('link', { name: zh.orders.refund, exact: true }).last().click()
      await console.page.getByLabel(zh.refunds.yuan).fill('9')
      await console.page.getByLabel(zh.refunds.reason).fill('少发一包')
      await button(console, zh.refunds.next).click()
      const asked = await console.main.innerText()
      expect(asked).toContain('¥9.00')
      expect(asked).toContain(zh.refunds.leftAfter('79.00'))
      expect(await refundsOf(ordercode)).toEqual([])
      await button(console, zh.refunds.confirm('¥9.00')).click()
      await says(console, zh.refunds.done.processing)
      expect(await refundsOf(ordercode)).toMatchObject([
        { refund_fee: 900, reason: '少发一包', source: 'operator', actor: '阿梅' },
      ])
    })

    it('refunds once when the button is pressed twice', async () => {
      const console = await enter({ script })
      const { ordercode } = await shop.paid()
      await console.open(orderPath(ordercode, '/refund?fee=20'))
      await button(console, zh.refunds.confirm('¥20.00')).dblclick()
      await says(console, zh.refunds.done.processing)
      expect(await refundsOf(ordercode)).toHaveLength(1)
    })

    it('refuses the second of two people who refund different amounts at once', async () => {
      const [mei, other] = [await enter({ script }), await enter({ script, language: 'en' })]
      const { ordercode } = await shop.paid()
      await mei.open(orderPath(ordercode, '/refund?fee=9'))
      await other.open(orderPath(ordercode, '/refund?fee=10'))
      await button(mei, zh.refunds.confirm('¥9.00')).click()
      await says(mei, zh.refunds.done.processing)
      await button(other, en.refunds.confirm('¥10.00')).click()
      await says(other, en.refunds.raced)
      expect(await refundsOf(ordercode)).toMatchObject([{ refund_fee: 900 }])
    })

    it('decides a review once, with a note and what to do with the money', async () => {
      const [mei, other] = [await enter({ script }), await enter({ script, as: 'li' })]
      const ordercode = await shop.order()
      await shop.attempt(ordercode)
      shop.simulator.payer.pay(ordercode, { openid: shop.simulator.payer.newOpenid() })
      const id = await reviewOf(ordercode)
      const path = `/console/reviews/${encodeURIComponent(id)}`
      await mei.open(path)
      await other.open(path)
      await mei.page.getByLabel(zh.reviews.note).fill('是他的家人付的')
      await button(mei, zh.reviews.resolve).click()
      // The browser asks for a choice itself; a form without one is refused, too.
      expect(await mei.page.locator('input:invalid').count()).toBeGreaterThan(0)
      await mei.page.getByRole('radio', { name: zh.reviews.accept, exact: true }).check()
      await button(mei, zh.reviews.resolve).click()
      await says(mei, zh.reviews.resolved)
      expect(await shop.read(ordercode)).toMatchObject({ state: 'paid' })

      await other.page.getByLabel(zh.reviews.note).fill('退给他')
      await other.page.getByRole('radio', { name: zh.reviews.refund('¥88.00') }).check()
      await button(other, zh.reviews.resolve).click()
      await says(other, zh.reviews.otherwise)
      expect(await refundsOf(ordercode)).toEqual([])
    })

    it('closes an order after one question, or says that WeChat is not sure', async () => {
      const console = await enter({ script })
      const ordercode = await shop.order()
      await shop.attempt(ordercode)
      const close = async (): Promise<void> => {
        await console.open(orderPath(ordercode))
        await console.page.getByRole('link', { name: zh.orders.close }).click()
        await button(console, zh.orders.closeYes).click()
      }
      shop.simulator.faults.inject({ endpoint: 'closeorder', kind: 'system_error', times: 9 })
      await close()
      await says(console, zh.orders.busy)
      expect(await shop.read(ordercode)).toMatchObject({ state: 'paying' })
      shop.simulator.faults.clear()
      await close()
      await says(console, zh.orders.closed)
      expect(await shop.read(ordercode)).toMatchObject({ state: 'closed' })
    })

    it('asks WeChat, and books a payment whose notice was lost', async () => {
      const console = await enter({ script })
      const ordercode = await shop.order()
      await shop.attempt(ordercode)
      shop.simulator.notices.ofPayments.loseNext(ordercode)
      shop.capture(ordercode)
      await console.open(orderPath(ordercode))
      await button(console, zh.orders.ask).click()
      await says(console, zh.orders.asked.order_paid)
      expect(await console.main.locator('.why').innerText()).toContain('¥88.00')
    })

    it('sends a webhook again from its order, and says whether the shop takes it', async () => {
      const console = await enter({ script })
      shop.receiver.status = 500
      const paid = await shop.paid()
      await shop.untilTried(paid)
      await console.open(orderPath(paid.ordercode))
      await button(console, zh.deliveries.resend).click()
      await says(console, zh.deliveries.failed)
      shop.receiver.status = 204
      await button(console, zh.deliveries.resend).click()
      await says(console, zh.deliveries.delivered)
    })

    it('calls off a refund that waits for the balance, or sends it once there is money', async () => {
      const console = await enter({ script })
      const [first, second] = [await shop.paid(), await shop.paid()]
      shop.simulator.platform.setBalance(0)
      await shop.refund(first.ordercode, `${first.ordercode}-1`, { refund_fee: 800 })
      await shop.refund(second.ordercode, `${second.ordercode}-1`, { refund_fee: 800 })
      shop.simulator.platform.setBalance(Infinity)
      const press = async (ordercode: string, name: string): Promise<void> => {
        await console.open('/console/refunds')
        const row = console.page.getByRole('row').filter({ hasText: ordercode })
        expect(await row.innerText()).toContain(zh.refunds.notEnough)
        await row.getByRole('button', { name }).click()
      }
      await press(first.ordercode, zh.refunds.cancel)
      await says(console, zh.refunds.cancelled)
      await press(second.ordercode, zh.refunds.sendNow)
      await says(console, zh.refunds.done.processing)
      expect(await refundsOf(first.ordercode)).toMatchObject([{ state: 'cancelled' }])
      expect(await refundsOf(second.ordercode)).toMatchObject([{ state: 'processing' }])
    })
  })

  it('sends all given-up webhooks again after one question, and the cron delivers them', async () => {
    const console = await enter()
    const { transactionId } = orders.givenUp
    await console.open('/console/deliveries?tab=given_up')
    await console.page.getByText(zh.deliveries.resendAll).click()
    await button(console, zh.deliveries.resendN(1)).click()
    await says(console, zh.deliveries.resentAll)
    await shop.cron(Date.now() + 61_000)
    const path = `/deliveries?limit=100`
    const { deliveries } = await shop.stack.shop<{ deliveries: { id: string; state: string }[] }>(
      'GET',
      path,
    )
    expect(deliveries.find(({ id }) => id.endsWith(transactionId))?.state).toBe('delivered')
  })

  it.each(['9.001', '0', '１００', '1e2', '-1', '88.01', '', 'abc'])(
    'does not refund %j, and says why under the field',
    async (fee) => {
      const console = await enter()
      const path = orderPath(orders.paid.ordercode, '/refund?fee=')
      expect(await console.open(path + encodeURIComponent(fee))).toBe(422)
      const field = console.page.getByLabel(zh.refunds.yuan)
      expect(await field.getAttribute('aria-invalid')).toBe('true')
      expect(await field.inputValue()).toBe(fee)
      const wrong = fee === '88.01' ? zh.refunds.tooMuch('¥88.00') : zh.refunds.invalidAmount
      expect(await console.page.getByRole('alert').innerText()).toBe(wrong)
    },
  )

  it('refunds by keyboard alone', async () => {
    const console = await enter()
    const { ordercode } = await shop.paid()
    await console.open(orderPath(ordercode, '/refund'))
    const { keyboard } = console.page
    /** Presses Tab until the focus is on it. */
    const reach = async (what: string): Promise<void> => {
      for (let tabs = 0; tabs < 40; tabs++) {
        await keyboard.press('Tab')
        const focused = console.page.locator(':focus')
        const name = (await focused.getAttribute('id')) ?? (await focused.innerText())
        if (name === what) return
      }
      throw new Error(`Tab does not reach ${what}`)
    }
    await keyboard.press('Tab')
    await keyboard.press('Enter') // the skip link
    await reach('fee')
    await keyboard.type('5.50')
    await reach(zh.refunds.next)
    await keyboard.press('Enter')
    await console.page.getByText(zh.refunds.once).waitFor()
    await reach(zh.refunds.confirm('¥5.50'))
    await keyboard.press('Enter')
    await says(console, zh.refunds.done.processing)
    expect(await console.page.locator(':focus').innerText()).toBe(zh.refunds.done.processing)
    expect(await refundsOf(ordercode)).toMatchObject([{ refund_fee: 550 }])
  })

  it('offers no refund without the certificate of the merchant', async () => {
    const console = await enter({ vars: { WX_CERT: null } })
    await console.open(orderPath(orders.paid.ordercode))
    const refund = button(console, zh.orders.refund)
    expect(await refund.isDisabled()).toBe(true)
    const why = console.page.locator(`#${await refund.getAttribute('aria-describedby')}`)
    expect(await why.textContent()).toBe(zh.orders.noCertificate)
    await console.open(orderPath(orders.paid.ordercode, '/refund'))
    expect(await console.main.innerText()).toContain(zh.orders.noCertificate)
  })

  it.each(['zh', 'en'] as const)('says why an order is in its state, in %s', async (language) => {
    const console = await enter({ language })
    const { story } = WORDS[language]
    const why = async (ordercode: string): Promise<string> => {
      await console.open(orderPath(ordercode))
      return console.main.locator('.why').innerText()
    }
    expect(await why(orders.created)).toContain(story.now.created)
    expect(await why(orders.paid.ordercode)).toContain(story.now.paid)
    expect(await why(orders.closed)).toContain(story.now.shopClosed)
  })

  it('shows both sides of a bill, and marks where they differ', async () => {
    const console = await enter()
    await console.open(`/console/bills/${daysAgo(1)}`)
    const name = zh.bills.kind.payment_differs('¥88.01')
    const marked = console.page.getByRole('article', { name }).locator('td.ne')
    expect(await marked.allInnerTexts()).toEqual(['¥88.01', expect.stringContaining('¥88.00')])
    for (const title of Object.values(zh.bills.kind).slice(0, 13)) {
      const beginning = title('').replace(/[：:].*/, '')
      expect(await console.main.getByRole('heading', { name: beginning }).count()).toBeGreaterThan(
        0,
      )
    }
    await console.open(`/console/bills/${daysAgo(2)}`)
    expect(await console.main.innerText()).toContain(
      zh.bills.ofKind(20, '100+') + zh.bills.oneReview,
    )
    expect(await console.main.locator('table.both').count()).toBe(20)
  })

  it('runs no script that a shop, a payer or WeChat has written', async () => {
    const console = await enter()
    const { ordercode, transactionId } = orders.hostile
    const hostile = encodeURIComponent(HOSTILE)
    const paths = [
      '/console',
      '/console/orders',
      orderPath(ordercode),
      orderPath(ordercode, `/refund?fee=${hostile}&reason=${hostile}`),
      orderPath(orders.refused.ordercode),
      `/console/orders?q=${hostile}`,
      `/console/orders?tab=${hostile}&from=${hostile}&to=${hostile}&cursor=${hostile}`,
      `/console/orders?done=${hostile}`,
      `/console/orders/${hostile}`,
      `/console/reviews/${hostile}`,
      `/console/bills/${hostile}`,
      `/console/sign-in?to=${hostile}`,
      '/console/refunds?tab=all',
      '/console/deliveries',
      `/console/orders?q=${transactionId}`,
    ]
    for (const path of paths) {
      await console.open(path)
      expect(await console.page.title(), path).toContain('wxpay-edge')
      expect(await console.page.locator('img, iframe, script:not([src])').count(), path).toBe(0)
    }
  })

  it('obeys no form of another site, and no cookie at the interface for programs', async () => {
    const console = await enter()
    const { ordercode } = orders.paid
    const action = `${shop.origin}${orderPath(ordercode, '/refund')}`
    await console.page.route('http://evil.example/', (route) =>
      route.fulfill({
        contentType: 'text/html',
        body: `<link rel="icon" href="data:,"><form method="post" action="${action}"><input name="fee" value="9"><button>go</button></form>`,
      }),
    )
    await console.page.goto('http://evil.example/')
    console.problems.length = 0
    const answer = console.page.waitForResponse(action)
    await console.page.getByRole('button').click()
    expect((await answer).status()).toBe(403)
    expect(await refundsOf(ordercode)).toEqual([])
    const api = await console.context.request.get(`${shop.origin}/orders/${ordercode}`)
    expect(api.status()).toBe(401)
  })

  it('speaks the other language on the same page, and remembers it', async () => {
    const console = await enter()
    await console.open('/console/orders?tab=paid')
    await console.page.getByRole('link', { name: 'English' }).click()
    await console.page.getByRole('heading', { name: en.orders.title, exact: true }).waitFor()
    expect(console.path()).toBe('/console/orders?tab=paid')
    expect(await console.page.locator('html').getAttribute('lang')).toBe('en')
    await console.open('/console/bills')
    await console.page.getByRole('heading', { name: en.bills.title, exact: true }).waitFor()
  })

  it.each(['zh', 'en'] as const)('fits a screen of 320 px, in %s', async (language) => {
    const console = await enter({ width: 320, language })
    const wide: string[] = []
    for (const path of [
      '/console',
      '/console/orders',
      orderPath(orders.long.ordercode),
      orderPath(orders.hostile.ordercode),
      orderPath(orders.refused.ordercode),
      orderPath(orders.twice),
      orderPath(orders.twice, '/refund'),
      orderPath(orders.paid.ordercode, '/refund?fee=9'),
      '/console/refunds?tab=all',
      '/console/reviews',
      `/console/bills/${daysAgo(1)}`,
      '/console/bills',
      '/console/deliveries',
      '/console/runs',
      '/console/checks',
    ]) {
      await console.open(path)
      if ((await console.sideways()) > 0) wide.push(path)
    }
    expect(wide).toEqual([])
  })

  describe('where scripts run', () => {
    it('goes to the search by Ctrl K from every page, and Esc empties it', async () => {
      const console = await enter()
      await console.page.keyboard.press('Control+k')
      await console.page.waitForURL('**/console/orders#q')
      const search = console.page.getByLabel(zh.orders.searchLabel)
      await expect.poll(() => search.evaluate((field) => field.matches(':focus'))).toBe(true)
      await console.page.keyboard.type('2026')
      await console.page.keyboard.press('Escape')
      expect(await search.inputValue()).toBe('')
    })

    it('copies a number whole, and says so', async () => {
      const console = await enter({
        options: { permissions: ['clipboard-read', 'clipboard-write'] },
      })
      await console.open(orderPath(orders.paid.ordercode))
      await button(console, zh.frame.copy(zh.frame.order)).click()
      await expect.poll(() => console.page.locator('#live').textContent()).toBe(zh.frame.copied)
      const copied = await console.page.evaluate<string>('navigator.clipboard.readText()')
      expect(copied).toBe(orders.paid.ordercode)
    })

    it('shows a payment on the page of its order by itself, and says it', async () => {
      const console = await enter()
      const ordercode = await shop.order()
      await shop.attempt(ordercode)
      await console.page.clock.install()
      await console.open(orderPath(ordercode))
      shop.capture(ordercode)
      await shop.until(ordercode, ({ state }) => state === 'paid')
      await console.page.clock.fastForward(10_000)
      await expect
        .poll(() => console.page.locator('#live').textContent())
        .toContain(zh.story.now.paid)
      expect(await console.main.locator('.why').innerText()).toContain('¥88.00')
    })

    it('moves nothing while a person is at work in the page', async () => {
      const console = await enter()
      const ordercode = await shop.order()
      await shop.attempt(ordercode)
      await console.page.clock.install()
      await console.open(orderPath(ordercode))
      await button(console, zh.orders.ask).focus()
      shop.capture(ordercode)
      await shop.until(ordercode, ({ state }) => state === 'paid')
      await console.page.clock.fastForward(30_000)
      expect(await console.main.locator('.why').innerText()).not.toContain(zh.story.now.paid)
    })
  })

  it('shows what is true now when one goes back', async () => {
    const console = await enter()
    const ordercode = await shop.order()
    await console.open('/console/orders')
    const row = console.page.getByRole('row').filter({ hasText: ordercode })
    expect(await row.innerText()).toContain(zh.states.order.created)
    await row.getByRole('link').click()
    await shop.stack.shop('POST', `/orders/${ordercode}/close`)
    await console.page.goBack()
    await expect.poll(() => row.innerText()).toContain(zh.states.order.closed)
  })

  /** The open review of an order, as soon as there is one. */
  async function reviewOf(ordercode: string): Promise<string> {
    let id: string | undefined
    await expect
      .poll(async () => {
        const { reviews } = await shop.stack.shop<{
          reviews: { id: string; ordercode: string | null }[]
        }>('GET', '/reviews?open=true&limit=100')
        return (id = reviews.find((each) => each.ordercode === ordercode)?.id)
      })
      .toBeDefined()
    return id ?? ''
  }
})

const daysAgo = (days: number): string =>
  new Date(Date.now() + 28_800_000 - days * 86_400_000).toISOString().slice(0, 10)
