/** Collects every value before anything is made: from options, the environment, wrangler.toml, and a person. */
import { randomBytes } from 'node:crypto'
import { type Certificate, readCertificate } from './certificate.ts'
import type { Options } from './options.ts'
import type { Ask } from './questions.ts'
import { domainOf, PLAN, refusedTogether, REQUIRED_VARS, secretOf, type Value } from './values.ts'
import { Stop, text, type Text } from '../words.ts'
import type { Answers } from '../world.ts'
import type { Installation } from '../toml/wrangler-file.ts'

/** The bytes of a token that the setup makes. */
const TOKEN_BYTES = 32

type Sources = Readonly<{
  options: Options
  env: NodeJS.ProcessEnv
  installation: Installation
  /** The names of the secrets that the Worker has already. They are not asked for. */
  secretsThere: readonly string[]
  ask: Ask | undefined
  say: (text: Text) => string
  nowMs: number
}>

export type Collected = Readonly<{
  answers: Answers
  /** A MERCHANT_TOKEN that was made here. It must be shown to the user, because Cloudflare shows no secret again. */
  newToken: string | undefined
  /** What the real run would need. Only a dry run goes on without it. */
  missing: readonly Value[]
}>

/**
 * Collects the values.
 *
 * @throws Stop with everything that is wrong or missing, all together.
 */
export async function collect(sources: Sources): Promise<Collected> {
  const { options, env, installation, secretsThere, ask } = sources
  const given = (value: Value): string =>
    value.normalize(
      options.values[value.name] || env[value.name] || installation.vars[value.name] || '',
    )
  const secrets = installation.secrets.filter((name) => !secretsThere.includes(name)).map(secretOf)
  const all = [...REQUIRED_VARS, PLAN, ...secrets].map((value) => ({ value, now: given(value) }))
  const isAsking = ask !== undefined && !options.isDryRun

  const wrong = all.flatMap(({ value, now }) => {
    const why = now === '' ? undefined : value.wrong(now)
    return why === undefined ? [] : [{ value, why }]
  })
  const missing = all
    .filter(({ value, now }) => now === '' && value !== PLAN)
    .map(({ value }) => value)
  const isRefused = wrong.length > 0 || (missing.length > 0 && !isAsking && !options.isDryRun)
  if (isRefused) throw new Stop(refusal(wrong, isAsking || options.isDryRun ? [] : missing))

  const found = Object.fromEntries(all.map(({ value, now }) => [value.name, now]))
  const newToken =
    isAsking && missing.some(({ name }) => name === 'MERCHANT_TOKEN')
      ? randomBytes(TOKEN_BYTES).toString('hex')
      : undefined
  if (newToken !== undefined) found['MERCHANT_TOKEN'] = newToken
  if (isAsking) {
    for (const value of missing) {
      if (found[value.name] === '') found[value.name] = await askFor(value, ask, sources.say)
    }
    if (found['PLAN'] === '' && !options.isYes) found['PLAN'] = await askPlan(ask, sources.say)
  }
  const certificate = await certificateOf(sources, found['WX_MCH_ID'], isAsking ? ask : undefined)

  const pick = (names: readonly string[]): Record<string, string> =>
    Object.fromEntries(names.flatMap((name) => (found[name] ? [[name, found[name]]] : [])))
  const vars = {
    ...pick([...REQUIRED_VARS, PLAN].map(({ name }) => name)),
    ...(certificate === undefined ? {} : { WX_CERT_EXPIRES: certificate.lastDay }),
  }
  const answers: Answers = {
    vars,
    secrets: pick(secrets.map(({ name }) => name)),
    domain: domainOf(found['PUBLIC_URL'] ?? ''),
    certificate,
  }
  if (missing.length === 0 || isAsking) requireTogether(answers, installation)
  return { answers, newToken, missing: isAsking ? [] : missing }
}

/** What a person sees in front of a question, or in the list of what is missing. */
const nameOf = ({ name, title }: Value, say: (text: Text) => string): string =>
  title.en === name ? name : `${say(title)} (${name})`

async function askFor(value: Value, ask: Ask, say: (text: Text) => string): Promise<string> {
  const question = {
    message: nameOf(value, say),
    where: say(value.where),
    wrong: (typed: string) => {
      const why = value.wrong(value.normalize(typed))
      return why === undefined ? undefined : say(why)
    },
  }
  const typed = value.option === undefined ? await ask.secret(question) : await ask.text(question)
  return value.normalize(typed)
}

const askPlan = (ask: Ask, say: (text: Text) => string): Promise<string> =>
  ask.choose(`${nameOf(PLAN, say)}: ${say(PLAN.where)}`, [
    { value: 'paid', label: say(text('paid', '付费 (paid)')) },
    { value: 'free', label: say(text('free', '免费 (free)')) },
  ])

/** The certificate of the options, or of an answer. */
async function certificateOf(
  { options, installation, say, nowMs }: Sources,
  merchant: string | undefined,
  ask: Ask | undefined,
): Promise<Certificate | undefined> {
  const read = (path: string): Certificate =>
    readCertificate(path, options.certificateKey, merchant || undefined, nowMs)
  if (options.certificate !== undefined) return read(options.certificate)
  const isKnown =
    options.withoutCertificate || options.isYes || installation.certificateId !== undefined
  if (ask === undefined || isKnown) return undefined
  const path = await ask.text({
    message: say(
      text(
        'Path of the merchant certificate apiclient_cert.pem; Enter for none (refunds then answer 501)',
        '商户证书 apiclient_cert.pem 的路径；直接回车表示没有（退款接口将返回 501）',
      ),
    ),
    where: say(
      text(
        'pay.weixin.qq.com → 账户中心 → API安全 → 申请 API 证书. Its key apiclient_key.pem stands beside it',
        'pay.weixin.qq.com → 账户中心 → API安全 → 申请 API 证书。私钥 apiclient_key.pem 在同一目录',
      ),
    ),
    wrong: (typed) => {
      try {
        if (typed.trim() !== '') read(typed.trim())
        return undefined
      } catch (error) {
        if (error instanceof Stop) return say(error.text)
        throw error
      }
    },
  })
  return path.trim() === '' ? undefined : read(path.trim())
}

/** @throws Stop when the Worker would not run with these values side by side. */
function requireTogether(
  { vars, secrets, certificate }: Answers,
  installation: Installation,
): void {
  const hasCertificate = certificate !== undefined || installation.certificateId !== undefined
  const names = refusedTogether({ ...installation.vars, ...vars }, secrets, hasCertificate)
  if (names.length === 0) return
  const [list, isTwice] = [names.join(', '), names.includes('WX_APP_SECRET')]
  throw new Stop(
    isTwice
      ? text(
          'WX_APP_SECRET and WX_API_KEY are the same value: one of them was pasted twice.',
          'WX_APP_SECRET 与 WX_API_KEY 相同：其中一个粘贴错了。',
        )
      : text(
          `The Worker would not run with these values: ${list}. The README describes each. LATE_PAYMENT=refund needs the certificate.`,
          `Worker 无法使用以下配置：${list}。各项说明见 README。LATE_PAYMENT=refund 需要商户证书。`,
        ),
  )
}

function refusal(
  wrong: readonly Readonly<{ value: Value; why: Text }>[],
  missing: readonly Value[],
): Text {
  const line = (language: 'en' | 'zh') => (value: Value) => {
    const how = value.option === undefined ? value.name : `${value.option} / ${value.name}`
    return `  ${how}: ${value.title[language]}; ${value.where[language]}`
  }
  const lines = (language: 'en' | 'zh'): string[] => [
    ...(wrong.length === 0 ? [] : [{ en: 'Wrong:', zh: '以下值有误：' }[language]]),
    ...wrong.map(({ value, why }) => `  ${value.name}: ${why[language]}`),
    ...(missing.length === 0
      ? []
      : [
          {
            en: 'Missing. Without a terminal, give options, or environment variables for secrets:',
            zh: '缺少以下值。没有终端时，请用选项传入；密钥请用环境变量传入：',
          }[language],
        ]),
    ...missing.map(line(language)),
    { en: 'Nothing was changed.', zh: '未做任何修改。' }[language],
  ]
  return text(lines('en').join('\n'), lines('zh').join('\n'))
}
