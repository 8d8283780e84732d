/** The browser of the browser tests: Chromium as the system has it. Nothing is downloaded. */
import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const PLACES = [
  process.env['CHROMIUM'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

/** The path of a browser; `undefined` when there is none. Then tests are skipped, but in CI they fail. */
export const findBrowser = (): string | undefined =>
  PLACES.find((path) => path !== undefined && existsSync(path))

/** Whether the browser tests run. In CI they always do, so that a missing browser is noticed. */
export const canRun = (): boolean => findBrowser() !== undefined || process.env['CI'] !== undefined

export function launch(): Promise<Browser> {
  const executablePath = findBrowser()
  if (executablePath === undefined) {
    throw new Error('No browser: install chromium and fonts-noto-cjk, or set CHROMIUM to a path.')
  }
  // A container often runs as root, for which Chromium has no sandbox. The pages are our own.
  return chromium.launch({ executablePath, args: ['--no-sandbox'] })
}
