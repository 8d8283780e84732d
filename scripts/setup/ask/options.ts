/** The options of `npm run setup`, and its help. */
import { CliError, readOptions } from '../../cli/command.ts'
import { languageOf, type Language } from '../words.ts'

const HELP: Readonly<Record<Language, string>> = {
  en: `Installs the Worker in your Cloudflare account: database, certificate, wrangler.toml, migrations, secrets, domain.
It looks first, shows every command, asks, and then does only what is missing. Run it again at any time.

Usage: npm run setup -- [options]

  --dry-run             look and show what would be done; change nothing
  --yes, -y             do not ask for confirmation, and take the defaults of optional values
  --env staging         set up a second Worker for trials, with a database, secrets and a domain of its own
  --appid ID            the mini program's AppID                      (or the environment variable WX_APPID)
  --mch-id NUMBER       the merchant number                           (or WX_MCH_ID)
  --domain NAME         the Worker's own domain, pay.example.com      (or PUBLIC_URL)
  --plan PLAN           of the Cloudflare account: "paid" or "free"   (or PLAN)
  --cert FILE           the merchant certificate, apiclient_cert.pem; without it refunds answer 501
  --cert-key FILE       its key; default: apiclient_key.pem beside the certificate
  --no-cert             do not ask for a certificate
  --account ID          the Cloudflare account, if you have several   (or CLOUDFLARE_ACCOUNT_ID)
  --replace-domain      take the domain over from a DNS record or from another Worker; --yes alone never does
  --no-doctor           do not run the doctor at the end
  --json                print one JSON document to standard output, and ask nothing
  --lang en|zh          the language; default: that of the terminal
  --config FILE         another wrangler.toml
  --help                print this text

Secrets are never options. A terminal asks for them; elsewhere set WX_APP_SECRET, WX_API_KEY and MERCHANT_TOKEN in the
environment. They go to Cloudflare through a pipe, and to no file. At a terminal, MERCHANT_TOKEN is made for you.

Exit code: 0 installed (the doctor may have warnings), 1 a step or a check failed, 2 could not look (no login, no
network), 130 interrupted.
`,
  zh: `把 Worker 安装到你的 Cloudflare 账号：数据库、证书、wrangler.toml、数据库迁移、密钥、域名。
先查看现状，列出每条命令，经你确认后只做缺少的部分。可以随时重复运行。

用法：npm run setup -- [选项]

  --dry-run             只查看并显示将要做什么，不做任何修改
  --yes, -y             不再确认，可选项使用默认值
  --env staging         另外安装一个测试用的 Worker，有自己的数据库、密钥和域名
  --appid ID            小程序 AppID                          （或环境变量 WX_APPID）
  --mch-id NUMBER       商户号                                （或 WX_MCH_ID）
  --domain NAME         Worker 自己的域名，如 pay.example.com  （或 PUBLIC_URL）
  --plan PLAN           Cloudflare 账号的套餐：paid 或 free    （或 PLAN）
  --cert FILE           商户证书 apiclient_cert.pem；没有证书时退款接口返回 501
  --cert-key FILE       证书私钥；默认是证书旁边的 apiclient_key.pem
  --no-cert             不询问证书
  --account ID          有多个 Cloudflare 账号时指定一个      （或 CLOUDFLARE_ACCOUNT_ID）
  --replace-domain      允许从已有的 DNS 记录或其他 Worker 接管域名；只有 --yes 时不会接管
  --no-doctor           最后不运行检查
  --json                向标准输出打印一个 JSON 文档，不提问
  --lang en|zh          语言；默认与终端一致
  --config FILE         使用另一个 wrangler.toml
  --help                显示本说明

密钥不能作为选项传入。有终端时会提问；没有终端时用环境变量 WX_APP_SECRET、WX_API_KEY、MERCHANT_TOKEN 传入。
密钥通过管道交给 Cloudflare，不写入任何文件。有终端时，MERCHANT_TOKEN 会自动生成。

退出码：0 安装完成（检查可能有警告），1 某一步或某项检查失败，2 无法查看（未登录或没有网络），130 被中断。
`,
}

export type Options = Readonly<{
  isDryRun: boolean
  isYes: boolean
  isJson: boolean
  withDoctor: boolean
  replaceDomain: boolean
  withoutCertificate: boolean
  environment: 'staging' | undefined
  language: Language
  account: string | undefined
  configPath: string | undefined
  certificate: string | undefined
  certificateKey: string | undefined
  /** Values that were given as options, by variable. */
  values: Readonly<Record<string, string>>
}>

/** Reads the command line. @returns the options, or the help to print. @throws CliError */
export function readSetupOptions(env: NodeJS.ProcessEnv): Options | Readonly<{ help: string }> {
  const { values } = readOptions({
    'dry-run': { type: 'boolean', default: false },
    yes: { type: 'boolean', short: 'y', default: false },
    env: { type: 'string' },
    appid: { type: 'string' },
    'mch-id': { type: 'string' },
    domain: { type: 'string' },
    plan: { type: 'string' },
    cert: { type: 'string' },
    'cert-key': { type: 'string' },
    'no-cert': { type: 'boolean', default: false },
    account: { type: 'string' },
    'replace-domain': { type: 'boolean', default: false },
    'no-doctor': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    lang: { type: 'string' },
    config: { type: 'string', short: 'c' },
    help: { type: 'boolean', short: 'h', default: false },
  })
  const language = readLanguage(values.lang, env)
  if (values.help) return { help: HELP[language] }
  if (values.env !== undefined && values.env !== 'staging') {
    throw new CliError(`--env takes "staging", not "${values.env}".`)
  }
  if (values['no-cert'] && (values.cert ?? values['cert-key']) !== undefined) {
    throw new CliError('--no-cert does not go with --cert.')
  }
  if (values.cert === undefined && values['cert-key'] !== undefined) {
    throw new CliError('--cert-key needs --cert.')
  }
  return {
    isDryRun: values['dry-run'],
    isYes: values.yes,
    isJson: values.json,
    withDoctor: !values['no-doctor'],
    replaceDomain: values['replace-domain'],
    withoutCertificate: values['no-cert'],
    environment: values.env,
    language,
    account: values.account,
    configPath: values.config,
    certificate: values.cert,
    certificateKey: values['cert-key'],
    values: Object.fromEntries(
      Object.entries({
        WX_APPID: values.appid,
        WX_MCH_ID: values['mch-id'],
        PUBLIC_URL: values.domain,
        PLAN: values.plan,
      }).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
    ),
  }
}

function readLanguage(given: string | undefined, env: NodeJS.ProcessEnv): Language {
  if (given === undefined) return languageOf(env)
  if (given === 'en' || given === 'zh') return given
  throw new CliError(`--lang takes "en" or "zh", not "${given}".`)
}
