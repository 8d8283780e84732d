/** A small part of `npm run fuzz -- --messages 1000000`. */
import { expect, it } from 'vitest'
import { compareReaders, type Compared } from '../../testing/fuzz/judge/two-readers.ts'

const COUNT = 30_000

it('a message that is read without the parser is read as the parser reads it', () => {
  const compared: Compared = { plain: 0, other: 0, refused: 0, unread: 0, differing: [] }

  compareReaders(1, COUNT, compared)

  expect(compared.differing.slice(0, 3)).toEqual([])
  const { plain, other, refused, unread } = compared
  expect(plain + other + refused + unread).toBe(COUNT)
  // Each kind is reached often, so that the comparison means something.
  for (const [kind, share] of Object.entries({ plain, other, refused, unread }))
    expect(share / COUNT, kind).toBeGreaterThan(0.05)
})
