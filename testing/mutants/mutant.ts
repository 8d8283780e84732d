/** A one-line bug that a test must notice. */
export type Mutant = Readonly<{
  /** A sentence that says what the bug would do to a shop. */
  name: string
  /** Path below `src/`. */
  file: string
  /** A text that occurs exactly once in the file. If it does not, the entry is out of date. */
  find: string
  /** The text that replaces it. */
  replace: string
  /** Paths of the test files that should fail. They run first. */
  tests: readonly string[]
}>
