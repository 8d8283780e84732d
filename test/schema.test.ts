/** The doctor compares the database with the migrations that this version knows. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { SCHEMA } from '../src/store/checkups.ts'

it('the Worker knows the last of its migrations, and how many there are', () => {
  const folder = join(import.meta.dirname, '../src/store/migrations')
  const names = readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .toSorted()
  expect(SCHEMA).toEqual({ last: names.at(-1), count: names.length })
})
