/** The switches under "Make it go wrong". Each happens once; what was used says so until it is set again. */
import type { Words } from '../words.ts'
import { query } from './dom.ts'
import { control, post } from './server.ts'

type Name = keyof Words['switches']

export type Switches = {
  isOn: (name: Name) => boolean
  /** Whether a switch is on; if so, it counts as used from now on. */
  take: (name: Name) => boolean
  /** Hands what is switched on to the simulator, just before `/pay` or before the money is taken. */
  arm: (moment: 'pay' | 'cashier', outTradeNo?: string) => Promise<void>
  /** Switches on exactly these. */
  set: (names: readonly Name[]) => void
}

const FAULTS = ['reply_lost', 'http_502', 'system_error', 'wrong_sign'] as const
/** The key of a forger, who does not know the merchant's. */
const FORGED_KEY = 'aKeyThatTheForgerMadeUp000000000'
const LATE_S = 120

export function makeSwitches(): Switches {
  const form = query<HTMLFormElement>('#faults')
  const box = (name: Name): HTMLInputElement => query(`#faults input[name=${name}]`)
  const markUsed = (input: HTMLInputElement, used: boolean): void => {
    const mark = input.parentElement?.querySelector<HTMLElement>('.used')
    if (mark) mark.hidden = !used
    input.dataset['used'] = used ? 'yes' : ''
  }
  form.addEventListener('change', ({ target }) => {
    if (!(target instanceof HTMLInputElement)) return
    markUsed(target, false)
    if (target.name === 'shop_down') void refuseWebhooks(target.checked)
  })

  const isOn = (name: Name): boolean => box(name).checked && box(name).dataset['used'] !== 'yes'
  const take = (name: Name): boolean => {
    const on = isOn(name)
    if (on) markUsed(box(name), true)
    return on
  }

  return {
    isOn,
    take,
    arm: async (moment, outTradeNo = '') => {
      if (moment === 'pay') {
        for (const kind of FAULTS) {
          if (take(kind)) await control('fault', { endpoint: 'unifiedorder', kind })
        }
        return
      }
      const order = { out_trade_no: outTradeNo }
      if (take('forge')) await control('resend-notice', { ...order, key: FORGED_KEY })
      if (take('lose')) await control('lose-next-notice', order)
      if (take('copies')) await control('duplicate-next-notice', { copies: 3 })
      if (take('late')) await control('delay-next-notice', { seconds: LATE_S })
    },
    set: (names) => {
      for (const input of form.querySelectorAll<HTMLInputElement>('input[type=checkbox]')) {
        input.checked = names.some((name) => name === input.name)
        markUsed(input, false)
      }
    },
  }
}

const refuseWebhooks = (refuses: boolean): Promise<unknown> =>
  post('/_phone/shop', { refuses_webhooks: refuses })
