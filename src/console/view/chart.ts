/** The chart of the last days: paid upwards, refunded downwards at the same scale, counts in a strip of their own. */
import type { BeijingDay } from '../../core/day.ts'
import { startOf } from '../../core/day.ts'
import type { DaySums } from '../../ports/list-store.ts'
import type { Words } from '../words/words.ts'
import { count, shortDay, yuan } from './format.ts'
import { markup, type Markup } from './markup.ts'

type Form = Readonly<{ id: string; css: string; width: number; left: number; bar: number }>

const WIDE: Form = { id: 'wide', css: 'wide', width: 1160, left: 58, bar: 24 }
const NARROW: Form = { id: 'narrow', css: 'narrow', width: 380, left: 58, bar: 15 }
const RIGHT = 4
/** Half the room of the longest label. */
const LABEL_HALF = 40
/** Heights: the top of the highest bar, the line of zero, the room below it, and the strip of counts. */
const TOP = 22
const ZERO = 154
const BELOW = 16
const STRIP = 204
const STRIP_HEIGHT = 30
const GRID_LINES_MAX = 3
const MONDAY = 1
const DAY_S = 86_400

/** The day of the week in Beijing, 0 for Sunday. The Unix epoch was a Thursday. */
export const weekdayOf = (day: BeijingDay): number =>
  (Math.round((startOf(day) + 28_800) / DAY_S) + 4) % 7

/** Both forms of the chart; the style sheet shows one. @param days One entry for every day, today last. */
export const charts = (words: Words, days: readonly DaySums[], narrowDays: number): Markup =>
  markup`${chart(words, days, WIDE)}${chart(words, days.slice(-narrowDays), NARROW)}`

function chart(words: Words, days: readonly DaySums[], form: Form): Markup {
  const { overview } = words
  const today = days.at(-1)
  const best = days.reduce((a, b) => (b.paidFee > a.paidFee ? b : a))
  if (today === undefined) return markup``
  const { id, width, left } = form
  const right = width - RIGHT
  const slot = (right - left) / days.length
  const x = (at: number): number => Math.round(left + at * slot + (slot - form.bar) / 2)
  const most = Math.max(best.paidFee, 1)
  const scale = Math.min(
    (ZERO - TOP) / most,
    BELOW / Math.max(1, ...days.map(({ refundedFee }) => refundedFee)),
  )
  const height = (fen: number): number => (fen === 0 ? 0 : Math.max(1, Math.round(fen * scale)))
  const mostCount = Math.max(1, ...days.map(({ payments }) => payments))
  const bars = (list: readonly (readonly [at: number, from: number, height: number])[]): string =>
    list
      .filter(([, , tall]) => tall !== 0)
      .map(([at, from, tall]) => `M${x(at)} ${from}v${-tall}h${form.bar}V${from}z`)
      .join('')
  const paid = days.map(({ paidFee }, at) => [at, ZERO, height(paidFee)] as const)
  const back = days.map(({ refundedFee }, at) => [at, ZERO + 1, -height(refundedFee)] as const)
  const counts = days.map(
    ({ payments }, at) => [at, STRIP, Math.round((payments / mostCount) * STRIP_HEIGHT)] as const,
  )
  const label = (sums: DaySums): string => yuan(Math.round(sums.paidFee / 100) * 100).slice(0, -3)
  const bestAt = days.indexOf(best)
  const bestX = x(bestAt) + form.bar / 2
  // A label in the middle of a bar at the edge would be cut off.
  const [labelX, anchor] =
    bestX > right - LABEL_HALF
      ? [right, 'end']
      : bestX < left + LABEL_HALF
        ? [left, 'start']
        : [bestX, 'middle']
  return markup`<svg class="chart ${form.css}" viewBox="0 0 ${width} 226" role="img" aria-labelledby="ct-${id} cd-${id}"><title id="ct-${id}">${overview.chartTitle(days.length)}</title><desc id="cd-${id}">${overview.chartSays(best.day.slice(5), yuan(best.paidFee), yuan(today.paidFee))}</desc>
${gridLines(best.paidFee).map((fen) => gridLine(words, form, fen, ZERO - fen * scale, right))}<text x="${left - 8}" y="158" text-anchor="end">0</text><text x="${left - 8}" y="204" text-anchor="end">${overview.count}</text>
<path class="in" d="${bars(paid.slice(0, -1))}"/><path class="in now" d="${bars(paid.slice(-1))}"/><path class="out" d="${bars(back)}"/><path class="cnt" d="${bars(counts)}"/><path class="zero" d="M${left} 154.5H${right}"/>
${best.paidFee > 0 && markup`<text class="lab" x="${labelX}" y="${ZERO - height(best.paidFee) - 7}" text-anchor="${anchor}">${label(best)}</text>`}${today.paidFee > 0 && best.day !== today.day && days.length - bestAt > 2 && markup`<text class="lab" x="${right}" y="${ZERO - height(today.paidFee) - 7}" text-anchor="end">${label(today)}</text>`}
${days.map((sums, at) => dayLabel(words, days, sums.day, at, x(at) + form.bar / 2, right))}
${form === WIDE && days.map((sums, at) => hit(words, sums, left + at * slot, slot))}</svg>`
}

/** The amounts of the lines across the chart: a round step, and at most three of them. */
export function gridLines(most: number): readonly number[] {
  const steps = [1, 2, 5].flatMap((digit) =>
    Array.from({ length: 12 }, (_, power) => digit * 10 ** power),
  )
  const step = steps.sort((a, b) => a - b).find((each) => most / each < GRID_LINES_MAX + 1)
  if (step === undefined || most < 100) return []
  return Array.from({ length: Math.floor(most / step) }, (_, at) => (at + 1) * step)
}

function gridLine(words: Words, form: Form, fen: number, y: number, right: number): Markup {
  const at = Math.round(y) + 0.5
  return markup`<path class="grid" d="M${form.left} ${at}H${right}"/><text x="${form.left - 8}" y="${at + 3.5}" text-anchor="end">${axisText(words, fen)}</text>`
}

/** An amount on the axis: `1 万` or `1 亿` in Chinese, `10k` or `10M` in English. */
function axisText({ frame }: Words, fen: number): string {
  const amount = fen / 100
  const units =
    frame.lang === 'en'
      ? ([
          [1_000_000, 'M'],
          [1_000, 'k'],
        ] as const)
      : ([
          [100_000_000, ' 亿'],
          [10_000, ' 万'],
        ] as const)
  const [size, unit] = units.find(([least]) => amount >= least) ?? [1, '']
  return `${amount / size}${unit}`
}

/** Mondays have a date, and so has today. */
function dayLabel(
  { overview }: Words,
  days: readonly DaySums[],
  day: BeijingDay,
  at: number,
  x: number,
  right: number,
): Markup | false {
  const last = days.length - 1
  if (at === last) {
    return markup`<text x="${right}" y="221" text-anchor="end">${overview.todayShort}</text>`
  }
  if (weekdayOf(day) !== MONDAY || at === 0 || last - at < 2) return false
  return markup`<text x="${x}" y="221" text-anchor="middle">${day.slice(5)}</text>`
}

const hit = ({ overview }: Words, sums: DaySums, x: number, width: number): Markup =>
  markup`<rect class="hit" x="${Math.round(x)}" y="${TOP}" width="${Math.round(width)}" height="${STRIP - TOP}"><title>${overview.barTitle(sums.day.slice(5), yuan(sums.paidFee), count(sums.payments), yuan(sums.refundedFee))}</title></rect>`

/** The numbers of the chart as a table, newest first. */
export const numbersTable = ({ overview }: Words, days: readonly DaySums[]): Markup =>
  markup`<details><summary>${overview.numbers}</summary><div class="scroll" tabindex="0" role="group" aria-label="${overview.numbers}"><table><thead><tr><th>${overview.day}</th><th class="num">${overview.count}</th><th class="num">${overview.paid}</th><th class="num">${overview.refunded}</th></tr></thead><tbody>${days
    .toReversed()
    .map(
      (sums) =>
        markup`<tr><td>${shortDay(sums.day, days.at(-1)?.day ?? sums.day)}</td><td class="num">${count(sums.payments)}</td><td class="num">${yuan(sums.paidFee)}</td><td class="num">${yuan(sums.refundedFee)}</td></tr>`,
    )}</tbody></table></div></details>`
