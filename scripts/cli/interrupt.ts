/** @returns a signal that aborts with {@link Interrupted} on Ctrl-C, SIGTERM, a closed terminal, or a closed stdout pipe. */
export function onInterrupt(): AbortSignal {
  const controller = new AbortController()
  const interrupt = () => controller.abort(new Interrupted())
  // npm forwards a SIGINT that the terminal has already sent to this process. So a second SIGINT does not mean
  // "stop harder", and need not: stopping has a time limit.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, interrupt)
  process.stdout.on('error', interrupt)
  return controller.signal
}

/** The user or the system asked the command to stop. Not a failure. */
export class Interrupted extends Error {}
