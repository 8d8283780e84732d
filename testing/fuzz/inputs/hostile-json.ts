/** Almost valid JSON, and JSON that attacks a parser: deep nesting, huge numbers, `__proto__`. */
import type { Chance } from '../../simulation/run/random.ts'
import { mutateText, ODD_TEXTS } from './bytes.ts'

/** Picks an attack on a JSON parser and returns it as the text of a request body. */
export function hostileJson(chance: Chance): string {
  const many = chance.pick([10, 1_000, 30_000])
  const all: readonly (() => string)[] = [
    () => '['.repeat(many) + ']'.repeat(many),
    () => '['.repeat(many),
    () => '{"a":'.repeat(many / 5) + '1' + '}'.repeat(many / 5),
    () => `{"total_fee":${'9'.repeat(many)},"body":"x"}`,
    () => `{"total_fee":1e${many},"body":"x"}`,
    () => `{"total_fee":1,"total_fee":2,"body":"x"}`,
    () => `{"__proto__":{"total_fee":1,"body":"x"}}`,
    () => `{"total_fee":1,"body":"x","__proto__":{"openid":"x"}}`,
    () => `{"total_fee":1,"body":"x","constructor":{"prototype":{"a":1}}}`,
    () => `{"total_fee":1,"body":"x","toString":"x","hasOwnProperty":1}`,
    () => `{"total_fee":1,"body":"${'\\u0000'.repeat(3)}"}`,
    () => `{"total_fee":1,"body":"\\ud800"}`,
    () => `\ufeff{"total_fee":1,"body":"x"}`,
    () => `{"total_fee":1,"body":"x"} {"total_fee":2}`,
    () => `{'total_fee':1}`,
    () => `{"total_fee":1,"body":"x",}`,
    () => `{${Array.from({ length: Math.min(many, 4_000) }, (_, n) => `"k${n}":${n}`).join()}}`,
    () => `[${'1,'.repeat(Math.min(many, 20_000))}1]`,
    () => JSON.stringify('x'.repeat(many)),
    () => chance.pick(['', 'null', 'true', '0', '""', '[]', '{}', 'NaN', '-', '"\\x"', ' ']),
    () => `{"code":["a"],"ordercode":{"a":1}}`,
    () => `{"note":${JSON.stringify(chance.pick(ODD_TEXTS))},"action":"accept"}`,
  ]
  return chance.pick(all)()
}

const LENGTHS = [0, 1, 31, 32, 33, 42, 43, 126, 127, 128, 5_999, 6_000, 6_001]

/** A JSON value of any type, often at the limit of what is allowed. */
export const strangeValue = (chance: Chance): unknown =>
  chance.pick<() => unknown>([
    () => chance.pick(ODD_TEXTS),
    () => chance.pick(['x', '中', '👍']).repeat(chance.pick(LENGTHS)),
    () =>
      chance.pick([0, -0, 1, -1, 1.5, 299, 300, 604_800, 604_801, 1e9, 1e9 + 1, 2 ** 53, 1e308]),
    () => chance.pick([null, true, false, [], {}, [1], ['x'], { a: 1 }]),
    () => String(chance.below(100_000)),
  ])()

/** Changes one field of a valid object, or its serialized text. @param names Fields that may be changed. */
export function changedJson(
  chance: Chance,
  valid: Readonly<Record<string, unknown>>,
  names: readonly string[],
): string {
  const changed: Record<string, unknown> = { ...valid }
  const name = chance.pick(names)
  switch (chance.below(6)) {
    case 0:
      delete changed[name]
      return JSON.stringify(changed)
    case 1:
      return JSON.stringify({ ...changed, [chance.pick(ODD_TEXTS)]: strangeValue(chance) })
    case 2:
      return mutateText(chance, JSON.stringify(changed))
    case 3:
      return JSON.stringify([changed])
    default:
      return JSON.stringify({ ...changed, [name]: strangeValue(chance) })
  }
}
