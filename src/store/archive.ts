/** Raw bills in KV, in pieces: one value may have 25 MiB. */
import { concat } from '../core/read-limited.ts'
import type { UnixSeconds } from '../core/time.ts'
import type { BillArchive } from '../service/bill-port.ts'

const PART_BYTES_MAX = 8 * 1024 * 1024

export type Keep = Readonly<{
  put: (key: string, value: Uint8Array) => Promise<void>
  get: (key: string, type: 'arrayBuffer') => Promise<ArrayBuffer | null>
  delete: (key: string) => Promise<void>
}>

/** The key names the download, so that a piece is never overwritten and never half of another one. */
const keyOf = (day: string, fetchedAt: UnixSeconds | undefined, part: number): string =>
  `bill/${day}/${fetchedAt ?? 0}/${part}`

export function kvArchive(kv: Keep): BillArchive {
  return {
    async keep(day, fetchedAt, bytes) {
      let parts = 0
      let part: Uint8Array[] = []
      let length = 0
      async function flush(): Promise<void> {
        if (length === 0) return
        await kv.put(keyOf(day, fetchedAt, parts), concat(part))
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
      for (let part = 0; part < parts; part++) await kv.delete(keyOf(day, fetchedAt, part))
    },
    open({ day, fetchedAt, parts }) {
      let next = 0
      return new ReadableStream<Uint8Array>({
        async pull(controller) {
          if (next === parts) return controller.close()
          const part = await kv.get(keyOf(day, fetchedAt, next), 'arrayBuffer')
          // Not there yet where we look, or lost: what reads it takes a bill that breaks off for none.
          if (part === null) return controller.error(new Error('a piece of the bill is missing'))
          next++
          controller.enqueue(new Uint8Array(part))
        },
      })
    },
  }
}
