/**
 * Loaded by Node before wrangler (`--import`): adds command-line arguments that this process gets in a message. The
 * arguments of a process are visible to every user of the machine (`ps`), and these have the Worker's secrets.
 *
 * wrangler starts threads, which load this file, too, and have no parent to wait for.
 */
import { once } from 'node:events'
import { isMainThread } from 'node:worker_threads'

if (isMainThread && process.send !== undefined) {
  // A parent that is killed with SIGKILL cannot stop this process, but its IPC channel closes then.
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
  const [secret]: string[][] = await once(process, 'message')
  process.argv.push(...(secret ?? []))
  process.channel?.unref()
}
