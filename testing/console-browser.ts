/** A browser for tests of the console: it keeps cookies, sends the headers of a browser, and fills in forms. */
import { TOKEN, type World } from './world.ts'

const ORIGIN = 'https://pay.test'

/** Opens a browser in a world. */
export function consoleBrowser(w: World, language: 'en' | 'zh' = 'en') {
  const cookies = new Map<string, string>([['wxpay_lang', language]])

  async function send(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers)
    if (!headers.has('cookie')) {
      headers.set('cookie', [...cookies].map(([name, value]) => `${name}=${value}`).join('; '))
    }
    headers.set('accept', 'text/html')
    const response = await w.fetch(path, { ...init, headers })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (/Max-Age=0/.test(line)) cookies.delete(name)
      else cookies.set(name, value)
    }
    return response
  }

  const post = (path: string, fields: Readonly<Record<string, string>>, headers = {}) =>
    send(path, {
      method: 'POST',
      body: new URLSearchParams(fields).toString(),
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        origin: ORIGIN,
        'sec-fetch-site': 'same-origin',
        ...headers,
      },
    })

  /** Reads a page. @returns its text; fails unless it is answered with `status`. */
  async function page(path: string, status = 200): Promise<string> {
    const response = await send(path)
    const text = await response.text()
    if (response.status !== status) throw new Error(`${path}: ${response.status} ${text}`)
    return text
  }

  const csrf = async (): Promise<string> =>
    /name="csrf" value="([0-9a-f]{64})"/.exec(await page('/console'))?.[1] ?? ''

  return {
    cookies,
    send,
    page,
    csrf,
    post,
    signIn: (token = TOKEN, name = 'mei', to = '') =>
      post('/console/sign-in', { token, name, ...(to === '' ? {} : { to }) }),
    /** Sends a form of this session, and follows where it leads. @returns the page that is shown in the end. */
    async submit(path: string, fields: Readonly<Record<string, string>> = {}) {
      const response = await post(path, { csrf: await csrf(), ...fields })
      const location = response.headers.get('location')
      return response.status === 303 && location !== null
        ? { status: 303, location, text: await page(location) }
        : { status: response.status, location, text: await response.text() }
    },
  }
}
