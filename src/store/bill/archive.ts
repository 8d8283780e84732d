/** Raw bills in KV, in pieces: one value may have 25 MiB. */
import type { UnixSeconds } from '../../core/time.ts'
import { type Timers, withDeadline } from '../../lib/deadline.ts'
import { concat } from '../../lib/limited-body.ts'
import type { BillArchive } from '../../ports/bill-archive.ts'

const PART_BYTES_MAX = 8 * 1024 * 1024
/** For one piece. A store that never answers must not take a run of the cron with it. */
const DEADLINE_MS = 20_000

export type BlobStore = Readonly<{
  put: (key: string, value: Uint8Array) => Promise<void>
  get: (key: string, type: 'arrayBuffer') => Promise<ArrayBuffer | null>
  delete: (key: string) => Promise<void>
}>

/** The key names the download, so that a piece is never overwritten and never half of another one. */
const keyOf = (day: string, fetchedAt: UnixSeconds | undefined, part: number): string =>
  `bill/${day}/${fetchedAt ?? 0}/${part}`

export function kvArchive(kv: BlobStore, timers: Timers): BillArchive {
  async function inTime<T>(work: () => Promise<T>): Promise<T> {
    const outcome = await withDeadline(timers, DEADLINE_MS, work)
    if (!outcome.done) throw new Error('the archive did not answer in time')
    return outcome.value
  }

  return {
    async put(day, fetchedAt, bytes) {
      let parts = 0
      let part: Uint8Array[] = []
      let length = 0
      async function flush(): Promise<void> {
        if (length === 0) return
        await inTime(() => kv.put(keyOf(day, fetchedAt, parts), concat(part)))
        parts++
        part = []
        length = 0
      }
      for (const chunk of bytes) {
        if (length + chunk.length > PART_BYTES_MAX) await flush()
        part.push(chunk)
        length += chunk.length
      }
      await flush()
      return parts
    },
    async drop({ day, fetchedAt, parts }) {
      for (let part = 0; part < parts; part++) {
        await inTime(() => kv.delete(keyOf(day, fetchedAt, part)))
      }
    },
    open({ day, fetchedAt, parts }) {
      let next = 0
      let isBroken = false
      const stream = new ReadableStream<Uint8Array>({
        async pull(controller) {
          if (next === parts) return controller.close()
          const key = keyOf(day, fetchedAt, next)
          const part = await inTime(() => kv.get(key, 'arrayBuffer')).catch(() => null)
          if (part === null) {
            // Not there yet where we look, or lost, or KV is away.
            isBroken = true
            return controller.error(new Error('a piece of the bill is missing'))
          }
          next++
          controller.enqueue(new Uint8Array(part))
        },
      })
      return { stream, isBroken: () => isBroken }
    },
  }
}
