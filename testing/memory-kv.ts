import type { BlobStore } from '../src/store/bill/archive.ts'

/** A KV in memory, for the archive of raw bills. */
export function memoryKv(): BlobStore {
  const values = new Map<string, Uint8Array>()
  return {
    async put(key, value) {
      values.set(key, value.slice())
    },
    async delete(key) {
      values.delete(key)
    },
    async get(key) {
      const value = values.get(key)
      return value === undefined ? null : value.slice().buffer
    },
  }
}
