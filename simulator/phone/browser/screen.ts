/** Runs the example mini program inside the phone, on WeChat's own component framework. */
import * as glassEasel from 'glass-easel'
import { MiniProgramEnv } from 'glass-easel-miniprogram-adapter'
import { type Module, requireFrom } from './modules.ts'
import { makeWx } from './wx.ts'

type CompiledMiniProgram = {
  app: { pages: string[]; window?: { navigationBarTitleText?: string } }
  templates: Record<string, never>
  modules: Record<string, Module>
}
declare const miniProgram: CompiledMiniProgram

type PageInstance = {
  onLoad?: (query: Record<string, string>) => void
  onShow?: () => void
  onUnload?: () => void
}
type OpenPage = { path: string; root: ReturnType<typeof openRoot>; element: HTMLElement }

const app = document.querySelector('#app')!
const stack: OpenPage[] = []

const env = new MiniProgramEnv()
const backend = new glassEasel.CurrentWindowBackendContext()
// The framework makes `tap` of touches and mouse clicks, and asks here to whom the event goes.
backend.onEvent((target, type, detail, options) => {
  if (target instanceof HTMLElement) return undefined
  const event = new glassEasel.Event(type, detail, options)
  target.dispatchEvent(event)
  // The enum itself exists only at compile time: 1 is NoDefault, 0 is Normal.
  return event.defaultPrevented() ? 1 : 0
})
const ab = env.associateBackend(backend)
const space = env.createCodeSpace('', true)

const wx = makeWx({
  language: document.body.dataset['lang'] === 'zh' ? 'zh_CN' : 'en',
  open: (url) => openPage(url),
  replace: (url) => {
    closePage()
    openPage(url)
  },
  relaunch: (url) => {
    while (stack.length > 0) closePage()
    openPage(url)
  },
  back: () => {
    if (stack.length > 1) closePage()
    showTop()
  },
})

for (const path of miniProgram.app.pages) {
  const template = miniProgram.templates[path]
  if (template === undefined) throw new Error(`${path}.wxml is missing`)
  space.addComponentStaticConfig(path, { usingComponents: {} })
  space.addCompiledTemplate(path, { content: template })
  space.componentEnv(path, ({ Page }) => {
    requireFrom(miniProgram.modules, { wx, Page, App: () => {}, getApp: () => ({}) })(`${path}.js`)
  })
}

function openRoot(path: string, element: HTMLElement) {
  const root = ab.createRoot('view', space, path)
  const placeholder = document.createElement('span')
  element.append(placeholder)
  root.attach(element as never, placeholder as never)
  return root
}

function openPage(url: string): void {
  const [path = '', search = ''] = url.replace(/^\//, '').split(/\?(.*)/s)
  // WeChat does not decode the values of a page's query: the page does.
  const query = Object.fromEntries(
    search.split('&').map((pair) => {
      const [name = '', value = ''] = pair.split(/=(.*)/s)
      return [name, value]
    }),
  )
  const element = document.createElement('div')
  element.className = 'page-root'
  app.append(element)
  const opened: OpenPage = { path, element, root: openRoot(path, element) }
  stack.push(opened)
  showTop()
  instanceOf(opened.root.get()).onLoad?.(query)
}

function closePage(): void {
  const closed = stack.pop()
  if (closed === undefined) return
  instanceOf(closed.root.get()).onUnload?.()
  closed.root.release()
  closed.element.remove()
}

const instanceOf = (component: unknown): PageInstance => component as PageInstance

/** Shows the page on top, with its own stylesheet and the app's. */
function showTop(): void {
  const top = stack.at(-1)
  for (const { element } of stack) element.hidden = element !== top?.element
  for (const sheet of document.querySelectorAll<HTMLLinkElement>('link[data-page]')) {
    sheet.disabled = sheet.dataset['page'] !== top?.path
  }
  const title = miniProgram.app.window?.navigationBarTitleText ?? ''
  window.parent.postMessage({ title }, window.location.origin)
}

// A tap needs a touch or a mouse. Enter and the space bar make a click without either: it becomes a tap here.
document.addEventListener('click', (event) => {
  if (event.detail !== 0 || !(event.target instanceof HTMLElement)) return
  const { left, top } = event.target.getBoundingClientRect()
  const at = { bubbles: true, clientX: left + 1, clientY: top + 1 }
  event.target.dispatchEvent(new MouseEvent('mousedown', at))
  event.target.dispatchEvent(new MouseEvent('mouseup', at))
})

openPage(miniProgram.app.pages[0] ?? '')
