/** The virtual phone in a browser, as a person uses it. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'

export const PICTURES = join(import.meta.dirname, '../../test-output/phone')

export type Look = { language: 'zh' | 'en'; width: 1280 | 390; scheme: 'light' | 'dark' }

const LOCALES = { zh: 'zh-CN', en: 'en-GB' }

/** Opens the page. `problems` collects what the browser complains about: there must be nothing. */
export async function openPhone(
  browser: Browser,
  origin: string,
  { language = 'zh', width = 1280, scheme = 'light' }: Partial<Look> = {},
  options: BrowserContextOptions = {},
) {
  const context = await browser.newContext({
    locale: LOCALES[language],
    colorScheme: scheme,
    viewport: { width, height: width === 390 ? 844 : 900 },
    ...options,
  })
  const page = await context.newPage()
  const problems: string[] = []
  page.on('console', (message) => problems.push(`${message.type()}: ${message.text()}`))
  page.on('pageerror', (error) => problems.push(error.message))
  await page.goto(`${origin}/`)
  const phone = driver(page)
  await phone.pay.waitFor()
  return { ...phone, page, problems, close: () => context.close() }
}

export type PhonePage = Awaited<ReturnType<typeof openPhone>>

function driver(page: Page) {
  const app = page.frameLocator('#screen')
  return {
    app,
    pay: app.locator('.goods ~ .pay'),
    confirm: page.locator('#confirm'),
    title: app.locator('.title'),
    caption: page.locator('#caption'),
    messages: page.locator('#messages'),
    begin: async (lesson: string) => {
      await page.locator(`[data-lesson=${lesson}]`).click()
      await page.locator(`[data-lesson=${lesson}][aria-pressed=true]`).waitFor()
      await app.locator('.goods ~ .pay:not([disabled])').waitFor()
    },
    turnOn: (name: string) => page.locator(`#faults input[name=${name}]`).check(),
    advance: (seconds: number) => page.locator(`[data-seconds="${seconds}"]`).click(),
    /** Keeps a picture as test output. */
    picture: async (name: string) => {
      mkdirSync(PICTURES, { recursive: true })
      // A pointer or a caret would make each picture different.
      await page.mouse.move(0, 0)
      await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true, caret: 'hide' })
    },
  }
}
