/** Returns random bytes, as many as requested. All randomness in the simulator comes from one such source. */
export type Random = (bytes: number) => Uint8Array

const DIGITS = '0123456789'
const HEX = '0123456789abcdef'
const ALPHANUMERICS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const URL_SAFE = `${ALPHANUMERICS}_-`

/** A source of real randomness, from the runtime. */
export const cryptoRandom: Random = (bytes) => crypto.getRandomValues(new Uint8Array(bytes))

/**
 * A source that gives the same bytes for the same seed (xorshift32), so that a failing test can be repeated. Not for secrets.
 */
export function seededRandom(seed: number): Random {
  let state = Math.imul(seed, 0x9e3779b1) >>> 0 || 1
  const next = () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % 256
  }
  return (bytes) => Uint8Array.from({ length: bytes }, next)
}

export const drawDigits = (random: Random, length: number) => draw(random, length, DIGITS)
export const drawHex = (random: Random, length: number) => draw(random, length, HEX)
export const drawAlphanumerics = (random: Random, length: number) =>
  draw(random, length, ALPHANUMERICS)
export const drawUrlSafe = (random: Random, length: number) => draw(random, length, URL_SAFE)

/** Draws whether an event of probability `rate` happens. A rate of 0 draws no bytes. */
export function happens(random: Random, rate: number): boolean {
  if (rate <= 0) return false
  const [high = 0, low = 0] = random(2)
  return (high * 256 + low) / 65_536 < rate
}

/** Picks one of the choices at random. The distribution is uniform enough for a simulator. */
export function pick<T>(random: Random, choices: readonly [T, ...T[]]): T {
  const [byte = 0] = random(1)
  return choices[byte % choices.length] ?? choices[0]
}

function draw(random: Random, length: number, alphabet: string): string {
  let text = ''
  for (const byte of random(length)) text += alphabet.charAt(byte % alphabet.length)
  return text
}
