/** Pictures of the virtual phone in every look, as test output: look at them after a change of a page or stylesheet. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Stack, startStack } from '../../scripts/local/local-stack.ts'
import { canRun, launch } from '../../testing/browser/chromium.ts'
import { type Look, openPhone } from '../../testing/browser/phone-page.ts'

const LOOKS: readonly Look[] = (['zh', 'en'] as const).flatMap((language) =>
  ([1280, 390] as const).flatMap((width) =>
    (['light', 'dark'] as const).map((scheme) => ({ language, width, scheme })),
  ),
)

let browser: Browser
let stack: Stack
const persistDir = mkdtempSync(join(tmpdir(), 'wxpay-edge-pictures-'))

describe.skipIf(!canRun())('pictures of the virtual phone', () => {
  beforeAll(async () => {
    ;[browser, stack] = await Promise.all([launch(), startStack({ persistDir, phone: true })])
  })
  afterAll(async () => {
    await Promise.all([browser?.close(), stack?.stop()])
    rmSync(persistDir, { recursive: true, force: true })
  })

  it.each(LOOKS)('$language, $width, $scheme', async (look) => {
    const phone = await openPhone(browser, stack.wechat.origin, look)
    const name = (state: string) => `${state}-${look.language}-${look.width}-${look.scheme}`
    await phone.pay.click()
    await phone.confirm.waitFor()
    await phone.picture(name('cashier'))
    await phone.confirm.click()
    await phone.app.locator('.symbol.good').waitFor()
    await phone.picture(name('paid'))

    await phone.begin('lost')
    await phone.picture(name('order'))
    await phone.pay.click()
    await phone.confirm.click()
    await phone.app.locator('.symbol.good').waitFor()
    await phone.picture(name('lost'))

    await phone.begin('forged')
    await phone.pay.click()
    await phone.page.locator('#refused').waitFor()
    await phone.picture(name('refused'))
    await phone.page.locator('#refused').click()
    await phone.app.locator('.symbol.bad').waitFor()
    await phone.picture(name('cancelled'))
    expect(phone.problems).toEqual([])
    await phone.close()
  })
})
