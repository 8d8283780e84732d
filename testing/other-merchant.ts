/** Another merchant number, and another mini program, to which the Worker of a story is changed. */
import { WeChatSimulator } from '../simulator/wechat.ts'
import { MERCHANT, world, type World } from './world.ts'

/** The other merchant. It has the same mini program. */
export const OTHER = {
  ...MERCHANT,
  mchId: '1900000109',
  apiKey: 'qazwsxedcrfvtgbyhnujmikolp111111',
}

/**
 * Changes `WX_MCH_ID` and `WX_API_KEY`. WeChat does not know any of the former orders and refunds under the other number.
 *
 * @returns WeChat as the other merchant sees it.
 */
export function changeMerchant(w: World): WeChatSimulator {
  const wechat = new WeChatSimulator({ merchant: OTHER, clock: { now: w.now } })
  w.redeploy({ WX_MCH_ID: OTHER.mchId, WX_API_KEY: OTHER.apiKey }, wechat)
  return wechat
}

/** Sets the former number and key back. */
export const changeBack = (w: World): void => w.redeploy({})

/** Counts the Worker's calls to WeChat Pay from now on. Logins do not count. */
export function countPayCalls(w: World): () => number {
  const payCalls = (): number => w.calls.filter((call) => !call.includes('jscode2session')).length
  const before = payCalls()
  return () => payCalls() - before
}

/** The appid to which the Worker is changed: another mini program of the same merchant. */
export const NEXT_APPID = 'wx2421b1c4370ec43b'

/** Creates a world whose merchant has two mini programs. */
export function twoMiniPrograms(): World {
  const w = world()
  w.wechat.platform.bindMiniProgram(NEXT_APPID, MERCHANT.appSecret)
  return w
}

/** Changes `WX_APPID` to the other mini program. */
export const changeAppid = (w: World): void => w.redeploy({ WX_APPID: NEXT_APPID })
