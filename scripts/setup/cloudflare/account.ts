/** Who the user is at Cloudflare, and which account is meant. */
import * as v from 'valibot'
import { baseOf, type Cloudflare, cloudflare, Refused } from './api.ts'
import { accountsOf } from './look.ts'
import type { Ask } from '../ask/questions.ts'
import { Stop, text, type Text } from '../words.ts'
import type { Account } from '../world.ts'
import type { Wrangler } from '../wrangler.ts'

type Headers = Readonly<Record<string, string>>

const Credentials = v.variant('type', [
  v.object({ type: v.picklist(['oauth', 'api_token']), token: v.string() }),
  v.object({ type: v.literal('api_key'), key: v.string(), email: v.string() }),
])

/** The login failed, so nothing could be looked at. */
export class NotLoggedIn extends Stop {}

const HOW = text(
  'Not logged in to Cloudflare. Run `npx wrangler login`, or set CLOUDFLARE_API_TOKEN (docs/deploy.md lists its permissions).',
  '尚未登录 Cloudflare。请运行 `npx wrangler login`，或设置环境变量 CLOUDFLARE_API_TOKEN（所需权限见 docs/deploy.zh-CN.md）。',
)

/** Logs in: with a token of the environment, as wrangler is logged in, or, at a terminal, in the browser. */
export async function logIn(
  env: NodeJS.ProcessEnv,
  wrangler: Wrangler,
  ask: Ask | undefined,
  say: (text: Text) => string,
  signal: AbortSignal,
): Promise<Cloudflare> {
  const token = env['CLOUDFLARE_API_TOKEN'] ?? env['CF_API_TOKEN'] ?? ''
  const headers = token === '' ? await storedLogin(wrangler) : bearer(token)
  if (headers !== undefined) return cloudflare(baseOf(env), headers, signal)
  const question = say(
    text(
      'Not logged in to Cloudflare. Log in with the browser now?',
      '尚未登录 Cloudflare。现在用浏览器登录吗？',
    ),
  )
  if (ask !== undefined && (await ask.confirm(question, true)) && (await wrangler.login())) {
    const after = await storedLogin(wrangler)
    if (after !== undefined) return cloudflare(baseOf(env), after, signal)
  }
  throw new NotLoggedIn(HOW, 2)
}

const bearer = (token: string): Headers => ({ authorization: `Bearer ${token}` })

/** The login that wrangler has stored; undefined when there is none. */
async function storedLogin(wrangler: Wrangler): Promise<Headers | undefined> {
  const output = await wrangler.run(['auth', 'token', '--json']).catch((error: unknown) => {
    if (error instanceof Stop) return ''
    throw error
  })
  const read = v.safeParse(v.pipe(v.string(), v.parseJson(), Credentials), output)
  if (!read.success) return undefined
  return read.output.type === 'api_key'
    ? { 'x-auth-key': read.output.key, 'x-auth-email': read.output.email }
    : bearer(read.output.token)
}

export type Chosen = Readonly<{
  account: Account
  /** Whether the id belongs into wrangler.toml, so that the next `npm run deploy` finds the account, too. */
  isToBeWritten: boolean
}>

/**
 * Finds the account.
 *
 * @param given The account of the options, of the environment and of wrangler.toml. An option may also be a name.
 */
export async function chooseAccount(
  api: Cloudflare,
  given: Readonly<{ option?: string; environment?: string; file?: string }>,
  ask: Ask | undefined,
  say: (text: Text) => string,
): Promise<Chosen> {
  const accounts = await accountsOf(api).catch((error: unknown) => {
    if (!(error instanceof Refused)) throw error
    const why = error.message
    throw new NotLoggedIn(
      text(
        `Cloudflare refused the login: ${why}. Log in again with \`npx wrangler login\`, or check CLOUDFLARE_API_TOKEN.`,
        `Cloudflare 拒绝了登录：${why}。请重新运行 \`npx wrangler login\`，或检查 CLOUDFLARE_API_TOKEN。`,
      ),
      2,
    )
  })
  const byName = (wanted: string) =>
    accounts.find(({ id, name }) => id === wanted || name === wanted)
  const list = accounts.map(({ id, name }) => `  ${id}  ${name}`).join('\n')
  const wanted = given.option ?? given.environment ?? given.file
  if (wanted !== undefined && wanted !== '') {
    // A token of an account may not list accounts.
    const account =
      byName(wanted) ?? (accounts.length === 0 ? { id: wanted, name: wanted } : undefined)
    if (account === undefined) {
      throw new Stop(
        text(
          `This login has no account ${wanted}. It has:\n${list}`,
          `当前登录没有账号 ${wanted}。可用的账号：\n${list}`,
        ),
      )
    }
    // wrangler follows the file.
    if (given.file !== undefined && given.file !== account.id) {
      throw new Stop(
        text(
          `wrangler.toml has account_id ${given.file}, and ${account.id} is wanted. Change one of them.`,
          `wrangler.toml 中的 account_id 是 ${given.file}，而指定的是 ${account.id}。请修改其中之一。`,
        ),
      )
    }
    return { account, isToBeWritten: given.option !== undefined && accounts.length > 1 }
  }
  const [only] = accounts
  if (only !== undefined && accounts.length === 1) return { account: only, isToBeWritten: false }
  if (ask !== undefined && accounts.length > 0) {
    const id = await ask.choose(
      say(text('Which account?', '使用哪个账号?')),
      accounts.map(({ id: value, name }) => ({ value, label: `${name} (${value})` })),
    )
    return { account: byName(id) ?? { id, name: id }, isToBeWritten: true }
  }
  throw new Stop(
    accounts.length === 0
      ? text(
          'This login shows no account. Name it with --account ID.',
          '当前登录没有列出任何账号。请用 --account ID 指定。',
        )
      : text(
          `This login has several accounts. Choose one with --account ID:\n${list}`,
          `当前登录有多个账号。请用 --account ID 指定一个：\n${list}`,
        ),
  )
}
