/**
 * Who causes a change: `shop` (a request with the merchant token), `system` (the cron), `wechat` (a notice),
 * `payer` (`/pay` and `/result`), or an operator's name. An operator cannot have one of the four other names.
 */
export type Actor = string

/** The actors that are not operators. */
export const RESERVED_ACTORS: readonly Actor[] = ['shop', 'system', 'wechat', 'payer']
