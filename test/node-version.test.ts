/** Two files name the version of Node: package.json for npm scripts, .node-version for version managers and CI. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
const read = (name: string): string => readFileSync(join(ROOT, name), 'utf8')

it('the version of Node is the same in .node-version and in package.json', () => {
  const { devDependencies } = JSON.parse(read('package.json')) as {
    devDependencies: Record<string, string>
  }

  expect(read('.node-version')).toBe(`${devDependencies['node']}\n`)
})
