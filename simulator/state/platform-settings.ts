/** What the merchant has set on the merchant platform. */
export type PlatformSettings = {
  /** Where notices of refunds go whose request named no notify_url; `undefined` sends them nowhere. */
  refundNotifyUrl: string | undefined
}
