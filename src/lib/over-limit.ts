/**
 * The messages of errors that say that an invocation made more outbound calls or database queries than the plan allows.
 *
 * @see https://developers.cloudflare.com/workers/platform/limits/#subrequests
 */
const OVER_LIMIT =
  /too many (subrequests|api requests|queries)|exceeded .{0,40}(subrequest|queries)/i

/** Whether an error says that the platform refused a call or a query because the invocation has made too many. */
export const isOverLimit = (error: unknown): boolean =>
  error instanceof Error && OVER_LIMIT.test(error.message)
