/** Repeatable randomness: one independent stream for each name, so that draws of one part never change those of another. */

/** A repeatable stream of random draws. */
export type Chance = Readonly<{
  /** A whole number from 0 to `limit - 1`. */
  below: (limit: number) => number
  /** A whole number from `from` to `to`, both included. */
  between: (from: number, to: number) => number
  /** True with this probability, 0 to 1. */
  happens: (rate: number) => boolean
  /** One of the choices. @throws RangeError when there is none. */
  pick: <T>(choices: readonly T[]) => T
  bytes: (count: number) => Uint8Array
}>

/**
 * Creates a stream of random draws.
 *
 * @param name The user of the stream, such as `scheduler` or `shop of o1`. The name decides the draws, so renaming a stream
 *   makes every seed play another run. That is why some names are older than the code that uses them (`morning`, `healing`,
 *   `whims`).
 */
export function chanceOf(seed: number, name: string): Chance {
  let state = hash(`${seed} ${name}`)

  // splitmix32: short, and all its bits are of good quality.
  const next = (): number => {
    state = (state + 0x9e3779b9) | 0
    let z = state
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return (z ^ (z >>> 15)) >>> 0
  }
  const below = (limit: number): number => Math.floor((next() / 2 ** 32) * limit)

  return {
    below,
    between: (from, to) => from + below(to - from + 1),
    happens: (rate) => rate > 0 && next() / 2 ** 32 < rate,
    pick(choices) {
      const choice = choices[below(choices.length)]
      if (choice === undefined) throw new RangeError('nothing to choose from')
      return choice
    },
    bytes(count) {
      const bytes = new Uint8Array(count)
      for (let at = 0; at < count; at++) bytes[at] = next() & 0xff
      return bytes
    },
  }
}

/** FNV-1a hash with 32 bits. */
export function hash(text: string): number {
  let value = 0x811c9dc5
  for (let i = 0; i < text.length; i++) {
    value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  }
  return value >>> 0
}
