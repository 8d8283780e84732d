/** `/console`: what needs a person, today at a glance, the last thirty days, the latest payments. */
import { addDays, type BeijingDay } from '../../core/day.ts'
import { type Checkup, type Finding, withStatus } from '../../core/doctor/finding.ts'
import { tell } from '../../core/doctor/words.ts'
import { type HealthComponent, judgeHealth } from '../../core/health.ts'
import { toFen } from '../../core/money.ts'
import type { DaySums, OrderLine, Overview } from '../../ports/list-store.ts'
import { lastCheckup } from '../../service/doctor/checkup.ts'
import { CHART_DAYS, readOverview } from '../../service/lists/overview.ts'
import { checkHealth } from '../../service/run/health.ts'
import type { PageHandler, Visit } from '../http/visit.ts'
import { reviewLine } from '../story/review-line.ts'
import { badge, billBadge, billOutcome, orderBadges, reviewBadge } from '../view/badges.ts'
import { charts, numbersTable, weekdayOf } from '../view/chart.ts'
import { capped, count, minuteOf, money, shortDay, timeText, yuan } from '../view/format.ts'
import { ICONS } from '../view/icons.ts'
import { heading } from '../view/heading.ts'
import { empty } from '../view/lists.ts'
import { markup, type Markup } from '../view/markup.ts'
import { card, facts, table } from '../view/table.ts'
import { billPath, orderPath, reviewPath } from '../view/paths.ts'
import { isDead, runStrip } from '../parts/run-strip.ts'

const NARROW_DAYS = 14
/** How often the page is asked for again, in seconds: all day long that reads half a million rows. */
const REFRESH_S = 60

export const showOverview: PageHandler = async (visit) => {
  const { deps, words, now, today } = visit
  const found = await readOverview(deps)
  const [health, checkup] = await Promise.all([
    deps.recentHealth.get(now, () => checkHealth(deps)),
    lastCheckup(deps),
  ])
  const days = filled(found.days, today)
  const isNew = found.latest.length === 0 && found.unpaid === 0
  const { overview } = words
  const date = overview.date(Number(today.slice(5, 7)), Number(today.slice(8)), weekdayOf(today))
  return {
    section: 'overview',
    title: words.frame.nav.overview,
    refresh: REFRESH_S,
    main: markup`${heading(words.frame.nav.overview, date)}
${needs(
  visit,
  found,
  health.components.filter(({ name }) => name !== 'reviews'),
  failedIn(checkup),
)}
${tiles(visit, found, days)}
${isNew ? begin(visit) : chartCard(visit, days)}
<div class="cols gap">${latestCard(visit, found.latest)}<div>${billCard(visit, found)}${runsCard(visit, found)}</div></div>`,
  }
}

/** One entry for each day of the chart; a day without payments has zeros. */
function filled(days: readonly DaySums[], today: BeijingDay): readonly DaySums[] {
  return Array.from({ length: CHART_DAYS }, (_, at) => {
    const day = addDays(today, at + 1 - CHART_DAYS)
    const none = { day, payments: 0, paidFee: toFen(0), refunds: 0, refundedFee: toFen(0) }
    return days.find((each) => each.day === day) ?? none
  })
}

/** What `/health` and reviews do not tell already. */
const TOLD: readonly string[] = ['cron.alive', 'webhook.target', 'store.migrations']

const failedIn = (checkup: Checkup | undefined): readonly Finding[] =>
  withStatus(checkup?.findings ?? [], 'fail').filter(({ id }) => !TOLD.includes(id))

function needs(
  { words, now }: Visit,
  { reviews, openReviews }: Overview,
  components: readonly HealthComponent[],
  failed: readonly Finding[],
): Markup {
  const { overview, checks, doctor } = words
  const wrong = components.filter(
    ({ reason }) => reason !== 'webhooks_given_up' && reason !== 'refunds_wait',
  )
  if (wrong.length + failed.length + openReviews === 0) {
    return markup`<section class="card"><p class="calm">${ICONS.ok}<span data-say>${overview.allWell}</span></p></section>`
  }
  const total = capped(openReviews)
  const title = openReviews === 0 ? checks.status.degraded : overview.needYou(total)
  const lines = [
    ...wrong.map(
      ({ name, reason }) =>
        markup`<li>${badge(['bad', 'warning'], checks.wrong)}<span>${checks.item[name] ?? name}${words.frame.colon}${checks.todo[reason] ?? reason}</span><a href="/console/checks">${overview.fix}</a></li>`,
    ),
    ...failed
      .map((each) => tell(each, doctor))
      .map(
        ({ name, message }) =>
          markup`<li>${badge(['bad', 'warning'], doctor.page.status.fail)}<span>${name}${words.frame.colon}${message}</span><a href="/console/checks">${overview.fix}</a></li>`,
      ),
    ...reviews.map(
      (review) =>
        markup`<li>${reviewBadge(words, review)}<span>${reviewLine(words, review)} <span class="faint small">${timeText(review.openedAt, now)}</span></span><a href="${reviewPath(review.id)}">${overview.look}</a></li>`,
    ),
  ]
  const more =
    openReviews > reviews.length &&
    markup`<a class="right small" href="/console/reviews">${overview.more(total)}</a>`
  return card(
    'todo',
    markup`<span data-say>${title}</span>`,
    markup`<ul>${lines}</ul>`,
    more,
    'todo',
  )
}

function tiles({ words, now, deps }: Visit, found: Overview, days: readonly DaySums[]): Markup {
  const { overview } = words
  const { comma } = words.frame
  const [before, current] = days.slice(-2)
  const joined = (...parts: readonly (string | false)[]): string =>
    parts.filter((part) => part !== false).join(comma)
  const lastRun = found.runs.find(({ finishedAt }) => finishedAt !== undefined)?.startedAt
  const silent = judgeHealth({ ...NO_FACTS, lastCronAt: lastRun, bytesMax: Infinity }, now).some(
    ({ reason }) => reason === 'cron_silent',
  )
  const tile = (to: string, name: string, value: Markup | string, says: string): Markup =>
    markup`<a class="stat" href="${to}"><div class="k">${name}</div><div class="v">${value}</div><div class="d">${says}</div></a>
`
  const amount = (fen: number): Markup => markup`<i>¥</i>${yuan(fen)}`
  const noTarget = deps.config.webhookTarget !== 'set'
  return markup`<section class="card gap" aria-label="${overview.today}"><div class="stats">
${tile('/console/orders?tab=paid', overview.paidToday, amount(current?.paidFee ?? 0), joined(overview.payments(count(current?.payments ?? 0)), overview.yesterday(count(before?.payments ?? 0))))}
${tile('/console/refunds', overview.refundedToday, amount(current?.refundedFee ?? 0), joined(overview.refunds(count(current?.refunds ?? 0)), found.refundsMoving > 0 && overview.onWay(capped(found.refundsMoving))))}
${tile('/console/orders?tab=unpaid', overview.unpaid, capped(found.unpaid), found.nextExpiry === undefined ? overview.noUnpaid : overview.nextExpires(timeText(found.nextExpiry, now)))}
${tile('/console/deliveries?tab=waiting', overview.webhooksWaiting, capped(found.webhooksWaiting), joined(noTarget ? words.states.delivery.no_target : found.webhooksWaiting === 0 ? overview.noBacklog : overview.waitingNow, found.webhooksGivenUp > 0 && overview.nGivenUp(capped(found.webhooksGivenUp))))}
${tile('/console/runs', overview.cron, silent ? markup`<span class="mark">${overview.cronSilent}</span>` : overview.cronWell, lastRun === undefined ? overview.cronNever : silent ? overview.cronSince(timeText(lastRun, now)) : overview.cronAgo(now - lastRun))}
</div></section>`
}

/** Facts by which nothing but the time of the last run is judged. */
const NO_FACTS = {
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
} as const

function chartCard({ words }: Visit, days: readonly DaySums[]): Markup {
  const { overview } = words
  const title = markup`<span class="wide">${overview.days30}</span><span class="narrow">${overview.days14}</span>`
  const legend = markup`<span class="legend"><span><b class="a"></b>${overview.paid}</span><span><b class="b"></b>${overview.refunded}</span><span><b class="c"></b>${overview.count}</span></span><span class="right dim small">${overview.unit}</span>`
  const body = markup`<div class="pad">${charts(words, days, NARROW_DAYS)}${numbersTable(words, days)}</div>`
  return card('days', title, body, legend, 'gap')
}

function begin({ words }: Visit): Markup {
  const { overview } = words
  const steps = overview.beginSteps.map((step) => markup`<li>${step}</li>`)
  return card('begin', overview.begin, markup`<ol class="steps pad">${steps}</ol>`, false, 'gap')
}

function latestCard({ words, now }: Visit, latest: readonly OrderLine[]): Markup {
  const { overview, frame } = words
  const all = markup`<a class="right small" href="/console/orders">${overview.allOrders}</a>`
  const columns = [
    { head: frame.order, css: 'main-cell s-a' },
    { head: overview.goods, css: 's-e' },
    { head: frame.state, css: 's-c' },
    { head: overview.amount, css: 'num amt s-b' },
    { head: overview.paidAt, css: 'num dim s-d' },
  ]
  const rows = latest.map((order) => [
    markup`<a class="mono" href="${orderPath(order.ordercode)}">${order.ordercode}</a>`,
    markup`<span class="clip">${order.body}</span>`,
    orderBadges(words, order),
    yuan(order.totalFee),
    order.paidAt === undefined ? frame.empty : minuteOf(order.paidAt, now),
  ])
  const body = rows.length === 0 ? empty(overview.noneLately, '') : table(columns, rows)
  return card('latest', overview.latest, body, all)
}

function billCard({ words, today, deps }: Visit, { bill }: Overview): Markup {
  const { overview, bills } = words
  const yesterday = addDays(today, -1)
  const link = markup`<a class="right small" href="${billPath(yesterday)}">${shortDay(yesterday, today)}</a>`
  if (bill === undefined) {
    return card('bill', overview.yesterdayBill, markup`<p class="pad dim">${overview.notYet}</p>`)
  }
  const { counts } = bill.bill
  const { books } = counts
  const off = books === undefined ? 0 : counts.paymentFee - books.paymentFee
  const sums = facts([
    [overview.result, billBadge(words, billOutcome(bill, deps.config.isAppidShared)), 'num'],
    [bills.wechatBill, overview.sum(count(counts.payments), yuan(counts.paymentFee)), 'num'],
    ...(books === undefined
      ? []
      : ([
          [bills.ourBooks, overview.sum(count(books.payments), yuan(books.paymentFee)), 'num'],
          [bills.difference, money(Math.abs(off)), `num total ${off === 0 ? 'same' : 'mark'}`],
        ] as const)),
  ])
  return card('bill', overview.yesterdayBill, sums, link)
}

function runsCard({ words, now }: Visit, { runs }: Overview): Markup {
  const { overview } = words
  const chart = runStrip(visitRuns(runs, now))
  const dead = runs.filter((run) => isDead(run, now)).length
  const longest = Math.max(
    0,
    ...runs.map(({ startedAt, finishedAt = startedAt }) => finishedAt - startedAt),
  )
  const says =
    runs.length === 0
      ? overview.noRuns
      : dead > 0
        ? markup`<span class="mark">${overview.runsBad(dead)}</span>`
        : overview.runsWell(runs.length, longest)
  const body = markup`<div class="pad">${runs.length > 0 && chart}<p class="dim small">${says}</p></div>`
  return card('runs', overview.runsTitle, body)
}

type Run = Overview['runs'][number]

const visitRuns = (runs: readonly Run[], now: number) =>
  runs.toReversed().map((run) => ({
    seconds: (run.finishedAt ?? run.startedAt) - run.startedAt,
    isDead: isDead(run, now),
  }))
