/**
 * The text format of Prometheus.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */
import type { DueClass } from '../../core/due.ts'
import { overall } from '../../core/health.ts'
import type { UnixSeconds } from '../../core/time.ts'
import type { Metrics } from '../../ports/metrics-store.ts'

/** One line of a metric: its labels, and its value. A value that is not known has no line. */
type Sample = readonly [labels: Readonly<Record<string, string>>, value: number | undefined]

/** What the text needs besides what was read. */
type Given = Readonly<{
  now: UnixSeconds
  version: string
  certificateExpiresAt: UnixSeconds | undefined
}>

/** All metrics as text. */
export function metricsText({ health, figures }: Metrics, given: Given): string {
  const { facts, components } = health
  const { today } = figures
  const age = (since: UnixSeconds | undefined): number =>
    since === undefined ? 0 : given.now - since
  const due = Object.entries(facts?.oldestDue ?? {}) as [DueClass, UnixSeconds | undefined][]
  const status = overall(components)
  return [
    gauge('build_info', 'The version of the Worker.', [[{ version: given.version }, 1]]),
    gauge('up', '1 while payments are taken and found, 0 when /health is down.', [
      [{}, status === 'down' ? 0 : 1],
    ]),
    gauge(
      'component_wrong',
      '1 for each component of /health that is not in order.',
      components.map(({ name, reason, status: kind }) => [{ name, reason, status: kind }, 1]),
    ),
    gauge('cron_last_success_timestamp_seconds', 'When the last finished run of the cron began.', [
      [{}, facts?.lastCronAt],
    ]),
    gauge('cron_last_duration_seconds', 'How long the last finished run took.', [
      [{}, figures.lastRunS],
    ]),
    gauge(
      'due_oldest_age_seconds',
      'How long the oldest due work of each class has waited; 0 when nothing is due.',
      due.map(([name, since]) => [{ class: name }, age(since)]),
    ),
    gauge(
      'reviews_open',
      'Reviews that a person must look at.',
      byName('kind', figures.openReviews),
    ),
    gauge('webhooks_pending', 'Webhooks that the cron will try again.', [
      [{}, figures.webhooksPending],
    ]),
    gauge('webhooks_given_up', 'Webhooks that the shop never took.', [
      [{}, figures.webhooksGivenUp],
    ]),
    gauge('refunds_open', 'Refunds without an end.', byName('state', figures.openRefunds)),
    gauge('payments_today', 'Payments of the Beijing day.', [[{}, today.payments]]),
    gauge('payments_today_fen', 'Their sum in fen.', [[{}, today.paidFee]]),
    gauge('refunds_today', 'Refunds that succeeded on the Beijing day.', [[{}, today.refunds]]),
    gauge('refunds_today_fen', 'Their sum in fen.', [[{}, today.refundedFee]]),
    gauge(
      'payments_recent',
      'How the newest payments of the last hour were found, of 200 at most. Only queries and no notice: /notify is blocked.',
      (['notice', 'query', 'bill', 'operator'] as const).map((name) => [
        { found_by: name },
        figures.newest.get(name) ?? 0,
      ]),
    ),
    gauge(
      'bill_reconciled_day_timestamp_seconds',
      'The beginning of the last Beijing day whose bill is reconciled.',
      [[{}, figures.lastBill]],
    ),
    gauge('bill_differences_open', 'Differences that WeChat is still asked about.', [
      [{}, figures.openDifferences],
    ]),
    gauge('database_bytes', 'The size of the database.', [[{}, facts?.bytes]]),
    gauge('database_bytes_max', 'How large the plan lets it grow.', [[{}, facts?.bytesMax]]),
    gauge('certificate_expiry_timestamp_seconds', 'When the merchant certificate ends.', [
      [{}, given.certificateExpiresAt],
    ]),
  ].join('')
}

function gauge(name: string, help: string, samples: readonly Sample[]): string {
  const full = `wxpay_edge_${name}`
  const lines = samples.flatMap(([labels, value]) =>
    value === undefined ? [] : [`${full}${labelText(labels)} ${value}\n`],
  )
  return [`# HELP ${full} ${help}\n`, `# TYPE ${full} gauge\n`, ...lines].join('')
}

/** Labels have names and codes of our own, so nothing in them needs an escape. */
function labelText(labels: Readonly<Record<string, string>>): string {
  const each = Object.entries(labels).map(([name, value]) => `${name}="${value}"`)
  return each.length === 0 ? '' : `{${each.join(',')}}`
}

const byName = (label: string, counts: ReadonlyMap<string, number>): readonly Sample[] =>
  [...counts].map(([name, count]) => [{ [label]: name }, count])
