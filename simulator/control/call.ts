import type { ControllableClock } from '../lib/clock.ts'
import type { Deliver } from '../notices/notice.ts'
import type { WeChatSimulator } from '../wechat.ts'
import type { JsonObject } from './json.ts'

/** The running simulator on which the calls of the control interface act. */
export type ControlTarget = {
  simulator: WeChatSimulator
  clock: ControllableClock
  deliver: Deliver
}

/** One call of the control interface. `about` describes the call in the index, which `GET /_control/` prints. */
export type Call = {
  about: string
  run: (body: JsonObject, target: ControlTarget) => unknown
}
