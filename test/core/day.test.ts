import { describe, expect, it } from 'vitest'
import { addDays, compactDay, dayOf, parseDay, startOf } from '../../src/core/day.ts'
import { toUnixSeconds, type UnixSeconds } from '../../src/core/time.ts'
import { seeded } from '../../testing/wire/seeded.ts'

/** Reads a Beijing time such as `2026-11-23 10:10:00`. */
const beijing = (text: string): UnixSeconds =>
  toUnixSeconds(Date.parse(`${text.replace(' ', 'T')}+08:00`) / 1_000)
const day = (text: string) => {
  const parsed = parseDay(text)
  if (parsed === undefined) throw new Error(`not a day: ${text}`)
  return parsed
}

/** The calendar of the platform, to compare ours with. */
const CALENDAR = new Intl.DateTimeFormat('en-CA', {
  timeZone: 'Asia/Shanghai',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
})
const YEAR_S = 365 * 86_400
/** The first year after the last summer time in China. */
const FROM_S = Date.UTC(1992, 0, 1) / 1_000

describe('a day in Beijing', () => {
  it('begins at midnight in Beijing, which is 16:00 UTC of the day before', () => {
    expect(dayOf(beijing('2026-11-22 00:00:00'))).toBe('2026-11-22')
    expect(dayOf(toUnixSeconds(Date.UTC(2026, 10, 21, 15, 59, 59) / 1_000))).toBe('2026-11-21')
    expect(startOf(day('2026-11-22'))).toBe(Date.UTC(2026, 10, 21, 16) / 1_000)
  })

  it('agrees with the calendar of the platform', () => {
    const chance = seeded(1992)
    for (let n = 0; n < 1_000; n++) {
      const at = toUnixSeconds(FROM_S + chance.below(60 * YEAR_S))

      expect(dayOf(at), `at ${at}`).toBe(CALENDAR.format(at * 1_000))
    }
  })

  it('has 86 400 seconds, from its start to the start of the next day', () => {
    const chance = seeded(86_400)
    for (let n = 0; n < 500; n++) {
      const one = dayOf(toUnixSeconds(FROM_S + chance.below(60 * YEAR_S)))
      const next = addDays(one, 1)

      expect(startOf(next) - startOf(one), one).toBe(86_400)
      expect(dayOf(startOf(one)), one).toBe(one)
      expect(dayOf(toUnixSeconds(startOf(next) - 1)), one).toBe(one)
      expect(one < next, one).toBe(true)
    }
  })

  it('is written without dashes for WeChat', () => {
    expect(compactDay(day('2026-11-22'))).toBe('20261122')
  })
})

describe('adding days', () => {
  it('crosses months, years and leap days', () => {
    expect(addDays(day('2026-12-31'), 1)).toBe('2027-01-01')
    expect(addDays(day('2024-02-28'), 1)).toBe('2024-02-29')
    expect(addDays(day('2023-02-28'), 1)).toBe('2023-03-01')
    expect(addDays(day('2024-03-01'), -1)).toBe('2024-02-29')
    expect(addDays(day('2026-05-31'), -89)).toBe('2026-03-03')
    expect(addDays(day('2026-05-31'), 0)).toBe('2026-05-31')
  })

  it('gives days that sort as text in the order of time', () => {
    const chance = seeded(7)
    for (let n = 0; n < 500; n++) {
      const one = dayOf(toUnixSeconds(FROM_S + chance.below(60 * YEAR_S)))
      const days = chance.below(800) - 400

      expect(addDays(one, days) < one, `${one} ${days}`).toBe(days < 0)
    }
  })
})

describe('parsing a day', () => {
  it.each(['2026-11-22', '2024-02-29', '2000-02-29', '2026-01-01', '2026-12-31'])(
    'accepts %s',
    (text) => {
      expect(parseDay(text)).toBe(text)
    },
  )

  it.each([
    '2026-02-29',
    '1900-02-29',
    '2026-13-01',
    '2026-00-10',
    '2026-04-31',
    '2026-11-00',
    '20261122',
    '2026-11-2',
    '26-11-22',
    '2026/11/22',
    ' 2026-11-22',
    '2026-11-22\n',
    '2026-11-22T00:00:00Z',
    '+2026-11-22',
    '２０２６-11-22',
    '',
  ])('refuses %j', (text) => {
    expect(parseDay(text)).toBeUndefined()
  })
})
