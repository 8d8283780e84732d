/** A one-line bug that a test must notice. */
export type Mutant = Readonly<{
  /** A sentence that says what the bug would do to a shop. */
  name: string
  /** The path below `src/` of the file that gets the bug. */
  file: string
  /** A text that occurs exactly once in the file. If it does not, the mutant is out of date and is reported as `stale`. */
  find: string
  /** The buggy text that replaces the text of `find`. */
  replace: string
  /** Paths of the test files that should notice the mutant. These tests run first. */
  tests: readonly string[]
}>
