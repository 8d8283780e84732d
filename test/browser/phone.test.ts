import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Stack, startStack } from '../../scripts/local/local-stack.ts'
import { LESSON_NAMES, LESSONS, type LessonName } from '../../simulator/phone/lessons.ts'
import { canRun, launch } from '../../testing/browser/chromium.ts'
import { openPhone, type PhonePage } from '../../testing/browser/phone-page.ts'

const PAID_MS = 20_000

let browser: Browser
let stack: Stack
let phone: PhonePage
const persistDir = mkdtempSync(join(tmpdir(), 'wxpay-edge-browser-'))

describe.skipIf(!canRun())('the virtual phone', () => {
  beforeAll(async () => {
    ;[browser, stack] = await Promise.all([launch(), startStack({ persistDir, phone: true })])
  })
  afterAll(async () => {
    await Promise.all([browser?.close(), stack?.stop()])
    rmSync(persistDir, { recursive: true, force: true })
  })
  afterEach(() => phone?.close())

  const open = async (options?: Parameters<typeof openPhone>[3]) =>
    (phone = await openPhone(browser, stack.wechat.origin, {}, options))
  /** The title of the result page, as soon as it is this one. */
  const ends = (title: string) =>
    expect.poll(() => phone.title.innerText(), { timeout: PAID_MS }).toBe(title)
  const talk = (text: string | RegExp) =>
    expect.poll(() => phone.messages.innerText(), { timeout: PAID_MS }).toMatch(text)
  const ordercode = async () =>
    (await phone.app.locator('.number').innerText()).split(' ').at(-1) ?? ''

  it('takes a payment, and the Worker has booked it', async () => {
    await open()
    const code = await ordercode()
    await phone.pay.click()
    await phone.confirm.click()
    await ends('支付成功')

    const order = await stack.shop<{ state: string; payments: object[] }>('GET', `/orders/${code}`)
    expect(order).toMatchObject({ state: 'paid', payments: [{ total_fee: 8_800 }] })
    await talk('order.paid')
    expect(phone.problems).toEqual([])
  })

  it('pays once when the button is pressed twice', async () => {
    await open()
    const before = stack.wechat.simulator.books.orders().length
    await phone.pay.dblclick()
    await phone.confirm.waitFor()
    expect(await phone.pay.getAttribute('disabled')).not.toBe(null)
    expect(stack.wechat.simulator.books.orders().length).toBe(before + 1)
    expect((await phone.messages.innerText()).match(/POST \/pay/g)).toHaveLength(1)
  })

  it('lets the payer leave the cashier, say so, and pay after all', async () => {
    await open()
    await phone.pay.click()
    await phone.page.getByLabel('关闭').click()
    await ends('没有付款')
    await phone.app.getByRole('button', { name: '重新支付' }).click()
    await phone.pay.click()
    await phone.confirm.click()
    await ends('支付成功')
  })

  it('stays open when the money does not suffice', async () => {
    await open()
    await phone.pay.click()
    await phone.page.getByRole('button', { name: '余额不足' }).click()
    await expect.poll(() => phone.page.getByRole('alert').innerText()).toContain('没有付款')
    await phone.confirm.click()
    await ends('支付成功')
  })

  it('refuses a wrong paySign: the cashier never opens, and no money moves', async () => {
    await open()
    const before = stack.wechat.simulator.books.capturedFen()
    await phone.turnOn('paysign')
    await phone.pay.click()
    await phone.page.locator('#refused').click()
    await ends('没有付款')
    expect(await phone.confirm.count()).toBe(0)
    expect(stack.wechat.simulator.books.capturedFen()).toBe(before)
  })

  it('finds a payment whose notice is lost by asking for the result', async () => {
    await open()
    await phone.turnOn('lose')
    await phone.pay.click()
    await phone.confirm.click()
    await ends('支付成功')
    await talk(/丢了[^]*orderquery[^]*order\.paid/)
  })

  it('finds it by the cron when nobody asks', async () => {
    await open()
    const code = await ordercode()
    await phone.turnOn('lose')
    await phone.pay.click()
    await phone.page.getByRole('button', { name: '付完就关掉小程序' }).click()
    await phone.page.locator('#reopen').waitFor()
    await phone.advance(60)
    await phone.advance(60)
    await talk('order.paid')
    expect(await stack.shop('GET', `/orders/${code}`)).toMatchObject({ state: 'paid' })
  })

  it('books once when the notice comes three times, after a forged one', async () => {
    await open()
    await phone.turnOn('copies')
    await phone.turnOn('forge')
    await phone.pay.click()
    await phone.confirm.click()
    await ends('支付成功')
    await talk(/签名不对[^]*FAIL/)
    await talk('已经记过')
    expect((await phone.messages.innerText()).match(/入账一次/g)).toHaveLength(1)
  })

  it('does not let another payer pay', async () => {
    await open()
    await phone.turnOn('other_payer')
    await phone.pay.click()
    await ends('不是你的订单')
  })

  it('says that it is offline, and that trying again is safe', async () => {
    await open()
    await phone.page.route('**/_phone/request', (route) => route.abort())
    await phone.pay.click()
    await ends('网络不通')
  })

  it('can be used by keyboard alone', async () => {
    await open()
    await phone.pay.focus()
    await phone.page.keyboard.press('Enter')
    await phone.confirm.waitFor()
    await phone.page.keyboard.press('Tab')
    await phone.page.keyboard.press('Tab')
    await expect.poll(() => phone.confirm.evaluate((button) => button.matches(':focus'))).toBe(true)
    await phone.page.keyboard.press('Enter')
    await ends('支付成功')
  })

  it('has the bill of the day compared, and leads to the console', async () => {
    await open()
    await phone.pay.click()
    await phone.confirm.click()
    await ends('支付成功')
    await phone.page.getByRole('button', { name: '明天出账单' }).click()
    await expect.poll(() => phone.caption.innerText(), { timeout: PAID_MS }).toContain('对过账了')
    const today = new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10)
    expect(await stack.shop('GET', `/bills/${today}`)).toMatchObject({ state: 'reconciled' })
    const link = phone.page.getByRole('link', { name: '控制台' })
    expect(await link.getAttribute('href')).toBe(`${stack.workerOrigin}/console`)
  })

  it.each([390, 320])('has no sideways scrolling at %i px', async (width) => {
    await open({ viewport: { width, height: 800 } })
    const sideways = await phone.page.evaluate<number>(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    )
    expect(sideways).toBe(0)
  })

  const LAST: Record<LessonName, keyof (typeof LESSONS)[LessonName]['zh']['captions']> = {
    works: 'result_paid',
    lost: 'result_paid',
    forged: 'refused',
    twice: 'refund',
    timeout: 'result_paid',
    late: 'booked',
  }

  it.each(LESSON_NAMES)('plays the lesson "%s" to its end', async (name) => {
    await open()
    await phone.begin(name)
    const { captions } = LESSONS[name].zh
    const says = (moment: keyof typeof captions) =>
      expect.poll(() => phone.caption.innerText(), { timeout: PAID_MS }).toBe(captions[moment])
    await says('start')
    await phone.pay.click()
    if (name !== 'forged') {
      await says('cashier')
      if (name === 'twice') {
        await phone.page.locator('#other').click()
        await says('told')
      }
      if (name === 'late') {
        await phone.advance(7_200)
        await says('closed')
      }
      await phone.confirm.click()
      if (name === 'twice') {
        await says('second')
        await phone.advance(60)
      }
    }
    await says(LAST[name])
    expect(phone.problems).toEqual([])
  })
})
