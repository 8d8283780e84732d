/** The size of the bundle that wrangler would upload. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')
/** The budget is 110 KiB for everything except the console. A limit of 96 KiB shows a jump early. */
const GZIP_KIB_MAX = 96

it('the Worker stays within its budget of gzip', { timeout: 60_000 }, async () => {
  const wrangler = join(ROOT, 'node_modules/wrangler/bin/wrangler.js')
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [wrangler, 'deploy', '--dry-run', '--config', join(ROOT, 'wrangler.toml')],
    { cwd: ROOT, env: { ...process.env, CI: '1', WRANGLER_SEND_METRICS: 'false' } },
  )
  const [, kib] = /gzip: ([\d.]+) KiB/.exec(stdout) ?? []
  expect(Number(kib)).toBeGreaterThan(0)
  expect(Number(kib)).toBeLessThanOrEqual(GZIP_KIB_MAX)
})
