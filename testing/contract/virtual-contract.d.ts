/** Made by `validators.ts` from `openapi.json`, before the tests run. */
declare module 'virtual:contract' {
  /** Checks a value. `errors` are those of the last value. */
  type Check = ((value: unknown) => boolean) & {
    errors?: readonly { instancePath: string; message?: string; params: object }[] | null
  }
  /** An operation of the document. Checks are named; `null`: there is nothing to check. */
  type Operation = Readonly<{
    id: string
    method: string
    path: string
    responses: Readonly<
      Record<
        string,
        Readonly<{ checks: Readonly<Record<string, string | null>>; codes: readonly string[] }>
      >
    >
    inPath: string
    query: string
    body: string | null
  }>
  export const OPERATIONS: readonly Operation[]
  export const WEBHOOKS: Readonly<Record<string, string>>
  export const CHECKS: Readonly<Record<string, Check>>
}
