/** What an invocation uses, and what it learns of its limits. */
import { isOverLimit } from './lib/over-limit.ts'
import type { Fetch } from './wechat/transport.ts'

/** The calls and statements of one invocation so far, and whether the platform or WeChat has refused it. */
export class Usage {
  calls = 0
  statements = 0
  /** Whether the platform refused a call or a statement, because the invocation has made too many. */
  isRefused = false
  /** Whether WeChat accepted our key; undefined when WeChat answered nothing. */
  key: 'accepted' | 'refused' | undefined

  /** Notes what an answer says about our key. One that was accepted is enough: WeChat never accepts a wrong key. */
  noteKey(key: 'accepted' | 'refused'): void {
    if (this.key !== 'accepted') this.key = key
  }

  /** Wraps a fetch, so that its calls are counted. */
  counted(send: Fetch): Fetch {
    return async (request) => {
      this.calls++
      try {
        return await send(request)
      } catch (error) {
        if (isOverLimit(error)) this.isRefused = true
        throw error
      }
    }
  }
}
