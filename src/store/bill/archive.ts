/** Stores bills in KV as WeChat sent them, split into parts, because a KV value is limited to 25 MiB. */
import type { UnixSeconds } from '../../core/time.ts'
import { type Timers, withDeadline } from '../../lib/deadline.ts'
import { concat } from '../../lib/limited-body.ts'
import { wordsOf } from '../../lib/words.ts'
import type { BillArchive } from '../../ports/bill/bill-archive.ts'
import type { Log } from '../../ports/deps.ts'

const PART_BYTES_MAX = 8 * 1024 * 1024
/** The deadline of one KV call. A call that never completes must not block a run of the cron. */
const DEADLINE_MS = 20_000

/** The methods of a KV namespace that the archive uses. */
export type BlobStore = Readonly<{
  put: (key: string, value: Uint8Array) => Promise<void>
  get: (key: string, type: 'arrayBuffer') => Promise<ArrayBuffer | null>
  delete: (key: string) => Promise<void>
}>

/**
 * The KV key of one part of a bill. It contains the time of the download, so that a later download overwrites
 * no part of an earlier one, and parts of two downloads never mix.
 */
const keyOf = (day: string, fetchedAt: UnixSeconds | undefined, part: number): string =>
  `bill/${day}/${fetchedAt ?? 0}/${part}`

/**
 * Creates the archive of raw bills. When KV fails, or takes longer than 20 s for a part, KV's words are logged, and `put`
 * and `drop` reject; the stream that `open` returns ends with an error, and its `isBroken` returns true.
 */
export function kvArchive(kv: BlobStore, timers: Timers, log: Log): BillArchive {
  async function inTime<T>(key: string, work: () => Promise<T>): Promise<T> {
    try {
      const outcome = await withDeadline(timers, DEADLINE_MS, work)
      if (!outcome.done) throw new Error('the archive did not answer in time')
      return outcome.value
    } catch (error) {
      log({ event: 'archive_unavailable', key, error: wordsOf(error) })
      throw error
    }
  }

  return {
    async put(day, fetchedAt, bytes) {
      let parts = 0
      let part: Uint8Array[] = []
      let length = 0
      async function flush(): Promise<void> {
        if (length === 0) return
        const key = keyOf(day, fetchedAt, parts)
        await inTime(key, () => kv.put(key, concat(part)))
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
        const key = keyOf(day, fetchedAt, part)
        await inTime(key, () => kv.delete(key))
      }
    },
    open({ day, fetchedAt, parts }) {
      let next = 0
      let isBroken = false
      const stream = new ReadableStream<Uint8Array>({
        async pull(controller) {
          if (next === parts) return controller.close()
          const key = keyOf(day, fetchedAt, next)
          const part = await inTime(key, () => kv.get(key, 'arrayBuffer')).catch(() => null)
          if (part === null) {
            // KV is unavailable, has lost the part, or has not yet copied it to this Cloudflare location.
            isBroken = true
            return controller.error(new Error('a part of the bill is missing in the archive'))
          }
          next++
          controller.enqueue(new Uint8Array(part))
        },
      })
      return { stream, isBroken: () => isBroken }
    },
  }
}
