/**
 * Stands in for what finds elements by a path, which is asked for nothing here: no element is left
 * unparsed. The parser still tells it where it is. See `entities.ts`.
 */
export class Matcher {
  readonly #tags: string[] = []

  readOnly(): this {
    return this
  }

  reset(): void {
    this.#tags.length = 0
  }

  push(tag: string): void {
    this.#tags.push(tag)
  }

  pop(): void {
    this.#tags.pop()
  }

  getCurrentTag(): string | undefined {
    return this.#tags.at(-1)
  }

  updateCurrent(): never {
    throw new Error('attributes are not read')
  }

  toString(): string {
    return this.#tags.join('.')
  }
}

export class ExpressionSet {
  readonly size = 0
}

export class Expression {
  constructor() {
    throw new Error('no element is left unparsed')
  }
}
