import { describe, expect, it } from 'vitest'
import { Markup, markup } from '../../src/console/view/markup.ts'
import { capped, count, money, parseYuan, yuan } from '../../src/console/view/format.ts'
import { gridLines } from '../../src/console/view/chart.ts'

describe('a template', () => {
  it('escapes text, and the value of an attribute', () => {
    const hostile = `<script>"'&`
    expect(markup`<p title="${hostile}">${hostile}</p>`.toString()).toBe(
      '<p title="&lt;script&gt;&quot;&#39;&amp;">&lt;script&gt;&quot;&#39;&amp;</p>',
    )
  })

  it('takes markup, lists of it and nothing as they are', () => {
    const items = ['<a>', '<b>'].map((text) => markup`<li>${text}</li>`)
    expect(markup`<ul>${items}${undefined}${false}${0}</ul>`.toString()).toBe(
      '<ul><li>&lt;a&gt;</li><li>&lt;b&gt;</li>0</ul>',
    )
  })

  it('is the only maker of markup', () => {
    expect(() => new Markup('<script>', Symbol('markup'))).toThrow('only markup makes Markup')
  })
})

describe('yuan', () => {
  it.each([
    [0, '0.00'],
    [1, '0.01'],
    [8_800, '88.00'],
    [1_184_260, '11,842.60'],
    [100_000_000_000, '1,000,000,000.00'],
    [-2_900, '−29.00'],
  ])('of %i fen are shown as %s', (fen, text) => {
    expect(yuan(fen)).toBe(text)
  })

  it.each([
    ['9', 900],
    ['9.0', 900],
    ['9.05', 905],
    ['0.01', 1],
    [' 88.00 ', 8_800],
    ['10000000', 1_000_000_000],
  ])('typed as %j are %i fen', (text, fen) => {
    expect(parseYuan(text)).toBe(fen)
  })

  it.each(['', '9.', '.5', '9.001', '1e2', '１００', '-1', '+1', '0x10', '1,000', '09', '9 9'])(
    'typed as %j are nothing',
    (text) => {
      expect(parseYuan(text)).toBeUndefined()
    },
  )

  it('survive being shown and typed again', () => {
    for (let fen = 1; fen < 100_000_000; fen = fen * 3 + 7) {
      expect(parseYuan(yuan(fen).replaceAll(',', ''))).toBe(fen)
    }
  })
})

it('a count that has stopped says so', () => {
  expect([capped(50), capped(51), count(1_234_567), money(1)]).toEqual([
    '50',
    '50+',
    '1,234,567',
    '¥0.01',
  ])
})

it('the chart has at most three lines, at round amounts', () => {
  for (let fen = 100; fen < 10_000_000_000; fen = Math.ceil(fen * 1.37)) {
    const lines = gridLines(fen)
    expect(lines.length, `${fen}`).toBeGreaterThanOrEqual(1)
    expect(lines.length, `${fen}`).toBeLessThanOrEqual(3)
    expect(lines.every((line) => /^[1-9]0*$|^15?0*$/.test(String(line)))).toBe(true)
  }
})
