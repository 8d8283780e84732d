/** The responses of the console, with the headers that keep strangers out of a page. */
import type { Markup } from '../view/markup.ts'

const HEADERS: Readonly<Record<string, string>> = {
  // Nothing on a page is inline, and nothing is loaded from elsewhere. The script asks for its own page again.
  'content-security-policy':
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  // `no-referrer` would make browsers send `Origin: null` with our own forms.
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'x-robots-tag': 'noindex',
}

/** A page. */
export const htmlResponse = (
  page: Markup,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Response =>
  new Response(`<!doctype html>\n${page.toString()}`, {
    status,
    headers: { 'content-type': 'text/html; charset=utf-8', ...HEADERS, ...headers },
  })

/** Sends the browser to another page of ours. @param address Begins with one `/`. */
export const redirect = (address: string, cookie?: string): Response =>
  new Response(null, {
    status: 303,
    headers: {
      location: address,
      'cache-control': 'no-store',
      ...(cookie === undefined ? {} : { 'set-cookie': cookie }),
    },
  })

/**
 * Reads an address to go to after the sign-in.
 *
 * @returns a path below `/console`, never an address of another site.
 */
export function ownAddress(to: string | null): string {
  const base = 'https://own.invalid'
  if (to === null || !to.startsWith('/') || !URL.canParse(to, base)) return '/console'
  const { origin, pathname, search } = new URL(to, base)
  return origin === base && /^\/console(\/|$)/.test(pathname) ? `${pathname}${search}` : '/console'
}
