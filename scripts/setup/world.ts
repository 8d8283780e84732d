/** What every step of the setup gets. */
import type { Certificate } from './ask/certificate.ts'
import type { Cloudflare } from './cloudflare/api.ts'
import type { Ask } from './ask/questions.ts'
import type { Language, Text } from './words.ts'
import type { Wrangler } from './wrangler.ts'
import type { Environment } from './toml/wrangler-file.ts'

/** What the user wants, complete and checked. */
export type Answers = Readonly<{
  /** Values of `[vars]` that shall stand in wrangler.toml. */
  vars: Readonly<Record<string, string>>
  /** Secrets that the Worker lacks. Only a deploy reads them. */
  secrets: Readonly<Record<string, string>>
  /** The Worker's domain, `pay.example.com`. */
  domain: string
  /** A certificate to bind; undefined to leave things as they are. */
  certificate: Certificate | undefined
}>

export type Account = Readonly<{ id: string; name: string }>

export type World = Readonly<{
  language: Language
  environment: Environment
  /** The path of wrangler.toml. Its folder is the project's. */
  configPath: string
  account: Account
  /** An account id to write into wrangler.toml, because the login has several accounts. */
  accountId: string | undefined
  answers: Answers
  cloudflare: Cloudflare
  wrangler: Wrangler
  /** Undefined where no person can answer. */
  ask: Ask | undefined
  /** Whether a domain may be taken from another owner without asking. */
  replaceDomain: boolean
  print: (line?: string) => void
  say: (text: Text) => string
  /** What a person agreed to replace, so that it is asked once. */
  approved: Set<string>
}>
