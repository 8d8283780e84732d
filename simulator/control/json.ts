/** A JSON object whose members were not checked yet. */
export type JsonObject = Readonly<Record<string, unknown>>

/** A call of the control interface that is refused. `hint` tells the developer which call would work. */
export class ControlError extends Error {
  readonly status: 400 | 404 | 405
  readonly hint: string

  constructor(status: 400 | 404 | 405, message: string, hint: string) {
    super(message)
    this.status = status
    this.hint = hint
  }
}

/** Reads a JSON object from a request. An empty body counts as `{}`, because most calls need no arguments. */
export async function readJson(request: Request): Promise<JsonObject> {
  const text = await request.text()
  if (text.trim() === '') return {}
  try {
    const value: unknown = JSON.parse(text)
    if (isJsonObject(value)) return value
  } catch {
    // The body is not JSON: the error below says what to send.
  }
  throw new ControlError(
    400,
    'the body is not a JSON object',
    'send for example {"out_trade_no": "…"}',
  )
}

/** Tells a JSON object from an array, null and other values. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Reads a non-empty text from a request body. Throws a 400 when the text is missing. */
export function needText(body: JsonObject, name: string): string {
  const value = body[name]
  if (typeof value === 'string' && value !== '') return value
  throw new ControlError(400, `${name} is missing`, `send {"${name}": "…"} as text`)
}

/** Reads a non-empty text from a request body, or `undefined` when the body has no member of this name. */
export function readText(body: JsonObject, name: string): string | undefined {
  return body[name] === undefined ? undefined : needText(body, name)
}

/** Reads one of the texts in `choices` from a request body. Throws a 400 when the text is missing or is none of them. */
export function needOneOf<T extends string>(
  body: JsonObject,
  name: string,
  choices: readonly T[],
): T {
  const given = needText(body, name)
  const choice = choices.find((each) => each === given)
  if (choice !== undefined) return choice
  throw new ControlError(400, `${name} ${given} is unknown`, `use one of ${choices.join(', ')}`)
}

/** Reads one of the texts in `choices`, or `undefined` when the body has no member of this name. */
export function readOneOf<T extends string>(
  body: JsonObject,
  name: string,
  choices: readonly T[],
): T | undefined {
  return body[name] === undefined ? undefined : needOneOf(body, name, choices)
}

/** Reads a finite number from a request body. Throws a 400 when the number is missing. */
export function needNumber(body: JsonObject, name: string): number {
  const value = body[name]
  if (typeof value === 'number' && Number.isFinite(value)) return value
  throw new ControlError(400, `${name} is missing`, `send {"${name}": 2} as a number`)
}

/**
 * Prepares a value for JSON: `camelCase` keys become `snake_case` at every depth, as in the shop's API, and Maps become
 * objects.
 */
export function toSnakeCase(value: unknown): unknown {
  if (value instanceof Map) return Object.fromEntries(value)
  if (Array.isArray(value)) return value.map(toSnakeCase)
  if (!isJsonObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name.replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      toSnakeCase(member),
    ]),
  )
}
