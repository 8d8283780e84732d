/** The runtime without its own threads: every answer of it is there at once. */
import { installInstantCrypto } from './instant-crypto.ts'
import { installInstantStreams } from './instant-streams.ts'

/** @returns a function that puts the real runtime back. */
export function installInstant(): () => void {
  const restores = [installInstantCrypto(), installInstantStreams()]
  return () => restores.forEach((restore) => restore())
}
