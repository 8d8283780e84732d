/** Finds the tests that can notice a change of a file: those that import it, directly or through other files. */
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

/** What an import or export names. Types are gone when the code runs. */
const IMPORT =
  /(?:^|\n)(?:import|export)\s(?!type\s)[^'"`;]*?from '(\.[^']+)'|\bimport\('(\.[^']+)'\)/g

/**
 * Returns the paths of the tests in these folders that import the file.
 *
 * @param root A copy of the repository.
 * @param path Relative to `root`.
 */
export function relatedTests(
  root: string,
  path: string,
  testFolders: readonly string[],
): readonly string[] {
  const importers = new Map<string, string[]>()
  for (const each of globSync('{src,simulator,testing,test,examples}/**/*.ts', { cwd: root })) {
    for (const [, imported, loaded] of readFileSync(join(root, each), 'utf8').matchAll(IMPORT)) {
      const target = normalize(join(dirname(each), imported ?? loaded ?? ''))
      importers.set(target, [...(importers.get(target) ?? []), each])
    }
  }
  const reached = new Set([path])
  // A set also visits what is added to it meanwhile.
  for (const each of reached) for (const by of importers.get(each) ?? []) reached.add(by)
  return [...reached]
    .filter((each) => each.endsWith('.test.ts'))
    .filter((each) => testFolders.some((folder) => each.startsWith(folder)))
    .sort()
}
