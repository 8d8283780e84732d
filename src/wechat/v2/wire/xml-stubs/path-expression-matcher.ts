/**
 * Replaces fast-xml-parser's matcher of element paths. Our options for the parser contain no path, but the
 * parser still reports each element that it enters and leaves. See `entities.ts`.
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

/** The set of path expressions in the parser's options. Always empty, because our options contain none. */
export class ExpressionSet {
  readonly size = 0
}

/** A path expression in the parser's options. Never constructed, because our options contain none. */
export class Expression {
  constructor() {
    throw new Error('no element is left unparsed')
  }
}
