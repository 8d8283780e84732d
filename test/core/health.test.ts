import { describe, expect, it } from 'vitest'
import { type HealthFacts, judgeHealth, overall } from '../../src/core/health.ts'
import { at } from '../../testing/samples/order-samples.ts'

const MINUTE = 60
const NOW = at(100_000)
const ago = (seconds: number) => at(100_000 - seconds)
const NOTHING = {
  payments: undefined,
  money: undefined,
  closing: undefined,
  news: undefined,
  bills: undefined,
}
const WELL: HealthFacts = {
  lastCronAt: ago(70),
  reducedUntil: undefined,
  key: 'accepted',
  oldestDue: NOTHING,
  hasWaitingRefunds: false,
  oldestMoneyReviewAt: undefined,
  hasGivenUpWebhooks: false,
  bytes: 1_000_000,
  bytesMax: 10_000_000_000,
}

/** What is found, as one line for each component, and the status of the whole. */
function judged(changes: Partial<HealthFacts>): string {
  const found = judgeHealth({ ...WELL, ...changes }, NOW)
  return [overall(found), ...found.map(({ name, reason }) => `${name}:${reason}`)].join(' ')
}

describe('an installation', () => {
  it('is ok when nothing is wrong, also before WeChat has ever answered', () => {
    expect(judged({})).toBe('ok')
    expect(judged({ key: undefined })).toBe('ok')
  })

  it.each([
    ['without any run of the cron', { lastCronAt: undefined }, 'down cron:cron_silent'],
    ['whose cron is silent', { lastCronAt: ago(5 * MINUTE + 1) }, 'down cron:cron_silent'],
    ['whose cron was silent until now', { lastCronAt: ago(5 * MINUTE) }, 'ok'],
    ['whose key WeChat refuses', { key: 'refused' }, 'down wechat:key_refused'],
    ['on a smaller plan', { reducedUntil: at(100_001) }, 'degraded cron:plan_exceeded'],
    ['that was on a smaller plan', { reducedUntil: NOW }, 'ok'],
    ['with waiting refunds', { hasWaitingRefunds: true }, 'degraded refunds:refunds_wait'],
    ['with a new review about money', { oldestMoneyReviewAt: ago(60 * MINUTE) }, 'ok'],
    [
      'with an old review about money',
      { oldestMoneyReviewAt: ago(60 * MINUTE + 1) },
      'degraded reviews:reviews_wait',
    ],
    ['with given up webhooks', { hasGivenUpWebhooks: true }, 'degraded webhooks:webhooks_given_up'],
    ['that is filling up', { bytes: 8_000_000_000 }, 'degraded database:nearly_full'],
    ['that is not filling up yet', { bytes: 7_999_999_999 }, 'ok'],
    ['that is full', { bytes: 9_500_000_000 }, 'degraded database:full'],
  ] as const)('%s', (_, changes, expected) => {
    expect(judged(changes)).toBe(expected)
  })

  it.each([
    ['payments', 3],
    ['money', 3],
    ['closing', 10],
    ['news', 10],
    ['bills', 10],
  ] as const)('has a backlog of %s after %i minutes', (name, minutes) => {
    const oldest = (seconds: number) => ({ oldestDue: { ...NOTHING, [name]: ago(seconds) } })

    expect(judged(oldest(minutes * MINUTE))).toBe('ok')
    expect(judged(oldest(minutes * MINUTE + 1))).toBe(`degraded ${name}:backlog`)
  })

  it('is down when one component is, whatever else is degraded', () => {
    expect(judged({ key: 'refused', hasWaitingRefunds: true })).toBe(
      'down wechat:key_refused refunds:refunds_wait',
    )
  })
})
