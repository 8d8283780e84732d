import type { ControllableClock } from '../lib/clock.ts'
import type { Deliver } from '../notices/notice.ts'
import type { WeChatSimulator } from '../wechat.ts'
import type { JsonObject } from './json.ts'

/** What the calls of the control interface act on. */
export type ControlTarget = {
  simulator: WeChatSimulator
  clock: ControllableClock
  deliver: Deliver
}

/** One call of the control interface; `about` is its line in the index. */
export type Call = {
  about: string
  run: (body: JsonObject, target: ControlTarget) => unknown
}
