/** Test cases made of independent facts: every pair of deviations from a base case, and random cases in addition. */

/** The possible values of each fact; the first value is that of the base case. */
export type Facts = Readonly<Record<string, readonly unknown[]>>
export type Case<F extends Facts> = Readonly<{ [K in keyof F]: F[K][number] }>

/**
 * Makes the base case, every case that differs from it in one or two facts, and random cases.
 *
 * @param random The number of cases in which every fact has any of its values.
 * @param below A seeded source of whole numbers below a limit, so that a failure can be repeated.
 */
export function combinations<F extends Facts>(
  facts: F,
  random: number,
  below: (limit: number) => number,
): readonly Case<F>[] {
  const base = Object.fromEntries(Object.entries(facts).map(([name, [first]]) => [name, first]))
  const deviations = Object.entries(facts).flatMap(([name, [, ...others]]) =>
    others.map((value) => ({ name, value })),
  )
  const cases: Record<string, unknown>[] = [base]
  for (const [at, one] of deviations.entries()) {
    cases.push({ ...base, [one.name]: one.value })
    for (const two of deviations.slice(at + 1)) {
      if (two.name === one.name) continue
      cases.push({ ...base, [one.name]: one.value, [two.name]: two.value })
    }
  }
  for (let i = 0; i < random; i++) {
    cases.push(
      Object.fromEntries(
        Object.entries(facts).map(([name, values]) => [name, values[below(values.length)]]),
      ),
    )
  }
  return cases as Case<F>[]
}
