import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'

/** The example mini program, compiled for a browser. It is read anew for every load of the page, so that edits show at once. */
export type MiniProgram = {
  /** One script that defines `globalThis.miniProgram`: the modules, the templates, and what app.json says. */
  script: string
  /** The stylesheet of a path such as `app` or `pages/order/order`. */
  stylesheets: ReadonlyMap<string, string>
  pages: readonly string[]
}

const FOLDER = join(import.meta.dirname, '../../examples/miniprogram')
const MODULE_PARAMETERS = 'require, module, exports, wx, App, Page, getApp'

/** @param config replaces the mini program's own config.js: the addresses of this machine. */
export async function compileMiniProgram(config: object): Promise<MiniProgram> {
  const { TmplGroup } = await import('glass-easel-template-compiler')
  const files = readFiles()
  const modules = [...files]
    .filter(([path]) => path.endsWith('.js') && path !== 'config.js')
    .map(([path, text]) => `${JSON.stringify(path)}(${MODULE_PARAMETERS}) {\n${text}\n}`)
  const own = `"config.js"(require, module) { module.exports = ${JSON.stringify(config)} }`

  const group = new TmplGroup()
  const stylesheets = new Map<string, string>()
  for (const [path, text] of files) {
    if (path.endsWith('.wxml')) group.addTmpl(path.slice(0, -'.wxml'.length), text)
    if (path.endsWith('.wxss')) stylesheets.set(path.slice(0, -'.wxss'.length), toCss(text))
  }
  const templates = group.getTmplGenObjectGroups()
  group.free()
  const app = files.get('app.json') ?? '{}'
  const { pages } = JSON.parse(app) as { pages: string[] }
  const script = `globalThis.miniProgram = {
  app: ${app},
  templates: ${templates},
  modules: { ${[own, ...modules].join(',\n')} },
}
`
  return { script, stylesheets, pages }
}

function readFiles(): ReadonlyMap<string, string> {
  const names = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
  return new Map(
    names
      .filter((name) => /\.(js|json|wxml|wxss)$/.test(name))
      .map((name) => [
        relative(FOLDER, join(FOLDER, name)).replaceAll(sep, '/'),
        readFileSync(join(FOLDER, name), 'utf8'),
      ]),
  )
}

/** WXSS as CSS: `page` is the document's body, and 750rpx are the width of the screen. */
function toCss(wxss: string): string {
  return wxss
    .replace(/(^|[\s,}])page(?=[\s,{])/g, '$1body')
    .replace(/([\d.]+)rpx\b/g, (_, width: string) => `${(Number(width) / 7.5).toFixed(4)}vw`)
}
