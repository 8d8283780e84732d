/** The size of the bundle that wrangler would upload. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')
/** The budget of the whole Worker, the style sheet included. */
const GZIP_KIB_MAX = 200
/** The budget is 110 KiB for everything except the console. A limit of 108 KiB shows a jump early. */
const WITHOUT_CONSOLE_KIB_MAX = 108

/** The description of the HTTP interface lies beside the script, too, and has a limit of its own. */
const DOCUMENT_KIB_MAX = 9

/** What the bundler says about its output: how many bytes each source file gives. */
type Metafile = {
  outputs: Record<string, { bytes: number; inputs: Record<string, { bytesInOutput: number }> }>
}

it('the Worker stays within its budgets of gzip', { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bundle-'))
  try {
    const wrangler = join(ROOT, 'node_modules/wrangler/bin/wrangler.js')
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [
        wrangler,
        'deploy',
        '--dry-run',
        '--config',
        join(ROOT, 'wrangler.toml'),
        '--outdir',
        folder,
        '--metafile',
        join(folder, 'meta.json'),
      ],
      { cwd: ROOT, env: { ...process.env, CI: '1', WRANGLER_SEND_METRICS: 'false' } },
    )
    const [, kib] = /gzip: ([\d.]+) KiB/.exec(stdout) ?? []
    expect(Number(kib)).toBeGreaterThan(0)
    expect(Number(kib)).toBeLessThanOrEqual(GZIP_KIB_MAX)

    const { outputs } = JSON.parse(readFileSync(join(folder, 'meta.json'), 'utf8')) as Metafile
    const inputs = Object.values(outputs).flatMap((output) => Object.entries(output.inputs))
    const bytesOf = (isCounted: (path: string) => boolean): number =>
      inputs
        .filter(([path]) => isCounted(path))
        .reduce((sum, [, { bytesInOutput }]) => sum + bytesInOutput, 0)
    // Beside it lie openapi.json, and the style sheet and the script of the console, which are sent as they are.
    const gzipped = gzipSync(readFileSync(join(folder, 'worker.js'))).length / 1_024
    // The console's share of the script, by bytes: gzip packs its Chinese words worse than code, so that the figure is rather too large.
    const isConsole = (path: string): boolean => path.includes('src/console/')
    const rest = (gzipped * bytesOf((path) => !isConsole(path))) / bytesOf(() => true)
    expect(bytesOf(isConsole)).toBeGreaterThan(0)
    expect(rest).toBeLessThanOrEqual(WITHOUT_CONSOLE_KIB_MAX)
    const document = readFileSync(join(ROOT, 'src/routes/document/openapi.json'))
    const described = gzipSync(document).length / 1_024
    expect(described).toBeLessThanOrEqual(DOCUMENT_KIB_MAX)
    console.log(
      `${kib} KiB gzip, of it about ${rest.toFixed(1)} KiB of the script without the console, and openapi.json ${described.toFixed(1)} KiB`,
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
})
