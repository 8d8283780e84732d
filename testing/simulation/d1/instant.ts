/** Makes the runtime deterministic: replaces its APIs that work on other threads by synchronous ones. */
import { installInstantCrypto } from './instant-crypto.ts'
import { installInstantStreams } from './instant-streams.ts'

/** Call it before any seed is played. @returns a function that restores the real APIs. */
export function installInstant(): () => void {
  const restores = [installInstantCrypto(), installInstantStreams()]
  return () => restores.forEach((restore) => restore())
}
