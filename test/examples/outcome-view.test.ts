import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { example, installWx, result } from '../../testing/examples/fake-wx.ts'

type View = { look: string; title: string; text: string; action?: string; button?: string }
const { viewOfOutcome, viewOfAnswer } = example('./lib/outcome-view.js') as {
  viewOfOutcome: (outcome: object) => View
  viewOfAnswer: (answer: object) => View
}
const { zh, en } = example('./lib/words.js') as Record<
  'zh' | 'en',
  { refusals: Record<string, string[]> }
>

/** The codes in the README's table of what `/pay` can answer. */
const CODES = [
  .../What `\/pay` can answer[^]*?\n\n[^]*?\n\n/
    .exec(readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8'))![0]
    .matchAll(/^\| \d{3} (.*?) \|/gm),
]
  .flatMap(([, cell = '']) => [...cell.matchAll(/`([a-z_]+)`/g)].map(([, code = '']) => code))
  .filter((code) => code !== 'wechat')

afterEach(() => void Reflect.deleteProperty(globalThis, 'wx'))

describe('the result page', () => {
  it('has words for every code of /pay, in both languages', () => {
    expect(CODES.length).toBeGreaterThan(10)
    expect(Object.keys(zh.refusals).toSorted()).toEqual([...CODES, 'unexpected'].toSorted())
    expect(Object.keys(en.refusals).toSorted()).toEqual(Object.keys(zh.refusals).toSorted())
  })

  it('says what to do: pay again, order again, report, or nothing', () => {
    installWx([])
    const actions = Object.fromEntries(
      CODES.map((code) => [code, viewOfOutcome({ kind: 'refused', code }).action ?? 'nothing']),
    )
    expect(actions).toMatchObject({
      order_paid: 'nothing',
      not_your_order: 'nothing',
      login_blocked: 'nothing',
      misconfigured: 'nothing',
      order_not_found: 'order',
      order_closed: 'order',
      order_busy: 'pay',
      wechat_unavailable: 'pay',
    })
    expect(viewOfOutcome({ kind: 'refused', code: 'order_paid' }).look).toBe('good')
    expect(viewOfOutcome({ kind: 'refused', code: 'misconfigured' }).text).toContain(
      'misconfigured',
    )
    for (const kind of ['cancelled', 'failed', 'offline']) {
      expect(viewOfOutcome({ kind, message: '' }).action).toBe('pay')
    }
  })

  it("shows WeChat's words, the time to wait, and a code that it does not know", () => {
    const wx = installWx([])
    wx.language = 'en'
    const refused = { kind: 'refused', code: 'wechat_refused', words: '此商家的收款功能已被限制' }
    expect(viewOfOutcome(refused).text).toContain('此商家的收款功能已被限制')
    expect(viewOfOutcome({ kind: 'refused', code: 'order_busy', retryAfterS: 30 }).text).toContain(
      '30 seconds',
    )
    expect(viewOfOutcome({ kind: 'refused', code: 'brand_new' }).text).toContain('brand_new')
  })

  it('says paid only when the Worker says so, and never asks to pay again while it is unclear', () => {
    installWx([])
    const answer = (state: string) => {
      const { data } = result(state) as { data: object }
      return viewOfAnswer({ kind: 'answer', result: data })
    }
    expect(answer('paid').look).toBe('good')
    for (const unclear of [answer('paying'), viewOfAnswer({ kind: 'offline' })]) {
      expect(unclear).toMatchObject({ action: 'ask' })
    }
    expect(answer('closed').action).toBe('order')
    expect(viewOfAnswer({ kind: 'refused', code: 'ticket_invalid' }).action).toBe('pay')
  })
})
