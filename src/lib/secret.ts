/** A string that never prints: logs, templates, JSON and error messages show `[secret]` instead. */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /** Returns the string itself. `test/tidy.test.ts` lists the files that may call this method. */
  reveal(): string {
    return this.#value
  }

  toString(): string {
    return '[secret]'
  }

  toJSON(): string {
    return '[secret]'
  }
}
