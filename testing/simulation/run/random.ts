/** Chance that can be repeated: one stream for each name, so that one part's draws never shift another's. */

export type Chance = Readonly<{
  /** 0 … below - 1 */
  below: (limit: number) => number
  /** Between two whole numbers, both included. */
  between: (from: number, to: number) => number
  happens: (rate: number) => boolean
  pick: <T>(choices: readonly T[]) => T
  bytes: (count: number) => Uint8Array
}>

/** @param name Says whose stream it is: `scheduler`, `shop of o1`. */
export function chanceOf(seed: number, name: string): Chance {
  let state = hash(`${seed} ${name}`)

  // splitmix32: short, and good in all its bits.
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
    bytes: (count) => Uint8Array.from({ length: count }, () => next() & 0xff),
  }
}

/** FNV-1a, 32 bits. */
export function hash(text: string): number {
  let value = 0x811c9dc5
  for (let i = 0; i < text.length; i++) {
    value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  }
  return value >>> 0
}
