/** One line of the source, broken. */
export type Mutant = Readonly<{
  /** What it would do to a shop. */
  name: string
  /** Under `src/`. */
  file: string
  /** Occurs once in the file; when it does not, the list is out of date. */
  find: string
  replace: string
  /** Test files that should notice, from the root of the repository; they run first. */
  tests: readonly string[]
}>
