import type { Secret } from '../lib/secret.ts'

/**
 * Who causes a change: `shop` (a request with the merchant token), `system` (the cron), `wechat` (a notice),
 * `payer` (`/pay` and `/result`), or an operator's name. An operator cannot have one of the four other names.
 */
export type Actor = string

/** The actors that are not operators. */
export const RESERVED_ACTORS: readonly Actor[] = ['shop', 'system', 'wechat', 'payer']

/** What an operator may do: a `viewer` only reads, an `operator` may do what the shop may. */
export type Role = 'viewer' | 'operator'

/** A person who may sign in beside the shop. `tokenSha256` is the SHA-256 of the token in lower-case hex. */
export type Operator = Readonly<{ name: Actor; role: Role; tokenSha256: Secret }>

/**
 * Whether a text can be the name of an operator: 1 to 32 letters, digits, `.`, `_` or `-`, a letter or digit first,
 * and not one of {@link RESERVED_ACTORS} in any case.
 */
export const isOperatorName = (text: string): boolean =>
  /^[0-9A-Za-z][0-9A-Za-z._-]{0,31}$/.test(text) && !RESERVED_ACTORS.includes(text.toLowerCase())
