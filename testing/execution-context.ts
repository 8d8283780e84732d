/** The context of a request to the Worker, for tests that call its handlers themselves. */

/** Background work is left to itself. The handlers use no other member, and the platform's type has many. */
export const ignoresBackground = { waitUntil: () => {} } as unknown as ExecutionContext
