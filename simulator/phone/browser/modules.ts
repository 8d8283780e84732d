/** A file of the mini program, as a function of what it may use. */
export type Module = (
  require: (path: string) => unknown,
  module: { exports: unknown },
  exports: unknown,
  wx: unknown,
  App: unknown,
  Page: unknown,
  getApp: unknown,
) => void

/** `require` of a mini program: modules by relative path, each evaluated once for every page. */
export function requireFrom(
  modules: Readonly<Record<string, Module>>,
  globals: { wx: unknown; App: unknown; Page: unknown; getApp: unknown },
): (path: string) => unknown {
  const loaded = new Map<string, { exports: unknown }>()

  function load(path: string): unknown {
    const known = loaded.get(path)
    if (known !== undefined) return known.exports
    const run = modules[path]
    if (run === undefined) throw new Error(`module ${path} is not in the mini program`)
    const module = { exports: {} as unknown }
    loaded.set(path, module)
    const { wx, App, Page, getApp } = globals
    const near = (target: string): unknown => load(resolve(path, target))
    run(near, module, module.exports, wx, App, Page, getApp)
    return module.exports
  }
  return load
}

/** `lib/a.js` seen from `pages/x/x.js` as `../../lib/a.js`. */
function resolve(from: string, target: string): string {
  const parts = from.split('/').slice(0, -1)
  for (const part of target.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '.') parts.push(part)
  }
  const path = parts.join('/')
  return path.endsWith('.js') ? path : `${path}.js`
}
