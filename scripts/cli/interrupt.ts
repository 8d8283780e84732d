/**
 * Creates the signal that stops a command. It aborts with {@link Interrupted} on Ctrl-C, SIGTERM, a closed terminal
 * or a closed stdout pipe.
 */
export function onInterrupt(): AbortSignal {
  const controller = new AbortController()
  const interrupt = () => controller.abort(new Interrupted())
  // Every SIGINT has the same effect. A second SIGINT cannot mean "kill immediately", because npm forwards the
  // SIGINT that the terminal also sends to this process. Stopping has a time limit anyway.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, interrupt)
  process.stdout.on('error', interrupt)
  return controller.signal
}

/** The reason of the signal when the user or the system stops a command. It is not a failure of the command. */
export class Interrupted extends Error {}
