import { describe, expect, it } from 'vitest'
import {
  type AlertState,
  newsOf,
  NOTHING_TOLD,
  notTold,
  see,
  type Sight,
  told,
} from '../../src/core/alert.ts'
import { later } from '../../src/core/time.ts'
import { at } from '../../testing/samples/order-samples.ts'

const T0 = at(1_000)
const MINUTE = 60
const backlog = { name: 'payments', status: 'degraded', reason: 'backlog' } as const
const refused = { name: 'wechat', status: 'down', reason: 'key_refused' } as const
const review = { id: 'second_payment.1', kind: 'second_payment', ordercode: 'o-1' } as const
const sight = (changes: Partial<Sight> = {}): Sight => ({
  untold: [],
  hasOpenReviews: false,
  components: [],
  ...changes,
})

/** Plays minute by minute what is seen, and sends every message. @returns what the messages said. */
function play(sights: readonly Sight[], from: AlertState = NOTHING_TOLD): string[] {
  let state = from
  return sights.map((each, minute) => {
    const now = later(T0, minute * MINUTE)
    state = see(state, each, now)
    const alert = newsOf(state, each, now)
    if (alert === undefined) return ''
    state = told(state, alert, each.hasOpenReviews, now)
    return [
      ...alert.reviews.map(({ id }) => id),
      ...alert.began.map((name) => `+${name}`),
      ...alert.ended.map((name) => `-${name}`),
      ...(alert.allResolved ? ['all resolved'] : []),
    ].join(' ')
  })
}
const times = <T>(count: number, value: T): T[] => Array<T>(count).fill(value)

describe('an alert', () => {
  it('is not sent when nothing is wrong', () => {
    expect(play(times(3, sight()))).toEqual(['', '', ''])
  })

  it('gathers everything that is new since the last one', () => {
    const all = sight({ untold: [review], hasOpenReviews: true, components: [backlog, refused] })

    expect(play([all])).toEqual(['second_payment.1 +payments.backlog +wechat.key_refused'])
  })

  it('tells of a trouble once, and that it is over after five minutes without it', () => {
    const bad = sight({ components: [backlog] })

    expect(play([...times(3, bad), ...times(6, sight())])).toEqual([
      '+payments.backlog',
      ...times(6, ''),
      '-payments.backlog',
      '',
    ])
  })

  it('does not repeat a trouble that comes and goes every other minute', () => {
    const flapping = Array.from({ length: 20 }, (_, minute) =>
      sight({ components: minute % 2 === 0 ? [backlog] : [] }),
    )

    expect(play(flapping).filter((text) => text !== '')).toEqual(['+payments.backlog'])
  })

  it('tells of a trouble that returns after it was over', () => {
    const bad = sight({ components: [backlog] })
    const said = play([bad, ...times(7, sight()), bad]).filter((text) => text !== '')

    expect(said).toEqual(['+payments.backlog', '-payments.backlog', '+payments.backlog'])
  })

  it('says once that all reviews are resolved, and only when it had told of one', () => {
    const open = sight({ hasOpenReviews: true })

    expect(play([{ ...open, untold: [review] }, open, sight(), sight()])).toEqual([
      'second_payment.1',
      '',
      'all resolved',
      '',
    ])
    expect(play([open, sight()])).toEqual(['', ''])
  })

  it('leaves out components that stand for reviews, but not a wrong variable of theirs', () => {
    const components = (
      [
        ['reviews', 'reviews_wait'],
        ['refunds', 'refunds_wait'],
        ['webhooks', 'webhooks_given_up'],
        ['webhooks', 'misconfigured'],
      ] as const
    ).map(([name, reason]) => ({ name, reason, status: 'degraded' as const }))

    expect(play([sight({ components })])).toEqual(['+webhooks.misconfigured'])
  })

  it.each([
    ['busy', [600, 600, 600]],
    ['no_answer', [60, 120, 300, 600, 600]],
    ['refused', [3_600, 3_600]],
  ] as const)('that failed as %s is tried again after %j seconds', (failure, pauses) => {
    let state = NOTHING_TOLD
    for (const pause of pauses) {
      state = notTold(state, failure, T0)
      expect(state).toMatchObject({ dueAt: later(T0, pause), failure })
    }
  })

  it('that failed tells everything again, and what came since', () => {
    const bad = sight({ components: [backlog] })
    const failed = notTold(see(NOTHING_TOLD, bad, T0), 'no_answer', T0)
    const worse = sight({ components: [backlog, refused] })

    expect(play([worse], failed)).toEqual(['+payments.backlog +wechat.key_refused'])
  })

  it('that failed says nothing of a trouble that was over before it could be told', () => {
    const failed = notTold(see(NOTHING_TOLD, sight({ components: [backlog] }), T0), 'busy', T0)

    expect(play(times(12, sight()), failed).join('')).toBe('')
  })
})
