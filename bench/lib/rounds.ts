/** Measures several contenders in turn, so that what else the machine does falls on all of them. */
import type { Context } from './part.ts'

/** The samples of each contender, one for each round, in the order of the rounds. */
export type Samples<Name extends string, Sample> = Readonly<Record<Name, readonly Sample[]>>

/** Runs every contender once in each round: A B C, A B C, … */
export async function alternate<Name extends string, Sample>(
  contenders: Readonly<Record<Name, (round: number) => Promise<Sample>>>,
  rounds: number,
  { interrupted, progress }: Pick<Context, 'interrupted' | 'progress'>,
  title: string,
): Promise<Samples<Name, Sample>> {
  const names = Object.keys(contenders) as Name[]
  const samples = Object.fromEntries(names.map((name) => [name, [] as Sample[]])) as Record<
    Name,
    Sample[]
  >
  for (let round = 0; round < rounds; round++) {
    for (const name of names) {
      interrupted.throwIfAborted()
      progress(`${title}: round ${round + 1} of ${rounds}, ${name}`)
      samples[name].push(await contenders[name](round))
    }
  }
  return samples
}

/** The middle one of the numbers; NaN when there is none. */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const half = sorted.length >> 1
  const [low = NaN, high = NaN] = [sorted[half - 1], sorted[half]]
  return sorted.length % 2 === 1 ? high : (low + high) / 2
}

/**
 * The ratio of two contenders: the median over the rounds of what the one took by what the other took in the same round.
 * A quotient within a round differs less from run to run than the figures themselves.
 */
export const ratioOf = (of: readonly number[], by: readonly number[]): number =>
  median(of.map((each, round) => each / (by[round] ?? NaN)))

/** The value below which this share of the sorted numbers lies. */
export const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN

/** Rounds a number to this many significant digits, for the JSON. */
export const digits = (value: number, count = 3): number => Number(value.toPrecision(count))
