import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { drawMutants } from '../../testing/mutants/random/draw.ts'
import { OPERATORS } from '../../testing/mutants/random/operators.ts'
import { relatedTests } from '../../testing/mutants/random/related.ts'

const SRC = join(import.meta.dirname, '../../src')

const FILES = ['core/order/order', 'core/time', 'wechat/bill/bytes', 'wechat/bill/columns']
  .map((path) => `${path}.ts`)
  .map((file) => ({ file, text: readFileSync(join(SRC, file), 'utf8') }))

/** The texts of every mutant of one small file. */
const mutantsOf = async (text: string) => {
  const mutants = await drawMutants([{ file: 'a.ts', text }], 1, 1_000)
  return mutants.map(({ mutated }) => mutated).sort()
}

describe('random mutants', () => {
  it('are the same for the same seed, and others for another', async () => {
    const drawn = await drawMutants(FILES, 7, 20)

    expect(drawn).toHaveLength(20)
    expect(await drawMutants(FILES, 7, 20)).toEqual(drawn)
    expect(await drawMutants(FILES, 8, 20)).not.toEqual(drawn)
  })

  it('are all different, and a longer draw with a seed begins with the shorter one', async () => {
    const drawn = await drawMutants(FILES, 3, 200)

    expect(new Set(drawn.map(({ file, mutated }) => file + mutated)).size).toBe(200)
    expect(drawn.slice(0, 50)).toEqual(await drawMutants(FILES, 3, 50))
  })

  it('differ from the source in one place, which the diff shows', async () => {
    for (const { file, mutated, diff } of await drawMutants(FILES, 5, 200)) {
      const text = FILES.find((each) => each.file === file)?.text ?? ''
      const lines = (mark: string) =>
        diff
          .split('\n')
          .flatMap((line) => (line.startsWith(mark) ? [line.slice(2)] : []))
          .join('\n')
      expect(text).not.toBe(mutated)
      expect(lines('-')).not.toBe('')
      const [before, after, ...others] =
        text.split(lines('-')).length === 2 ? text.split(lines('-')) : [] // the same lines occur elsewhere, too
      expect(others).toEqual([])
      if (before !== undefined) expect(`${before}${lines('+')}${after}`).toBe(mutated)
    }
  })

  it('come from every operator', async () => {
    const drawn = await drawMutants(FILES, 1, Infinity)

    expect([...new Set(drawn.map(({ operator }) => operator))].sort()).toEqual(
      Object.keys(OPERATORS).sort(),
    )
  })
})

describe('an operator', () => {
  it.each([
    ['a === b', ['a !== b']],
    ['a - b', ['a + b']],
    ['a++', ['a--']],
    ['f(a && b)', ['f(a || b)', 'f((a))', 'f((b))']],
    ['f(a ?? b)', ['f((a))', 'f((b))']],
    ['f(a ? b : c)', ['f(!(a) ? b : c)', 'f((b))', 'f((c))']],
    ['f(!a)', ['f((a))']],
    ['f(true)', ['f(false)']],
    ['f(1_000)', ['f((1001))', 'f((999))']],
    ["f('text')", ["f('')"]],
    ['f(`${a} text`)', ["f('')"]],
    ['f(/^a$/u)', ['f(/a$/u)', 'f(/^a/u)']],
    ['a.find(f)', ['a.findLast(f)']],
    ['f([a, b, c])', ['f([a, b])', 'f([a, c])', 'f([b, c])']],
    ['f({ a, b })', ['f({ a })', 'f({ b })']],
    ['if (a) b()', ['if (!(a)) b()', 'if (a) ;']],
    ['const f = () => { return a }', ['const f = () => { ; }']],
  ])('makes of %s all of %j', async (text, expected) => {
    // A statement can be deleted, too.
    expect((await mutantsOf(text)).filter((each) => each !== ';')).toEqual([...expected].sort())
  })

  it.each([
    ["import { a } from 'b'", []],
    ["type A = { kind: 'a'; count: 1 }", []],
    ["const a: 'b' | 1 = c as 'd'", []],
    ['const a = { b: undefined }', []],
    ["throw new RangeError('text')", [';']],
    ["invariant(a, 'text')", [';']],
    ['switch (a) { case b: break }', ['switch (a) { case b: ; }']],
  ])('leaves alone what does not run, and the words of errors: %s', async (text, expected) => {
    expect(await mutantsOf(text)).toEqual(expected)
  })
})

describe('the tests that can notice a mutant', () => {
  const ROOT = join(SRC, '..')

  it('are those that import its file, directly or through others', () => {
    const tests = relatedTests(ROOT, 'src/core/money.ts', ['test/core/', 'test/wechat/'])

    expect(tests).toContain('test/core/money.test.ts')
    expect(tests).toContain('test/core/order/refund-transition.test.ts')
    expect(tests).toContain('test/wechat/bill/read.test.ts')
    expect(tests).not.toContain('test/core/day.test.ts')
    expect(tests).not.toContain('test/simulation.test.ts')
  })

  it('are none for a file that only types are taken from', () => {
    expect(relatedTests(ROOT, 'src/core/bill/bill-row.ts', ['test/core/'])).toEqual([])
  })
})
