/** Bugs of the console, with which a stranger, another site or a viewer moves money; of alerts and metrics; and of the doctor. */
import type { Mutant } from './mutant.ts'

const ACTING = ['test/stories/console/acting.test.ts']
const SIGN_IN = ['test/stories/console/sign-in.test.ts']
const PAGES = ['test/stories/console/pages.test.ts']

/** The mutants with bugs in the console. */
export const CONSOLE_MUTANTS: readonly Mutant[] = [
  {
    name: 'A form without the token of its session is obeyed',
    file: 'console/respond.ts',
    find: 'if (!isOwn || !isOwnForm(request, deps))',
    replace: 'if (session === undefined || !isOwnForm(request, deps))',
    tests: ACTING,
  },
  {
    name: 'A form of another site is obeyed',
    file: 'console/respond.ts',
    find: 'if (!isOwn || !isOwnForm(request, deps))',
    replace: 'if (!isOwn)',
    tests: ACTING,
  },
  {
    name: 'A viewer may refund',
    file: 'console/respond.ts',
    find: "session.role !== 'operator'",
    replace: 'false',
    tests: PAGES,
  },
  {
    name: 'A session has no end',
    file: 'console/http/session.ts',
    find: 'if (deps.now() >= (Number(expiry) as UnixSeconds)) return undefined',
    replace: '',
    tests: SIGN_IN,
  },
  {
    name: 'A refund from the console may take any number',
    file: 'console/parts/refund-input.ts',
    find: 'return isOurs ? typed : nextNumber(view)',
    replace: 'return typed || nextNumber(view)',
    tests: ACTING,
  },
  {
    name: 'A text of the shop becomes HTML',
    file: 'console/view/markup.ts',
    find: "if (typeof value === 'string') return escaped(value)",
    replace: "if (typeof value === 'string') return value",
    tests: PAGES,
  },
]

const RULES = ['test/core/alert.test.ts']
const SENDER = ['test/webhooks/alert-sender.test.ts']
const STORIES = ['test/stories/alerts.test.ts']
const ALERT_ROWS = ['test/store/alerts.test.ts']

/** The mutants with bugs in alerts and metrics. */
export const ALERT_MUTANTS: readonly Mutant[] = [
  {
    name: 'A bot that refuses a message with HTTP 200 is believed to have it',
    file: 'webhooks/alert-sender.ts',
    find: 'return bot?.failure(answer)',
    replace: 'return undefined',
    tests: SENDER,
  },
  {
    name: 'A trouble that comes and goes is told every other minute',
    file: 'core/alert.ts',
    find: 'each.isTold && now >= later(each.seenAt, OVER_AFTER_S)',
    replace: 'each.isTold && now > each.seenAt',
    tests: RULES,
  },
  {
    name: 'A trouble is told every minute as long as it lasts',
    file: 'core/alert.ts',
    find: 'isTold: each.isTold || alert.began.includes(name)',
    replace: 'isTold: each.isTold',
    tests: RULES,
  },
  {
    name: 'Two runs at the same time tell the group the same',
    file: 'store/alerts.ts',
    find: "'coalesce((SELECT version FROM alerts), 0) = ?1'",
    replace: "'?1 = ?1'",
    tests: ALERT_ROWS,
  },
  {
    name: 'Reviews of a message that was refused are never told',
    file: 'service/run/tell-operators.ts',
    find: 'notTold(claimed, failed.failure, now), [], now)',
    replace: 'notTold(claimed, failed.failure, now), alert.reviews.map(({ id }) => id), now)',
    tests: STORIES,
  },
  {
    name: 'A wrong address of the group is called every minute',
    file: 'service/run/tell-operators.ts',
    find: ' || now < state.dueAt',
    replace: '',
    tests: STORIES,
  },
  {
    name: 'Any token opens the metrics',
    file: 'routes/operator/metrics.ts',
    find: 'if (!(await hasToken(request, metricsToken)))',
    replace: 'if (false)',
    tests: ['test/stories/metrics.test.ts'],
  },
]

const JUDGES = ['test/core/doctor/judges.test.ts']
const FINDS = ['test/stories/doctor.test.ts']
const DOCTOR_RUNS = ['test/stories/doctor-run.test.ts']

/** Bugs of the doctor, with which it calls a broken installation ready, or does harm itself. */
export const DOCTOR_MUTANTS: readonly Mutant[] = [
  {
    name: 'The doctor calls an installation ready although a check failed',
    file: 'core/doctor/finding.ts',
    find: "if (failed > 0) return { verdict: 'not_ready', count: failed }",
    replace: '',
    tests: JUDGES,
  },
  {
    name: 'A missing migration in the middle is not seen',
    file: 'core/doctor/state.ts',
    find: ' || count < schema.count',
    replace: '',
    tests: JUDGES,
  },
  {
    name: 'A PUBLIC_URL that leads to another site passes',
    file: 'core/doctor/installation.ts',
    find: 'LOOPBACK.includes(a.hostname) && LOOPBACK.includes(b.hostname) && a.port === b.port',
    replace: 'a.port === b.port',
    tests: JUDGES,
  },
  {
    name: 'The doctor calls WeChat as often as it is asked',
    file: 'service/doctor/checkup.ts',
    find: 'await recent.get(deps.now(), () => examine(deps, here, isThorough))',
    replace: 'await examine(deps, here, isThorough)',
    tests: DOCTOR_RUNS,
  },
  {
    name: 'Every look of the doctor sends the group a message',
    file: 'service/doctor/checks.ts',
    find: 'if (isThorough) return judgeAlert',
    replace: 'if (true) return judgeAlert',
    tests: DOCTOR_RUNS,
  },
  {
    name: 'What a bot says may show the secret address of the bot',
    file: 'service/doctor/checkup.ts',
    find: 'seen: doctor.guard(seen)',
    replace: 'seen',
    tests: DOCTOR_RUNS,
  },
  {
    name: 'A refusal about the signature passes as a WeChat that knows the key',
    file: 'wechat/v2/refusal.ts',
    find: "['key', /^SIGNERROR |",
    replace: "['known', /^SIGNERROR |",
    tests: ['test/wechat/v2/key-kind.test.ts'],
  },
  {
    name: 'The certificate of another merchant passes',
    file: 'wechat/v2/probes.ts',
    find: "if (reason === 'no_certificate') return { kind: 'refused', words: 'HTTP 400' }",
    replace: "if (reason === 'no_certificate') return { kind: 'known', words: '' }",
    tests: FINDS,
  },
  {
    name: 'A doctor that cannot reach WeChat makes the next payments go to the backup',
    file: 'wechat/v2/probes.ts',
    find: `      payOriginBackup: origin,
      timeLeft: () => DEADLINE_MS,
      health: new OriginHealth(),`,
    replace: `      timeLeft: () => DEADLINE_MS,`,
    tests: DOCTOR_RUNS,
  },
  {
    name: 'A stranger may read what is wrong with the configuration',
    file: 'misconfigured.ts',
    find: 'if (caller === undefined) {',
    replace: 'if (false) {',
    tests: FINDS,
  },
]
