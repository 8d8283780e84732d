/** The `wx` of the virtual phone: what the example calls, answering as the real client does. */
import type { Client } from './client.ts'

type Navigation = Record<'open' | 'replace' | 'relaunch', (url: string) => void> & {
  back: () => void
}
type Callbacks = {
  success?: (result: object) => void
  fail?: (error: { errMsg: string }) => void
  complete?: (result: object) => void
}
type RequestOptions = Callbacks & { url: string; method?: string; data?: object }

/** The WeChat client around the screen. It lives in the parent window: a mini program cannot reach into it. */
const client = (): Client => (window.parent as unknown as { wechatClient: Client }).wechatClient

export function makeWx({ language, ...navigation }: Navigation & { language: string }) {
  return {
    getAppBaseInfo: () => ({ language }),
    login: (callbacks: Callbacks = {}) => settle(client().login(), callbacks),
    requestPayment: (options: Callbacks & Record<string, unknown>) => {
      const { success, fail, complete, ...params } = options
      return settle(client().requestPayment(params), { success, fail, complete } as Callbacks)
    },
    request: ({ url, method = 'GET', data = {}, ...callbacks }: RequestOptions) => {
      void settle(client().request({ url, method, data }), {
        fail: () => {},
        ...callbacks,
      })
      return { abort: () => {} }
    },
    navigateTo: ({ url }: { url: string }) => navigation.open(url),
    redirectTo: ({ url }: { url: string }) => navigation.replace(url),
    reLaunch: ({ url }: { url: string }) => navigation.relaunch(url),
    navigateBack: () => navigation.back(),
  }
}

/** Calls the callbacks that were given; without any, the promise is the answer. */
async function settle<T extends object>(
  answer: Promise<T>,
  { success, fail, complete }: Callbacks,
): Promise<T | undefined> {
  try {
    const result = await answer
    success?.(result)
    complete?.(result)
    return result
  } catch (error) {
    const failed = error as { errMsg: string }
    complete?.(failed)
    if (fail === undefined) throw error
    fail(failed)
    return undefined
  }
}
