/** The settings that the merchant has made on the merchant platform. */
export type PlatformSettings = {
  /**
   * The URL for notices of refunds whose request has no notify_url. If `undefined`, WeChat sends no notice of such a refund.
   */
  refundNotifyUrl: string | undefined
  /** The AppSecret of every mini program that is bound to the merchant number, by appid. */
  readonly miniPrograms: Map<string, string>
}
