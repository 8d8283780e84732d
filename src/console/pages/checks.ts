/** `/console/checks`: what `/health` knows, and the last run of the doctor, one line for each thing, with what to do about it. */
import type { Checkup } from '../../core/doctor/finding.ts'
import { overall } from '../../core/health.ts'
import { lastCheckup } from '../../service/doctor/checkup.ts'
import { checkHealth } from '../../service/run/health.ts'
import type { Page, PageHandler, Visit } from '../http/visit.ts'
import { checkupCard } from '../parts/checkup-card.ts'
import { count, timeText } from '../view/format.ts'
import { heading } from '../view/heading.ts'
import { ICONS } from '../view/icons.ts'
import { markup, type Markup } from '../view/markup.ts'
import { note } from '../view/note.ts'
import { card, facts } from '../view/table.ts'

/** The checks in the order in which they are shown. */
const ITEMS = [
  'cron',
  'database',
  'wechat',
  'payments',
  'money',
  'closing',
  'news',
  'bills',
  'refunds',
  'reviews',
  'webhooks',
  'merchant',
  'certificate',
  'archive',
  'target',
  'operators',
  'refund_limit',
  'client_ip',
  'alerts',
  'metrics',
]

/** What is not in order. `isHint`: nothing is wrong, but a part of the product is not used. */
type Finding = Readonly<{ name: string; reason: string; variables?: string; isHint?: boolean }>

export const showChecks: PageHandler = async (visit) =>
  checksPage(visit, await lastCheckup(visit.deps))

/** @param checkup The last run of the doctor; undefined when there was none. */
export async function checksPage(visit: Visit, checkup: Checkup | undefined): Promise<Page> {
  const { deps, words, now } = visit
  const { checks, frame } = words
  const health = await deps.recentHealth.get(now, () => checkHealth(deps))
  const off = deps.featuresOff.map(({ feature, variables }) => ({
    name: feature === 'webhooks' ? 'target' : feature,
    status: 'degraded' as const,
    reason: 'misconfigured',
    variables: variables.join(', '),
  }))
  const findings: readonly Finding[] = [...health.components, ...off, ...hints(visit)]
  const status = overall([...health.components, ...off])
  const { facts: known } = health
  const last = known?.lastCronAt
  const about = facts([
    [checks.version, deps.version],
    [checks.lastCron, last === undefined ? checks.never : timeText(last, now)],
    [
      checks.database,
      known === undefined
        ? frame.empty
        : checks.bytes(megabytes(known.bytes), megabytes(known.bytesMax)),
    ],
  ])
  const lines = ITEMS.map((name) =>
    line(
      visit,
      name,
      findings.filter((each) => each.name === name),
    ),
  )
  return {
    section: 'checks',
    title: checks.title,
    main: markup`${heading(checks.title, checks.about)}
${note({ tone: status === 'ok' ? 'ok' : 'bad', text: checks.status[status] })}
${checkupCard(visit, checkup)}<section class="card" aria-label="${checks.title}"><ul class="checks">${lines}</ul></section>
${card('about', frame.home, about)}`,
  }
}

const megabytes = (bytes: number): string => count(Math.ceil(bytes / 1_000_000))

/** Parts of the product that this installation does not use. */
function hints({ deps }: Visit): readonly Finding[] {
  const { config, archive, sendAlert } = deps
  return [
    ...(sendAlert === undefined ? [{ name: 'alerts', reason: 'no_alerts', isHint: true }] : []),
    ...(config.refundNotifyUrl === undefined
      ? [{ name: 'certificate', reason: 'no_certificate', isHint: true }]
      : []),
    ...(archive === undefined ? [{ name: 'archive', reason: 'no_archive', isHint: true }] : []),
    ...(config.webhookTarget === 'unset'
      ? [{ name: 'target', reason: 'no_target', isHint: true }]
      : []),
  ]
}

function line({ words }: Visit, name: string, findings: readonly Finding[]): Markup {
  const { checks } = words
  const isWrong = findings.some(({ isHint }) => isHint !== true)
  const icon = findings.length === 0 ? ICONS.ok : isWrong ? ICONS.warning : ICONS.ring
  const word = findings.length === 0 ? checks.good : isWrong ? checks.wrong : checks.unused
  const css = findings.length === 0 ? 'same' : isWrong ? 'mark' : 'dim'
  const says = findings.map(
    ({ reason, variables }) =>
      markup`<div class="small">${checks.todo[reason] ?? reason} ${variables !== undefined && markup`${checks.variables}<span class="mono">${variables}</span>`}</div>`,
  )
  return markup`<li><span class="${css}">${icon}<span class="hidden">${word}</span></span><div><b>${checks.item[name] ?? name}</b>${says}</div></li>
`
}
