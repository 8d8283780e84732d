/** The Worker as `wrangler deploy` would upload it. */
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const ROOT = join(import.meta.dirname, '../..')

/** What esbuild says about its output: how many bytes of it come from each source file. */
export type Metafile = Readonly<{
  outputs: Readonly<
    Record<string, { bytes: number; inputs: Readonly<Record<string, { bytesInOutput: number }>> }>
  >
}>

/** A module of the Worker, as Miniflare takes it. */
export type Module = Readonly<{ type: 'ESModule' | 'Text'; path: string; contents: string }>

/** The Worker's modules, its entry first, and where their bytes come from. */
export type Bundle = Readonly<{ modules: readonly Module[]; meta: Metafile }>

/** Bundles the Worker with wrangler, minified as for an upload. @param folder An empty folder for the output. */
export async function bundleWorker(folder: string): Promise<Bundle> {
  const wrangler = join(ROOT, 'node_modules/wrangler/bin/wrangler.js')
  const meta = join(folder, 'meta.json')
  const config = join(ROOT, 'wrangler.toml')
  const flags = ['deploy', '--dry-run', '--config', config, '--outdir', folder, '--metafile', meta]
  const env = { ...process.env, CI: '1', WRANGLER_SEND_METRICS: 'false' }
  await promisify(execFile)(process.execPath, [wrangler, ...flags], { cwd: ROOT, env })
  const read = (path: string): string => readFileSync(join(folder, path), 'utf8')
  const texts = readdirSync(folder).filter((name) =>
    /(\.css|\.client\.js|-openapi\.json)$/.test(name),
  )
  return {
    modules: [
      { type: 'ESModule', path: 'worker.js', contents: read('worker.js') },
      ...texts.map((path): Module => ({ type: 'Text', path, contents: read(path) })),
    ],
    meta: JSON.parse(readFileSync(meta, 'utf8')) as Metafile,
  }
}
