import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { type Module, requireFrom } from '../../../simulator/phone/browser/modules.ts'
import { compileMiniProgram } from '../../../simulator/phone/mini-program.ts'

const CONFIG = { WORKER: 'http://127.0.0.1:1', SHOP: 'http://127.0.0.1:2' }

describe('the example mini program in a browser', () => {
  it('is its own files, with the addresses of this machine', async () => {
    const { script, pages } = await compileMiniProgram(CONFIG)
    const found = {} as { miniProgram?: { modules: Record<string, Module>; templates: object } }
    runInNewContext(script, found)
    const { modules = {}, templates = {} } = found.miniProgram ?? {}

    expect(Object.keys(templates)).toEqual(expect.arrayContaining([...pages]))
    const load = requireFrom(modules, { wx: {}, App: {}, Page: {}, getApp: {} })
    expect(load('config.js')).toEqual(CONFIG)
    expect(load('lib/payment.js')).toMatchObject({ pay: expect.any(Function) })
    expect(load('lib/payment.js')).toBe(load('lib/payment.js'))
    expect(() => load('lib/gone.js')).toThrow('lib/gone.js')
  })

  it('has stylesheets in units of the screen', async () => {
    const { stylesheets } = await compileMiniProgram(CONFIG)
    const css = stylesheets.get('app') ?? ''
    expect(css).toMatch(/^body \{/)
    expect(css).toContain('font-size: 4.2667vw')
    expect(css).not.toContain('rpx')
  })
})
