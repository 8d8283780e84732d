import type { ControllableClock } from '../lib/clock.ts'
import type { Deliver } from '../notices/notice.ts'
import type { WeChatSimulator } from '../wechat.ts'
import type { JsonObject } from './json.ts'

/** What the control interface controls. */
export type ControlTarget = {
  simulator: WeChatSimulator
  clock: ControllableClock
  deliver: Deliver
}

/** One thing that can be asked, and a line that says how. */
export type Call = {
  about: string
  run: (body: JsonObject, target: ControlTarget) => unknown
}
