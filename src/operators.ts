/** Reads `OPERATORS`: the people who may sign in beside the shop, each with a token of their own. */
import * as v from 'valibot'
import { isOperatorName, type Operator } from './core/actor.ts'
import { err, ok, type Result } from './lib/result.ts'
import { Secret } from './lib/secret.ts'

/** The maximum number of operators. */
export const OPERATORS_MAX = 40

const Entry = v.object({
  token_sha256: v.pipe(v.string(), v.regex(/^[0-9A-Fa-f]{64}$/), v.toLowerCase()),
  role: v.picklist(['viewer', 'operator']),
})

/**
 * Reads a JSON object: name → `{ "token_sha256", "role" }`.
 *
 * @returns the operators; the error is a sentence about the first thing that is wrong, without a hash.
 */
export function readOperators(json: string): Result<readonly Operator[], string> {
  const given = parse(json)
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    return err('OPERATORS must be a JSON object: name → { "token_sha256", "role" }.')
  }
  const operators: Operator[] = []
  const hashes = new Set<string>()
  for (const [name, value] of Object.entries(given)) {
    if (!isOperatorName(name)) {
      return err(
        'A name has 1 to 32 letters, digits, ".", "_" or "-", begins with a letter or digit, and is not shop, system, wechat or payer.',
      )
    }
    const entry = v.safeParse(Entry, value)
    if (!entry.success) {
      return err(`${name} needs "token_sha256" (64 hex digits) and "role" (viewer or operator).`)
    }
    const { token_sha256: hash, role } = entry.output
    // A token must tell who sends it.
    if (hashes.has(hash)) return err(`${name} has the token of another operator.`)
    hashes.add(hash)
    operators.push({ name, role, tokenSha256: new Secret(hash) })
  }
  return operators.length > OPERATORS_MAX
    ? err(`At most ${OPERATORS_MAX} operators are possible.`)
    : ok(operators)
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}
