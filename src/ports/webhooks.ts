/** Sends webhooks to the shop. */
export interface WebhookSender {
  /**
   * Sends a webhook once, and never rejects. The webhook is delivered if the shop answers 2xx. Otherwise
   * `error` says why it is not: `status`, `timeout`, `no_answer` or `no_target`. `words` are the receiver's own
   * words, or those of the failed connection, for the log.
   *
   * @param message `id` is the `webhook-id`, `body` is JSON.
   */
  send(message: Readonly<{ id: string; body: string }>): Promise<
    Readonly<{
      delivered: boolean
      status: number | undefined
      error: string | undefined
      words?: string
    }>
  >
}
