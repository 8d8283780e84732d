import { describe, expect, it } from 'vitest'
import {
  formatBeijing,
  formatRfc3339,
  fromMillis,
  later,
  parseBeijing,
  parseBeijingDashed,
  timeOrNull,
  toUnixSeconds,
} from '../../src/core/time.ts'

const utc = (text: string) => toUnixSeconds(Date.parse(text) / 1_000)

const TIMES: [string, string][] = [
  ['2024-01-01T19:04:05Z', '20240102030405'],
  ['2023-12-31T16:00:00Z', '20240101000000'],
  ['2023-12-31T15:59:59Z', '20231231235959'],
  ['2024-02-28T16:00:00Z', '20240229000000'],
  ['2024-02-29T15:59:59Z', '20240229235959'],
  ['2024-02-29T16:00:00Z', '20240301000000'],
  ['2023-02-28T16:00:00Z', '20230301000000'],
  ['2000-02-29T04:00:00Z', '20000229120000'],
  ['1970-01-01T00:00:00Z', '19700101080000'],
  ['2038-01-19T03:14:08Z', '20380119111408'],
]

describe('a time of WeChat', () => {
  it.each(TIMES)('is converted both ways: %s is %s in Beijing', (world, beijing) => {
    expect(formatBeijing(utc(world))).toBe(beijing)
    expect(parseBeijing(beijing)).toBe(utc(world))
  })

  it('is read back unchanged for every hour of a leap year', () => {
    const start = utc('2023-12-31T00:00:00Z')
    for (let hour = 0; hour < 367 * 24; hour++) {
      const time = later(start, hour * 3_600 + (hour % 3_600))

      expect(parseBeijing(formatBeijing(time))).toBe(time)
    }
  })

  it.each([
    ['29 February of a common year', '20230229000000'],
    ['29 February of 1900', '19000229000000'],
    ['30 February', '20240230000000'],
    ['31 April', '20240431000000'],
    ['month 0', '20240001000000'],
    ['month 13', '20241301000000'],
    ['day 0', '20240100000000'],
    ['day 32', '20240132000000'],
    ['hour 24', '20240101240000'],
    ['minute 60', '20240101006000'],
    ['second 60', '20240101000060'],
    ['a year that Date takes for 1999', '00990101000000'],
    ['zeros', '00000000000000'],
    ['nines', '99999999999999'],
    ['nothing', ''],
    ['13 digits', '2024010200000'],
    ['15 digits', '202401020000000'],
    ['blanks around', ' 20240102000000 '],
    ['a line feed behind', '20240102000000\n'],
    ['the form of refunds', '2024-01-02 03:04:05'],
    ['RFC 3339', '2024-01-02T03:04:05Z'],
    ['fullwidth digits', '２０２４０１０２０３０４０５'],
    ['a number of seconds', '1704135845'],
    ['letters', 'yyyyMMddHHmmss'],
  ])('may not be %s', (_, text) => {
    expect(parseBeijing(text)).toBeUndefined()
  })
})

describe('our time', () => {
  it('is in whole seconds', () => {
    expect(fromMillis(1_704_135_845_999)).toBe(1_704_135_845)
    expect(toUnixSeconds(1_704_135_845.9)).toBe(1_704_135_845)
    expect(later(toUnixSeconds(1_704_135_845), 60)).toBe(1_704_135_905)
  })

  it('is written in UTC, to the second', () => {
    expect(formatRfc3339(utc('2026-11-23T06:30:00Z'))).toBe('2026-11-23T06:30:00Z')
    expect(formatRfc3339(toUnixSeconds(0))).toBe('1970-01-01T00:00:00Z')
  })
})

describe('a time in JSON', () => {
  it('is null while it is not set', () => {
    expect(timeOrNull(undefined)).toBeNull()
    expect(timeOrNull(utc('2026-11-23T06:30:00Z'))).toBe('2026-11-23T06:30:00Z')
  })
})

describe('a time in a bill', () => {
  it('is read in its one form', () => {
    expect(parseBeijingDashed('2024-01-02 03:04:05')).toBe(utc('2024-01-01T19:04:05Z'))
  })

  it.each([
    '20240102030405',
    '2024-01-02T03:04:05',
    '2024-01-02 03:04',
    ' 2024-01-02 03:04:05',
    '2024-01-02 03:04:05 ',
    '2024-02-30 03:04:05',
    '',
  ])('is not read from %j', (text) => {
    expect(parseBeijingDashed(text)).toBeUndefined()
  })
})
