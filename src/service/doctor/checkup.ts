/** Runs the doctor: all checks side by side, each with a deadline, at most once in half a minute. */
import {
  byUrgency,
  type Checkup,
  type Finding,
  finding,
  verdictOf,
} from '../../core/doctor/finding.ts'
import { judgePublicUrl } from '../../core/doctor/installation.ts'
import { withDeadline } from '../../lib/deadline.ts'
import { detailsOf } from '../../lib/words.ts'
import type { Deps } from '../../ports/deps.ts'
import type { KeptCheckup } from '../../ports/doctor.ts'
import { StoreNotMigrated, StoreUnavailable } from '../../ports/store.ts'
import { type Check, type CheckDeps, CHECKS } from './checks.ts'

export type CheckupDeps = CheckDeps & Pick<Deps, 'checkups' | 'log'>

/** The deadline of each check, in milliseconds. A call to WeChat has a shorter one of its own. */
const CHECK_MS = 8_000

/**
 * The findings of a run that is at most 30 seconds old, or else of a new one.
 *
 * @param origin The origin of the request, which `PUBLIC_URL` should be. @param isThorough Whether checks may leave a
 *   trace: an entry of KV, a refused refund at WeChat, a message to the group.
 */
export async function runDoctor(
  deps: CheckupDeps,
  origin: string,
  isThorough: boolean,
): Promise<KeptCheckup> {
  const { checkups, doctor } = deps
  const here = judgePublicUrl(doctor.installation, origin)
  const recent = isThorough ? checkups.thorough : checkups.usual
  const { checkup, isKept } = await recent.get(deps.now(), () => examine(deps, here, isThorough))
  const others = checkup.findings.filter(({ id }) => id !== here.id)
  return { checkup: { ...checkup, findings: byUrgency([here, ...others]) }, isKept }
}

async function examine(
  deps: CheckupDeps,
  here: Finding,
  isThorough: boolean,
): Promise<KeptCheckup> {
  const { doctor, log, now } = deps
  const found = await Promise.all(CHECKS.map((check) => examineOne(deps, check, isThorough)))
  const findings = [here, ...found.flat()].map(({ seen, ...rest }) =>
    seen === undefined ? rest : { ...rest, seen: doctor.guard(seen) },
  )
  const checkup = { at: now(), isThorough, findings }
  const { verdict, count } = verdictOf(findings)
  log({ event: 'doctor_run', verdict, count, thorough: isThorough })
  return { checkup, isKept: await keep(deps, checkup) }
}

async function examineOne(
  deps: CheckupDeps,
  { ids, look }: Check,
  isThorough: boolean,
): Promise<readonly Finding[]> {
  const { timers } = deps.doctor
  try {
    const outcome = await withDeadline(timers, CHECK_MS, () => look(deps, isThorough))
    return outcome.done ? outcome.value : ids.map((id) => finding(id, 'warn', 'late'))
  } catch (error) {
    return failed(deps, ids, error)
  }
}

/** A database that is away or not migrated is told by the checks of the database; the others cannot look. */
function failed({ log }: CheckupDeps, ids: readonly string[], error: unknown): readonly Finding[] {
  const isAway = error instanceof StoreUnavailable
  if (!isAway && !(error instanceof StoreNotMigrated)) {
    log({ event: 'internal_error', ...detailsOf(error) })
    return ids.map((id) => finding(id, 'fail', 'broken'))
  }
  return ids.map((id) => {
    if (id === 'store.answers')
      return isAway ? finding(id, 'fail', 'away') : finding(id, 'ok', 'ok')
    if (id === 'store.migrations' && !isAway) return finding(id, 'fail', 'behind', 'none')
    return finding(id, 'skip', 'no_store')
  })
}

/** The console shows the last run; without the database it shows none, and the run itself is as good. */
async function keep({ doctor, log }: CheckupDeps, checkup: Checkup): Promise<boolean> {
  try {
    await doctor.store.save(checkup)
    return true
  } catch (error) {
    log({ event: 'doctor_run_not_kept', ...detailsOf(error) })
    return false
  }
}

/** The last run that was kept; undefined when there is none, or the database cannot say it. */
export async function lastCheckup({ doctor }: Pick<Deps, 'doctor'>): Promise<Checkup | undefined> {
  try {
    return await doctor.store.last()
  } catch (error) {
    if (error instanceof StoreUnavailable || error instanceof StoreNotMigrated) return undefined
    throw error
  }
}
