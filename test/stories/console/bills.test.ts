import { describe, expect, it } from 'vitest'
import { compact, DAY, goTo, NEXT_DAY, paid } from '../../../testing/bill-days.ts'
import { consoleBrowser } from '../../../testing/console-browser.ts'
import { world } from '../../../testing/world.ts'

async function reconciledDay() {
  const w = world()
  const browser = consoleBrowser(w)
  await browser.signIn()
  const one = await paid(w, 'one')
  const two = await paid(w, 'two', { total_fee: 2_900 })
  return { w, browser, one, two }
}

describe('the page of a bill', () => {
  it('shows both sides and no difference when they agree', async () => {
    const { w, browser } = await reconciledDay()
    goTo(w, `${NEXT_DAY}T10:15:00`)
    await browser.signIn()
    await w.cron()
    const page = await browser.page(`/console/bills/${DAY}`)
    expect(page).toContain('Every row agrees with our books')
    expect(page).toContain('117.00')
    expect(await browser.page('/console/bills')).toContain('Balanced')
    const raw = await browser.send(`/console/bills/${DAY}/raw`)
    expect(raw.status).toBe(200)
    expect(raw.headers.get('content-disposition')).toContain('attachment')
  })

  it('shows what only our books have, with the way to its review', async () => {
    const { w, browser, two } = await reconciledDay()
    w.wechat.bills.change(compact(DAY), { kind: 'drop_row', number: two.transactionId })
    goTo(w, `${NEXT_DAY}T10:15:00`)
    await browser.signIn()
    await w.cron()
    const page = await browser.page(`/console/bills/${DAY}`)
    expect(page).toContain('Only on our books: ¥29.00')
    expect(page).toContain(two.transactionId)
    const review = /href="(\/console\/reviews\/[^"]+)">To its review/.exec(page)?.[1] ?? ''
    expect(await browser.page(review)).toContain('Only on our books: ¥29.00')
    expect(await browser.page('/console')).toContain('Only on our books: ¥29.00')

    w.wechat.bills.clearChanges(compact(DAY))
    const again = await browser.submit(`/console/bills/${DAY}/reconcile`)
    expect(again.text).toContain('Every row agrees with our books')
  })

  it('says when there is no bill yet, and asks WeChat all the same', async () => {
    const { w, browser } = await reconciledDay()
    const early = await browser.submit(`/console/bills/${DAY}/reconcile`)
    expect(early.status).toBe(409)
    expect(early.text).toContain('The bill is not ready')
    goTo(w, `${NEXT_DAY}T10:15:00`)
    await browser.signIn()
    expect((await browser.submit(`/console/bills/${DAY}/reconcile`)).status).toBe(303)
  })
})
