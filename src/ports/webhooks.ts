export interface WebhookSender {
  /** Sends once. 2xx is success; anything else, or nothing, is told by `error`. */
  send(
    message: Readonly<{ id: string; body: string }>,
  ): Promise<
    Readonly<{ delivered: boolean; status: number | undefined; error: string | undefined }>
  >
}
