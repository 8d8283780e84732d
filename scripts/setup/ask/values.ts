/** The values that the setup asks for: where each is found, and what is wrong with one. The Worker's own rules decide. */
import { readConfig } from '../../../src/config.ts'
import { text, type Text } from '../words.ts'

export type Value = Readonly<{
  name: string
  title: Text
  /** Where to find it. */
  where: Text
  /** The option of the command line; undefined for secrets, which are never options. */
  option: string | undefined
  /** Turns what people type into what the Worker reads. */
  normalize: (typed: string) => string
  /** What is wrong with a normalized value, and what to do; undefined when it is right. Never contains the value of a secret. */
  wrong: (value: string) => Text | undefined
}>

const CONSOLE_MINI = text(
  'mp.weixin.qq.com → 开发管理 → 开发设置 → 开发者ID',
  'mp.weixin.qq.com → 开发管理 → 开发设置 → 开发者ID',
)
const CONSOLE_SECRET = text(`${CONSOLE_MINI.en} (32 characters)`, `${CONSOLE_MINI.zh}（32 个字符）`)
const CONSOLE_KEY = text(
  'pay.weixin.qq.com → 账户中心 → API安全 → 设置 APIv2 密钥 (32 characters; it works some minutes after a change)',
  'pay.weixin.qq.com → 账户中心 → API安全 → 设置 APIv2 密钥（32 个字符，修改后几分钟生效）',
)

/** A configuration in which every value is right, so that a single value can be judged. */
const RIGHT: Readonly<Record<string, string>> = {
  WX_APPID: `wx${'0'.repeat(16)}`,
  WX_MCH_ID: '10000100',
  WX_APP_SECRET: 's'.repeat(32),
  WX_API_KEY: 'k'.repeat(32),
  PUBLIC_URL: 'https://pay.example.com',
  MERCHANT_TOKEN: 't'.repeat(32),
}

/** Whether the Worker would refuse this value. */
function isRefused(name: string, value: string): boolean {
  const config = readConfig({ ...RIGHT, [name]: value })
  return !config.ok || config.value.off.some(({ variables }) => variables.includes(name))
}

/** The names of the variables that the Worker would refuse to run with. Secrets that are at Cloudflare already count as right. */
export function refusedTogether(
  vars: object,
  secrets: object,
  hasCertificate: boolean,
): readonly string[] {
  const kept = Object.fromEntries(
    Object.entries(RIGHT).filter(
      ([name]) => !['WX_APPID', 'WX_MCH_ID', 'PUBLIC_URL'].includes(name),
    ),
  )
  const config = readConfig({
    ...kept,
    ...vars,
    ...secrets,
    ...(hasCertificate ? { WX_CERT: {} } : {}),
  })
  return config.ok ? [] : config.error
}

const trimmed = (typed: string): string => typed.trim()

/** `https://pay.example.com/` or `pay.example.com` → `https://pay.example.com`. What is no domain stays as it is. */
function originOf(typed: string): string {
  const bare = typed
    .trim()
    .replace(/^https:\/\//i, '')
    .replace(/\/$/, '')
  const url = URL.canParse(`https://${bare}`) ? new URL(`https://${bare}`) : undefined
  return url !== undefined && /^[^/:?#@]+$/.test(bare) ? url.origin : typed.trim()
}

/** The domain in PUBLIC_URL. */
export const domainOf = (publicUrl: string): string => publicUrl.replace(/^https:\/\//, '')

const DOMAIN = /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/

function wrongOrigin(origin: string): Text | undefined {
  if (!DOMAIN.test(domainOf(origin)) || isRefused('PUBLIC_URL', origin)) {
    return text(
      'The domain is a name such as pay.example.com: no path, no port, no IP address.',
      '请填写域名，例如 pay.example.com：不带路径和端口，也不能是 IP 地址。',
    )
  }
  if (/\.(workers|pages)\.dev$/.test(origin)) {
    return text(
      'workers.dev cannot be reached from mainland China. Use a domain of your own that is a zone of your Cloudflare account.',
      '中国大陆无法访问 workers.dev。请使用你自己的、已接入该 Cloudflare 账号的域名。',
    )
  }
  return undefined
}

/** Judges by the Worker's rule, with a sentence of ours. */
const byRule = (name: string, sentence: Text) => (value: string) =>
  isRefused(name, value) ? sentence : undefined

const APP_SECRET: Value = {
  name: 'WX_APP_SECRET',
  title: text('AppSecret of the mini program', '小程序 AppSecret'),
  where: CONSOLE_SECRET,
  option: undefined,
  normalize: trimmed,
  wrong: byRule(
    'WX_APP_SECRET',
    text(
      'The AppSecret has no spaces and at most 128 characters (it usually has 32).',
      'AppSecret 不含空格，最多 128 个字符（一般是 32 个）。',
    ),
  ),
}
const API_KEY: Value = {
  name: 'WX_API_KEY',
  title: text('API V2 key of the merchant', '商户 APIv2 密钥'),
  where: CONSOLE_KEY,
  option: undefined,
  normalize: trimmed,
  wrong: byRule(
    'WX_API_KEY',
    text('The API V2 key has exactly 32 characters.', 'APIv2 密钥必须正好 32 个字符。'),
  ),
}
const MERCHANT_TOKEN: Value = {
  name: 'MERCHANT_TOKEN',
  title: text("token of the shop's server", '商城服务器使用的令牌'),
  where: text(
    'made for you at a terminal; elsewhere you choose it: openssl rand -hex 32',
    '在终端里运行时自动生成；没有终端时由你生成：openssl rand -hex 32',
  ),
  option: undefined,
  normalize: trimmed,
  wrong: byRule(
    'MERCHANT_TOKEN',
    text(
      'MERCHANT_TOKEN has 32 to 512 characters and no spaces: openssl rand -hex 32',
      'MERCHANT_TOKEN 为 32 到 512 个字符，不含空格：openssl rand -hex 32',
    ),
  ),
}

/** The values that stand in `[vars]` and have no default. */
export const REQUIRED_VARS: readonly Value[] = [
  {
    name: 'WX_APPID',
    title: text('AppID of the mini program', '小程序 AppID'),
    where: CONSOLE_MINI,
    option: '--appid',
    normalize: trimmed,
    wrong: (value) =>
      /^wx[0-9a-z]{16}$/i.test(value) && !isRefused('WX_APPID', value)
        ? undefined
        : text('An AppID is "wx" and 16 letters and digits.', 'AppID 是 wx 加 16 位字母或数字。'),
  },
  {
    name: 'WX_MCH_ID',
    title: text('merchant number', '商户号'),
    where: text(
      'pay.weixin.qq.com → 账户中心 → 商户信息',
      'pay.weixin.qq.com → 账户中心 → 商户信息',
    ),
    option: '--mch-id',
    normalize: trimmed,
    wrong: (value) =>
      /^\d{8,10}$/.test(value) && !isRefused('WX_MCH_ID', value)
        ? undefined
        : text('A merchant number is 8 to 10 digits.', '商户号是 8 到 10 位数字。'),
  },
  {
    name: 'PUBLIC_URL',
    title: text('domain of this Worker', '此 Worker 的域名'),
    where: text(
      'a name in a zone of your Cloudflare account, such as pay.example.com. The mini program needs it to have an ICP filing (备案)',
      '你的 Cloudflare 账号中某个域名下的名称，如 pay.example.com。小程序要求该域名已完成 ICP 备案',
    ),
    option: '--domain',
    normalize: originOf,
    wrong: wrongOrigin,
  },
]

/** `PLAN` has a default. */
export const PLAN: Value = {
  name: 'PLAN',
  title: text('plan of the Cloudflare account', 'Cloudflare 账号的 Workers 套餐'),
  where: text(
    'dash.cloudflare.com → Workers & Pages → Plans. Take the paid plan for real money',
    'dash.cloudflare.com → Workers & Pages → Plans。正式收款请使用付费套餐',
  ),
  option: '--plan',
  normalize: trimmed,
  wrong: byRule('PLAN', text('PLAN is "paid" or "free".', 'PLAN 只能是 paid 或 free。')),
}

const SECRETS: Readonly<Record<string, Value>> = {
  [APP_SECRET.name]: APP_SECRET,
  [API_KEY.name]: API_KEY,
  [MERCHANT_TOKEN.name]: MERCHANT_TOKEN,
}

/** A secret that wrangler.toml requires. A name that the user added there has no rule. */
export const secretOf = (name: string): Value =>
  SECRETS[name] ?? {
    name,
    title: text(name, name),
    where: text('wrangler.toml requires it', 'wrangler.toml 要求提供'),
    option: undefined,
    normalize: trimmed,
    wrong: byRule(name, text(`${name} is not well-formed.`, `${name} 格式不正确。`)),
  }
