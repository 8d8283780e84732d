/** A JSON body from outside, before anybody looked at it. */
export type JsonObject = Readonly<Record<string, unknown>>

/** Something a person asked for that cannot be done; `hint` says what would work. */
export class ControlError extends Error {
  readonly status: 400 | 404 | 405
  readonly hint: string

  constructor(status: 400 | 404 | 405, message: string, hint: string) {
    super(message)
    this.status = status
    this.hint = hint
  }
}

/** An empty body counts as `{}`: most calls need nothing. */
export async function readJson(request: Request): Promise<JsonObject> {
  const text = await request.text()
  if (text.trim() === '') return {}
  try {
    const value: unknown = JSON.parse(text)
    if (isJsonObject(value)) return value
  } catch {
    // Said below, in words for a person.
  }
  throw new ControlError(
    400,
    'the body is not a JSON object',
    'send for example {"out_trade_no": "…"}',
  )
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function needText(body: JsonObject, name: string): string {
  const value = body[name]
  if (typeof value === 'string' && value !== '') return value
  throw new ControlError(400, `${name} is missing`, `send {"${name}": "…"} as text`)
}

export function readText(body: JsonObject, name: string): string | undefined {
  return body[name] === undefined ? undefined : needText(body, name)
}

export function needNumber(body: JsonObject, name: string): number {
  const value = body[name]
  if (typeof value === 'number' && Number.isFinite(value)) return value
  throw new ControlError(400, `${name} is missing`, `send {"${name}": 2} as a number`)
}

/** `camelCase` keys become `snake_case` all the way down, Maps become objects: this interface speaks as the shop's API does. */
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
