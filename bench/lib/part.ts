/** What the parts of the bench have in common. */

/** What a part gets from the command. */
export type Context = Readonly<{
  /** Fewer rounds and requests: figures to look at, not to publish. */
  quick: boolean
  /** How many orders the largest database has. */
  orders: number
  /** How many payments the bill has. */
  payments: number
  interrupted: AbortSignal
  /** Shows what is being measured. */
  progress: (text: string) => void
}>

/** A table for the terminal. */
export type Table = Readonly<{
  title: string
  head: readonly string[]
  rows: readonly (readonly string[])[]
}>

/** One part of the bench. `Result` is what stands in the JSON; the tables are made of it. */
export type Part<Result> = Readonly<{
  name: string
  about: string
  run: (context: Context) => Promise<Result>
  tables: (result: Result) => readonly Table[]
}>
