/** Ctrl-C, `kill`, a closed terminal, or nobody left to read us: all mean "stop, and leave nothing behind". */
export function onInterrupt(): AbortSignal {
  const controller = new AbortController()
  const interrupt = () => controller.abort(new Interrupted())
  // npm passes on what the terminal already sent: the second one is not impatience, and stopping is bounded anyway.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, interrupt)
  process.stdout.on('error', interrupt)
  return controller.signal
}

export class Interrupted extends Error {}
