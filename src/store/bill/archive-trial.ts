/** Tries the archive, as the doctor does when it is asked to. */
import { type Timers, withDeadline } from '../../lib/deadline.ts'
import type { BlobStore } from './archive.ts'

const DEADLINE_MS = 5_000

/**
 * Writes, reads and deletes one entry. @param name Is new each time, because KV remembers for a minute what it did not
 * have. @returns false when KV failed, was slow, or gave something else back.
 */
export async function tryArchive(kv: BlobStore, timers: Timers, name: string): Promise<boolean> {
  const key = `doctor/${name}`
  const written = new TextEncoder().encode(name)
  try {
    const outcome = await withDeadline(timers, DEADLINE_MS, async () => {
      await kv.put(key, written)
      const read = await kv.get(key, 'arrayBuffer')
      await kv.delete(key)
      return read !== null && new TextDecoder().decode(read) === name
    })
    return outcome.done && outcome.value
  } catch {
    return false
  }
}
