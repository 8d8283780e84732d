/** The console in a browser, as a person uses it. */
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import axe from 'axe-core'
import type { Browser, BrowserContextOptions, CDPSession, Page } from 'playwright-core'
import { DEMO_TOKEN } from '../../../scripts/client/shop-client.ts'
import { VARS_HEADER } from './doors.ts'

export const PICTURES = join(import.meta.dirname, '../../../test-output/console')

export type Language = 'zh' | 'en'
type Width = 1280 | 390 | 320
type Scheme = 'light' | 'dark'

/** Every look in which a page is seen, in either language. */
export const LOOKS: readonly Readonly<{ width: Width; scheme: Scheme }>[] = (
  [1280, 390] as const
).flatMap((width) => (['light', 'dark'] as const).map((scheme) => ({ width, scheme })))

const HEIGHTS: Readonly<Record<Width, number>> = { 1280: 900, 390: 844, 320: 640 }

/** A viewer, and an operator beside it. */
export const PEOPLE = {
  viewer: 'token-of-the-viewer-0123456789',
  li: 'token-of-li-wei-0123456789ab',
}
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const OPERATORS = JSON.stringify({
  audit: { role: 'viewer', token_sha256: sha256(PEOPLE.viewer) },
  'li.wei': { role: 'operator', token_sha256: sha256(PEOPLE.li) },
})

export type ConsoleOptions = Readonly<{
  language?: Language
  width?: Width
  scheme?: Scheme
  /** Whether pages may run scripts. Default: true. */
  script?: boolean
  /** Variables of the Worker that differ for this browser. */
  vars?: Readonly<Record<string, unknown>>
  /** Who signs in; `undefined` for no person. Default: 阿梅, with the shop's token. */
  as?: 'shop' | 'viewer' | 'li' | undefined
  options?: BrowserContextOptions
}>

const LOCALES = { zh: 'zh-CN', en: 'en-GB' }

/** Opens the console. `problems` collects what the browser complains about, and every request that leaves this machine's Worker. */
export async function openConsole(browser: Browser, origin: string, given: ConsoleOptions = {}) {
  const { language = 'zh', width = 1280, scheme = 'light', script = true, options = {} } = given
  const as = 'as' in given ? given.as : 'shop'
  const operators = as === 'viewer' || as === 'li' ? { OPERATORS } : {}
  const vars = { ...operators, ...given.vars }
  const context = await browser.newContext({
    locale: LOCALES[language],
    colorScheme: scheme,
    reducedMotion: 'reduce', // a picture would show a transition half done
    viewport: { width, height: HEIGHTS[width] },
    javaScriptEnabled: script,
    extraHTTPHeaders: { [VARS_HEADER]: JSON.stringify(vars) },
    ...options,
  })
  const problems: string[] = []
  context.on('request', (request) => {
    if (!request.url().startsWith(`${origin}/`)) problems.push(`asked for ${request.url()}`)
  })
  context.on('console', (message) => {
    // A page that answers 404 or 422 is a page all the same.
    const isPage = message.location().url === message.page()?.url()
    const isAdvice = (message.type() as string) === 'verbose'
    if (!isAdvice && !(isPage && message.text().startsWith('Failed to load resource'))) {
      problems.push(`${message.type()}: ${message.text()}`)
    }
  })
  context.on('weberror', (error) => problems.push(error.error().message))
  const page = await context.newPage()
  const console = driver(page, origin)
  if (as !== undefined) await console.signIn(as)
  return { ...console, page, context, problems, close: () => context.close() }
}

export type ConsolePage = Awaited<ReturnType<typeof openConsole>>

function driver(page: Page, origin: string) {
  const open = async (path: string): Promise<number> => {
    const response = await page.goto(`${origin}${path}`)
    return response?.status() ?? 0
  }
  let devtools: CDPSession | undefined
  /** A picture of the whole page, as base64: in half the time of Playwright's. */
  async function wholePage(): Promise<string> {
    devtools ??= await page.context().newCDPSession(page)
    const { cssContentSize: size } = await devtools.send('Page.getLayoutMetrics')
    const { data } = await devtools.send('Page.captureScreenshot', {
      captureBeyondViewport: true,
      optimizeForSpeed: true,
      clip: { ...size, scale: 1 },
    })
    return data
  }
  return {
    /** Opens a page. @returns its status. */
    open,
    main: page.locator('main'),
    note: page.locator('main .note').first(),
    /** The path and query of the page that is shown. */
    path: (): string => page.url().slice(origin.length),
    signIn: async (as: 'shop' | keyof typeof PEOPLE): Promise<void> => {
      await open('/console/sign-in')
      await page.locator('#token').fill(as === 'shop' ? DEMO_TOKEN : PEOPLE[as])
      if (as === 'shop') await page.locator('#name').fill('阿梅')
      await page.locator('form[action="/console/sign-in"] button').click()
      await page.locator('nav').first().waitFor()
    },
    look: async (width: Width, scheme: Scheme): Promise<void> => {
      await page.setViewportSize({ width, height: HEIGHTS[width] })
      await page.emulateMedia({ colorScheme: scheme })
    },
    /** How far the page can be scrolled sideways, in pixels. */
    sideways: () =>
      page.evaluate<number>(
        'document.documentElement.scrollWidth - document.documentElement.clientWidth',
      ),
    /** What axe finds, one line for each element. */
    violations: async (): Promise<string[]> => {
      await page.evaluate(axe.source)
      return page.evaluate<string[]>(
        `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
          .then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ': ' + html.slice(0, 160))))`,
      )
    },
    /** Keeps a picture as test output. */
    picture: async (name: string): Promise<void> => {
      const path = join(PICTURES, `${name}.png`)
      mkdirSync(dirname(path), { recursive: true })
      await page.mouse.move(0, 0)
      writeFileSync(path, Buffer.from(await wholePage(), 'base64'))
    },
  }
}
