/** After all stories: each answer and webhook of `openapi.json` was seen in one of them, so that the document promises nothing that never comes. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, inject, it } from 'vitest'
import type { Sighting } from '../../testing/contract/plugin.ts'

declare module 'vitest' {
  interface ProvidedContext {
    sightings: string
  }
}

const STORIES = join(import.meta.dirname, '../stories')

const SAME_AS_GET =
  'POST /pay is answered by the same function as GET /pay, whose answers were all seen'
const LOST_RACE = 'needs an order that changes in every round of one request'

/** What no story shows, and why. */
const UNSEEN: Readonly<Record<string, string>> = {
  'payByPost 403 login_blocked': SAME_AS_GET,
  'payByPost 403 not_your_order': SAME_AS_GET,
  'payByPost 404 order_not_found': SAME_AS_GET,
  'payByPost 409 order_busy': SAME_AS_GET,
  'payByPost 409 order_closed': SAME_AS_GET,
  'payByPost 409 order_paid': SAME_AS_GET,
  'payByPost 429 too_many_requests': SAME_AS_GET,
  'payByPost 502 wechat_refused': SAME_AS_GET,
  'payByPost 503 wechat_unavailable': SAME_AS_GET,
  'putOrder 409 order_busy': LOST_RACE,
  'putRefund 409 order_busy': LOST_RACE,
  'notifyRefund 500': 'a bug while a refund notice is read; POST /notify shows how it is answered',
}

function readSightings(): readonly Sighting[] {
  try {
    const lines = readFileSync(inject('sightings'), 'utf8').trim().split('\n')
    return lines.map((line) => JSON.parse(line) as Sighting)
  } catch {
    return []
  }
}

it('the stories saw every status, error code and webhook of openapi.json', (test) => {
  const sightings = readSightings()
  const whole = new Set(sightings.filter(({ isWhole }) => isWhole).map(({ file }) => file))
  const left = readdirSync(STORIES, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.test.ts') && !whole.has(join(STORIES, name)),
  )
  // One file of stories alone sees few answers, which is no fault. CI runs all of them, and there nothing is skipped.
  if (process.env['CI'] === undefined) test.skip(left.length > 0, 'Only a part of the stories ran.')
  expect(left, 'stories that did not run').toEqual([])

  const seen = new Set(sightings.flatMap((each) => each.seen))
  const missing = (sightings[0]?.declared ?? []).filter((name) => !seen.has(name))
  expect(missing.toSorted()).toEqual(Object.keys(UNSEEN).toSorted())
})
