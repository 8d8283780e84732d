/** `npm run pictures`: the pictures of the README, taken in a browser from the running system. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { launch } from '../testing/browser/chromium.ts'
import { openPhone } from '../testing/browser/phone-page.ts'
import { readOptions, run } from './cli/command.ts'
import { say } from './cli/terminal.ts'
import { startStack } from './local/local-stack.ts'
import { ROOT } from './local/worker-process.ts'

const HELP = `Takes the pictures of the README in a browser, and writes them to docs/pictures.
Needs chromium and fonts-noto-cjk; CHROMIUM names another browser.

Usage: npm run pictures
`

async function main(): Promise<number> {
  const { values } = readOptions({ help: { type: 'boolean', default: false } })
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  const directory = join(ROOT, 'docs', 'pictures')
  mkdirSync(directory, { recursive: true })
  const persistDir = mkdtempSync(join(tmpdir(), 'wxpay-edge-pictures-'))
  const browser = await launch()
  const stack = await startStack({ persistDir, phone: true })
  try {
    for (const language of ['zh', 'en'] as const) {
      const path = join(directory, `phone.${language}.png`)
      const phone = await openPhone(browser, stack.wechat.origin, { language })
      await phone.begin('lost')
      await phone.pay.click()
      await phone.confirm.click()
      await phone.app.locator('.symbol.good').waitFor()
      await phone.messages.getByText('order.paid').waitFor()
      await phone.page.mouse.move(0, 0)
      await phone.page.screenshot({ path, clip: { x: 0, y: 0, width: 1280, height: 752 } })
      await phone.close()
      say(relative(ROOT, path))
    }
  } finally {
    await Promise.all([browser.close(), stack.stop()])
    rmSync(persistDir, { recursive: true, force: true })
  }
  return 0
}

await run(main)
