/** The style sheet, under an address that changes with its text, so that browsers may keep it. */
import { sha256Hex } from '../../lib/text.ts'
import text from './style.css'

let address: Promise<string> | undefined

/** The address of the style sheet. */
export const styleAddress = (): Promise<string> => {
  address ??= sha256Hex(text).then((hash) => `/console/style-${hash.slice(0, 12)}.css`)
  return address
}

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
