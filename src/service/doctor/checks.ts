/** The checks of the doctor inside the Worker. Each asks one side: the database, WeChat, the shop, the group. */
import { TEST_ALERT } from '../../core/alert.ts'
import { addDays, dayOf } from '../../core/day.ts'
import { type Finding, fine, finding } from '../../core/doctor/finding.ts'
import { judgeInstallation } from '../../core/doctor/installation.ts'
import {
  judgeAlert,
  judgeBill,
  judgeCertificateEnd,
  judgeCron,
  judgeLook,
  judgeReviews,
  judgeStore,
  judgeTried,
  RUNS_BEHIND,
} from '../../core/doctor/state.ts'
import { judgeBackup, judgeCertificate, judgeKey, judgeSecret } from '../../core/doctor/wechat.ts'
import { judgeCertificate as certificateHealth } from '../../core/health.ts'
import type { Deps } from '../../ports/deps.ts'

/** What the checks need of the use cases' dependencies. */
export type CheckDeps = Pick<
  Deps,
  | 'alerts'
  | 'archive'
  | 'bills'
  | 'config'
  | 'deliveries'
  | 'doctor'
  | 'lists'
  | 'now'
  | 'runs'
  | 'sendAlert'
>

/**
 * One question, and the checks that its answer decides. `isThorough`: whether it may leave a trace.
 */
export type Check = Readonly<{
  ids: readonly string[]
  look: (deps: CheckDeps, isThorough: boolean) => Promise<readonly Finding[]>
}>

const WEBHOOKS = 20

/** All checks, in the order in which their findings are told. */
export const CHECKS: readonly Check[] = [
  { ids: [], look: async ({ doctor }) => judgeInstallation(doctor.installation) },
  { ids: ['store.answers', 'store.migrations'], look: store },
  { ids: ['cron.alive', 'cron.keeps_up'], look: cron },
  {
    ids: ['wechat.key', 'wechat.clock'],
    look: async ({ doctor }) => {
      const answer = await doctor.wechat.key('primary')
      return answer === undefined ? [] : judgeKey(answer)
    },
  },
  {
    ids: ['wechat.secret'],
    look: async ({ doctor }) => [judgeSecret(await doctor.wechat.secret())],
  },
  {
    ids: ['wechat.backup'],
    look: async ({ doctor }) => [judgeBackup(await doctor.wechat.key('backup'))],
  },
  { ids: ['cert.bound'], look: certificate },
  { ids: ['cert.expiry'], look: async (deps) => [certificateEnd(deps)] },
  { ids: ['webhook.target'], look: async (deps) => [await receiver(deps)] },
  {
    ids: ['reviews.open'],
    look: async ({ lists }) => [judgeReviews(await lists.openReviews())],
  },
  { ids: ['bills.yesterday'], look: async (deps) => [await bill(deps)] },
  { ids: ['kv.keeps'], look: async (deps, isThorough) => [await archive(deps, isThorough)] },
  { ids: ['alerts.target'], look: async (deps, isThorough) => [await group(deps, isThorough)] },
  { ids: ['wechat.binding'], look: async () => [finding('wechat.binding', 'skip', 'by_hand')] },
]

async function store({ doctor }: CheckDeps): Promise<readonly Finding[]> {
  const begun = doctor.nowMs()
  const look = await doctor.store.look()
  return judgeStore({ ...look, ms: doctor.nowMs() - begun }, doctor.schema)
}

async function cron({ runs, now }: CheckDeps): Promise<readonly Finding[]> {
  const [facts, last] = await Promise.all([
    runs.health(now()),
    runs.list(Number.MAX_SAFE_INTEGER, RUNS_BEHIND + 1),
  ])
  const figures = last
    .filter(({ finishedAt }) => finishedAt !== undefined)
    .slice(0, RUNS_BEHIND)
    .map(({ report }) => ({ left: figure(report['left']), failed: figure(report['failed']) }))
  // How full the database may become is told by /health.
  return judgeCron({ ...facts, bytesMax: Infinity }, figures, now())
}

const figure = (value: unknown): number => (typeof value === 'number' ? value : 0)

async function certificate(
  { config, doctor }: CheckDeps,
  isThorough: boolean,
): Promise<readonly Finding[]> {
  const isBound = config.refundNotifyUrl !== undefined
  const isAsked = isBound && isThorough
  return [judgeCertificate(isBound, isAsked ? await doctor.wechat.certificate() : undefined)]
}

function certificateEnd({ config, now }: CheckDeps): Finding {
  const { certificateExpiresAt: at, refundNotifyUrl } = config
  return judgeCertificateEnd(at, refundNotifyUrl !== undefined, certificateHealth(at, now())[0])
}

async function receiver({ config, deliveries, doctor }: CheckDeps): Promise<Finding> {
  const id = 'webhook.target'
  if (config.webhookTarget === 'malformed') return finding(id, 'fail', 'malformed')
  if (doctor.lookAtReceiver === undefined) return finding(id, 'warn', 'unset')
  const newest = { at: Number.MAX_SAFE_INTEGER, key: '' }
  const { rows } = await deliveries.list(undefined, { before: newest, limit: WEBHOOKS })
  return judgeTried(rows) ?? judgeLook(await doctor.lookAtReceiver())
}

async function bill({ bills, now }: CheckDeps): Promise<Finding> {
  const today = dayOf(now())
  return judgeBill(await bills.find(addDays(today, -1)), today, now())
}

async function archive({ doctor }: CheckDeps, isThorough: boolean): Promise<Finding> {
  const id = 'kv.keeps'
  const { tryArchive } = doctor
  if (tryArchive === undefined) return finding(id, 'warn', 'absent')
  return !isThorough || (await tryArchive()) ? fine(id) : finding(id, 'warn', 'lost')
}

/** A test message, when it is asked for; otherwise what became of the last message. */
async function group(
  { alerts, doctor, sendAlert }: CheckDeps,
  isThorough: boolean,
): Promise<Finding> {
  if (sendAlert === undefined) return finding('alerts.target', 'skip', 'unset')
  if (isThorough) return judgeAlert(await sendAlert(TEST_ALERT, `doctor.${doctor.nowMs()}`))
  const { failure } = (await alerts.read(1)).state
  return judgeAlert(failure === undefined ? undefined : { failure, words: '' })
}
