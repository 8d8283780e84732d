import { describe, expect, it } from 'vitest'
import { parseBeijingDashed } from '../../../src/core/time.ts'

describe('a time in a bill', () => {
  it.each([
    ['2019-02-19 01:52:32', '2019-02-18T17:52:32Z'],
    ['2024-02-29 23:59:59', '2024-02-29T15:59:59Z'],
    ['2024-01-01 00:00:00', '2023-12-31T16:00:00Z'],
  ])('%s in Beijing is %s', (beijing, world) => {
    expect(parseBeijingDashed(beijing)).toBe(Date.parse(world) / 1_000)
  })

  it.each([
    ['a date that does not exist', '2023-02-29 00:00:00'],
    ['31 April', '2024-04-31 00:00:00'],
    ['hour 24', '2024-01-01 24:00:00'],
    ['second 60', '2024-01-01 00:00:60'],
    ['nothing', ''],
    ['a date alone', '2024-01-01'],
    ['a time without seconds', '2024-01-01 00:00'],
    ['single digits', '2024-1-1 0:00:00'],
    ['a T between', '2024-01-01T00:00:00'],
    ['two blanks between', '2024-01-01  00:00:00'],
    ['slashes', '2024/01/01 00:00:00'],
    ['the form of messages', '20240101000000'],
    ["the official page's fullwidth colons", '2014-11-10 16：33：45'],
    ['a line feed behind', '2024-01-01 00:00:00\n'],
    ['a backtick before', '`2024-01-01 00:00:00'],
    ['a fraction', '2024-01-01 00:00:00.0'],
  ])('may not be %s', (_, text) => {
    expect(parseBeijingDashed(text)).toBeUndefined()
  })
})
