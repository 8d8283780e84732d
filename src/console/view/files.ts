/** The style sheet, the script and the icon. The first two have addresses that change with their text, so that browsers may keep them. */
import { sha256Hex } from '../../lib/text.ts'
import client from './page.client.js'
import css from './style.css'

/** The addresses of the style sheet and of the script. */
export type Files = Readonly<{ style: string; script: string }>

let addresses: Promise<Files> | undefined

const hashOf = async (text: string): Promise<string> => (await sha256Hex(text)).slice(0, 12)

/** The addresses of the files of this version. */
export const files = (): Promise<Files> => {
  addresses ??= Promise.all([hashOf(css), hashOf(client)]).then(([style, script]) => ({
    style: `/console/style-${style}.css`,
    script: `/console/script-${script}.js`,
  }))
  return addresses
}

const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#07753d"/><path d="m9 8 7 9 7-9M16 17v8M10 18h12M10 22h12" fill="none" stroke="#fff" stroke-width="2.6" stroke-linecap="round"/></svg>'

/** The icon of the browser's tab. */
export const iconResponse = (): Response =>
  new Response(ICON, {
    headers: { 'content-type': 'image/svg+xml', 'cache-control': 'public, max-age=86400' },
  })

/** The style sheet or the script. @returns undefined for an address of another version. */
export async function fileResponse(path: string): Promise<Response | undefined> {
  const { style, script } = await files()
  if (path === style) return kept(css, 'text/css')
  return path === script ? kept(client, 'text/javascript') : undefined
}

const kept = (text: string, type: string): Response =>
  new Response(text, {
    headers: {
      'content-type': `${type}; charset=utf-8`,
      'cache-control': 'public, max-age=31536000, immutable',
      'x-content-type-options': 'nosniff',
    },
  })
