/** The style sheet, under an address that changes with its text, so that browsers may keep it. */
import { sha256Hex } from '../../lib/text.ts'
import text from './style.css'

let address: Promise<string> | undefined

/** The address of the style sheet. */
export const styleAddress = (): Promise<string> => {
  address ??= sha256Hex(text).then((hash) => `/console/style-${hash.slice(0, 12)}.css`)
  return address
}

const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#07753d"/><path d="m9 8 7 9 7-9M16 17v8M10 18h12M10 22h12" fill="none" stroke="#fff" stroke-width="2.6" stroke-linecap="round"/></svg>'

/** The icon of the browser's tab. */
export const iconResponse = (): Response =>
  new Response(ICON, {
    headers: { 'content-type': 'image/svg+xml', 'cache-control': 'public, max-age=86400' },
  })

/** The style sheet. @returns undefined for an address of another version. */
export async function styleResponse(path: string): Promise<Response | undefined> {
  if (path !== (await styleAddress())) return undefined
  return new Response(text, {
    headers: {
      'content-type': 'text/css; charset=utf-8',
      'cache-control': 'public, max-age=31536000, immutable',
      'x-content-type-options': 'nosniff',
    },
  })
}
