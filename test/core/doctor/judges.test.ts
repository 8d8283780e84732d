import { describe, expect, it } from 'vitest'
import { parseDay } from '../../../src/core/day.ts'
import { byUrgency, fine, finding, verdictOf } from '../../../src/core/doctor/finding.ts'
import {
  type Installation,
  judgeInstallation,
  judgePublicUrl,
} from '../../../src/core/doctor/installation.ts'
import {
  judgeAlert,
  judgeBill,
  judgeCron,
  judgeLook,
  judgeStore,
  judgeTried,
  type TriedWebhook,
} from '../../../src/core/doctor/state.ts'
import { judgeBackup, judgeCertificate, judgeKey } from '../../../src/core/doctor/wechat.ts'
import type { HealthFacts } from '../../../src/core/health.ts'
import { fromMillis, later } from '../../../src/core/time.ts'

const NOW = fromMillis(Date.parse('2026-11-23T04:00:00Z')) // noon in Beijing
const said = ({ id, status, reason }: { id: string; status: string; reason: string }): string =>
  `${id} ${status} ${reason}`

describe('the verdict', () => {
  it('is as good as the worst finding, and counts only those of that kind', () => {
    const warn = finding('a', 'warn', 'x')
    const fail = finding('b', 'fail', 'x')
    const skip = finding('c', 'skip', 'x')
    expect(verdictOf([fine('d'), skip])).toEqual({ verdict: 'ready', count: 0 })
    expect(verdictOf([fine('d'), warn, warn])).toEqual({ verdict: 'warnings', count: 2 })
    expect(verdictOf([warn, fail, warn])).toEqual({ verdict: 'not_ready', count: 1 })
    expect(byUrgency([fine('d'), skip, warn, fail]).map(({ id }) => id)).toEqual([
      'b',
      'a',
      'c',
      'd',
    ])
  })
})

describe('the configuration', () => {
  const SOUND: Installation = {
    wrong: [],
    off: [],
    appid: 'wxd930ea5d5a258f4f',
    mchId: '10000100',
    publicUrl: 'https://pay.test',
    previous: [],
    simulated: [],
    isProxied: false,
  }
  const wrong = (changed: Partial<Installation>): string[] =>
    judgeInstallation({ ...SOUND, ...changed })
      .filter(({ status }) => status !== 'ok')
      .map(said)

  it.each([
    [{}, []],
    [{ appid: 'wxD930EA5D5A258F4F' }, ['config.shape warn appid']],
    [{ mchId: '1234567' }, ['config.shape warn mch_id']],
    [{ mchId: '12345678901' }, ['config.shape warn mch_id']],
    [{ mchId: '1234567890' }, []],
    [{ previous: ['WX_API_KEY_OLD'] }, ['config.rotation warn old']],
    [
      { wrong: ['WX_API_KEY'], off: ['OPERATORS'] },
      ['config.values fail wrong', 'config.features warn off'],
    ],
  ])('%j', (changed, expected) => {
    expect(wrong(changed)).toEqual(expected)
  })

  it.each([
    ['https://pay.test', 'https://pay.test', false, 'ok ok'],
    ['https://pay.test', 'https://www.test', false, 'fail elsewhere'],
    ['https://pay.test', 'https://www.test', true, 'warn elsewhere'],
    ['https://pay.test', 'http://pay.test', false, 'fail elsewhere'],
    ['http://127.0.0.1:8787', 'http://localhost:8787', false, 'ok ok'],
    ['http://127.0.0.1:8787', 'http://localhost:8788', false, 'fail elsewhere'],
    ['https://a.workers.dev', 'https://a.workers.dev', false, 'warn workers_dev'],
    ['https://workers.dev.test', 'https://workers.dev.test', false, 'ok ok'],
    [undefined, 'https://pay.test', false, 'skip unread'],
  ])('PUBLIC_URL %s, asked at %s, behind a proxy: %s', (publicUrl, origin, isProxied, expected) => {
    expect(said(judgePublicUrl({ publicUrl, isProxied }, origin))).toBe(
      `config.public_url ${expected}`,
    )
  })
})

describe('the database', () => {
  const SCHEMA = { last: '0021_x.sql', count: 19 }
  const look = { ms: 20, region: 'APAC', migration: '0021_x.sql', count: 19 }
  it.each([
    [{}, 'store.answers ok ok, store.migrations ok ok'],
    [{ region: undefined }, 'store.answers ok ok, store.migrations ok ok'],
    [{ ms: 300 }, 'store.answers ok ok, store.migrations ok ok'],
    [{ ms: 301 }, 'store.answers warn slow, store.migrations ok ok'],
    [{ region: 'WEUR', ms: 900 }, 'store.answers warn far, store.migrations ok ok'],
    [{ count: 18 }, 'store.answers ok ok, store.migrations fail behind'],
    [{ migration: '0020_x.sql', count: 18 }, 'store.answers ok ok, store.migrations fail behind'],
    [{ migration: undefined, count: 0 }, 'store.answers ok ok, store.migrations fail behind'],
    [{ migration: '0022_x.sql', count: 20 }, 'store.answers ok ok, store.migrations warn ahead'],
  ])('%j', (changed, expected) => {
    expect(
      judgeStore({ ...look, ...changed }, SCHEMA)
        .map(said)
        .join(', '),
    ).toBe(expected)
  })
})

describe('the cron', () => {
  const FACTS: HealthFacts = {
    lastCronAt: NOW,
    reducedUntil: undefined,
    key: undefined,
    oldestDue: {
      payments: undefined,
      money: undefined,
      closing: undefined,
      news: undefined,
      bills: undefined,
    },
    hasWaitingRefunds: false,
    oldestMoneyReviewAt: undefined,
    hasGivenUpWebhooks: false,
    bytes: 0,
    bytesMax: 1,
  }
  const runs = (...left: number[]) => left.map((each) => ({ left: each, failed: 0 }))
  it.each([
    [{}, runs(0, 0), 'ok ok', 'ok ok'],
    [{ lastCronAt: undefined }, [], 'fail never', 'ok ok'],
    [{ lastCronAt: later(NOW, -300) }, [], 'ok ok', 'ok ok'],
    [{ lastCronAt: later(NOW, -301) }, [], 'fail silent', 'ok ok'],
    [{}, runs(1, 1, 1, 1), 'ok ok', 'ok ok'],
    [{}, runs(1, 1, 1, 1, 1), 'ok ok', 'warn behind'],
    [{}, runs(1, 1, 0, 1, 1), 'ok ok', 'ok ok'],
    [{}, [{ left: 0, failed: 1 }], 'ok ok', 'warn failed'],
    [{ oldestDue: { ...FACTS.oldestDue, payments: later(NOW, -181) } }, [], 'ok ok', 'warn behind'],
    [{ reducedUntil: later(NOW, 1) }, [], 'ok ok', 'warn plan'],
  ])('%#', (changed, figures, alive, keepsUp) => {
    expect(judgeCron({ ...FACTS, ...changed }, figures, NOW).map(said)).toEqual([
      `cron.alive ${alive}`,
      `cron.keeps_up ${keepsUp}`,
    ])
  })
})

describe('webhooks', () => {
  const tried = (at: number, state: TriedWebhook['state'], tries = 1): TriedWebhook => ({
    state,
    tries,
    triedAt: later(NOW, at),
    lastStatus: 404,
    lastError: 'status',
  })
  it('are judged by the one that was tried last', () => {
    expect(judgeTried([])).toBeUndefined()
    expect(judgeTried([tried(0, 'pending', 0), tried(0, 'no_target')])).toBeUndefined()
    expect(judgeTried([tried(-9, 'given_up', 11), tried(0, 'delivered')])?.status).toBe('ok')
    expect(judgeTried([tried(0, 'given_up', 11), tried(-9, 'delivered')])).toEqual(
      finding('webhook.target', 'fail', 'given_up', 'HTTP 404 × 11'),
    )
    expect(judgeTried([tried(0, 'pending')])).toEqual(
      finding('webhook.target', 'warn', 'failing', 'HTTP 404 × 1'),
    )
  })
  it('need a receiver that answers at all', () => {
    expect(judgeLook({ status: 499 }).status).toBe('ok')
    expect(said(judgeLook({ status: 500 }))).toBe('webhook.target warn absent')
    expect(said(judgeLook({ error: 'timeout' }))).toBe('webhook.target warn absent')
  })
})

describe('yesterday’s bill', () => {
  const today = parseDay('2026-11-23')
  if (today === undefined) throw new Error('no day')
  it.each([
    [undefined, NOW, 'ok ok'],
    ['reconciled', NOW, 'ok ok'],
    ['waiting', later(NOW, -1), 'skip early'],
    ['waiting', NOW, 'warn open'],
    ['settling', NOW, 'warn open'],
    ['unavailable', NOW, 'warn gone'],
  ] as const)('%s', (state, now, expected) => {
    const bill = state === undefined ? undefined : { state, lastError: undefined }
    expect(said(judgeBill(bill, today, now))).toBe(`bills.yesterday ${expected}`)
  })
})

describe('WeChat’s answers', () => {
  const key = (kind: Parameters<typeof judgeKey>[0]['kind'], skewS?: number) =>
    judgeKey({ kind, words: 'w', skewS }).map(said)

  it('prove the key, or say what is wrong', () => {
    expect(key('known', 60)).toEqual(['wechat.key ok ok', 'wechat.clock ok ok'])
    expect(key('known', -61)).toEqual(['wechat.key ok ok', 'wechat.clock warn skew'])
    expect(key('key')).toEqual(['wechat.key fail key', 'wechat.clock skip unread'])
    expect(key('no_answer')[0]).toBe('wechat.key fail no_answer')
    // WeChat was reached, and could not tell: no fault of ours is proven.
    expect(key('busy')[0]).toBe('wechat.key warn busy')
    expect(key('other')[0]).toBe('wechat.key warn other')
  })

  it('of the backup show only whether it can be reached', () => {
    const backup = (kind: 'key' | 'no_answer') => judgeBackup({ kind, words: '', skewS: undefined })
    expect([backup('key'), backup('no_answer'), judgeBackup(undefined)].map(said)).toEqual([
      'wechat.backup ok ok',
      'wechat.backup warn no_answer',
      'wechat.backup skip same',
    ])
  })

  it('about the certificate count only where it is bound', () => {
    expect(said(judgeCertificate(false, undefined))).toBe('cert.bound warn absent')
    expect(said(judgeCertificate(true, undefined))).toBe('cert.bound ok ok')
    expect(said(judgeCertificate(true, { kind: 'refused', words: '' }))).toBe(
      'cert.bound fail refused',
    )
    expect(said(judgeCertificate(true, { kind: 'other', words: '' }))).toBe('cert.bound warn other')
  })
})

describe('the group', () => {
  it.each([
    ['{"errcode":310000,"errmsg":"keywords not in content"}', 'proof'],
    ['{"code":19021,"msg":"sign match fail or timestamp is not within one hour"}', 'proof'],
    ['{"code": 19024,"msg":"Key Words Not Found"}', 'proof'],
    ['{"errcode":93000,"errmsg":"invalid webhook url"}', 'refused'],
    ['{"errcode":1310000}', 'refused'],
  ])('says %s', (words, reason) => {
    expect(judgeAlert({ failure: 'refused', words }).reason).toBe(reason)
  })
})
