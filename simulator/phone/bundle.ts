import { join } from 'node:path'

const bundles = new Map<string, Promise<string>>()

/** A script for the browser, bundled once: `page` is the page around the phone, `screen` runs the mini program inside it. */
export function bundleScript(name: 'page' | 'screen'): Promise<string> {
  let bundle = bundles.get(name)
  if (bundle === undefined) bundles.set(name, (bundle = build(name)))
  return bundle
}

async function build(name: string): Promise<string> {
  const { build: esbuild } = await import('esbuild')
  const { outputFiles } = await esbuild({
    entryPoints: [join(import.meta.dirname, 'browser', `${name}.ts`)],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    logLevel: 'silent',
  })
  return outputFiles[0]?.text ?? ''
}
