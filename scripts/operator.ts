/** `npm run operator`: adds and removes the people in OPERATORS, and lists them. Changes no file and calls no server. */
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import type { Role } from '../src/core/actor.ts'
import { readOperators } from '../src/operators.ts'
import { CliError, readOptions, run } from './cli/command.ts'
import { bold, say, table, yellow } from './cli/terminal.ts'

const DEV_VARS = '.dev.vars'
/** What Cloudflare allows for one secret. */
const SECRET_BYTES_MAX = 5_120

const HELP = `Makes the value of OPERATORS: the people who may sign in beside the shop, each with a token of their own.

Usage: npm run operator -- add NAME [--role viewer|operator] [--replace]
       npm run operator -- remove NAME
       npm run operator -- list

  --role ROLE    what NAME may do: "operator" (default) everything that the shop may, "viewer" only read
  --replace      give a NAME that exists a new token, and with --role another role; the old token becomes invalid
  --from FILE    where the present value is: a file with its JSON, or with a line OPERATORS=… as in ${DEV_VARS};
                 "-" for standard input. Default: ${DEV_VARS}, if it has one; otherwise there are no operators yet
  --help         print this text

Cloudflare does not show a secret again, so keep the JSON that is printed: it has names, roles and hashes, and no token.`

type People = Readonly<Record<string, Readonly<{ token_sha256: string; role: Role }>>>

await run(async () => {
  const { values, positionals } = readOptions(
    {
      role: { type: 'string' },
      replace: { type: 'boolean', default: false },
      from: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
    2,
  )
  if (values.help) {
    say(HELP)
    return 0
  }
  const [command, name] = positionals
  if (command === 'list' && name === undefined) {
    list(present(values.from))
    return 0
  }
  if ((command !== 'add' && command !== 'remove') || name === undefined) {
    throw new CliError('Say "add NAME", "remove NAME" or "list". See --help.')
  }
  if (command === 'remove') remove(present(values.from), name)
  else add(present(values.from), name, readRole(values.role), values.replace)
  return 0
})

function readRole(text: string | undefined): Role | undefined {
  if (text === undefined || text === 'viewer' || text === 'operator') return text
  throw new CliError(`--role takes "viewer" or "operator", not "${text}".`)
}

function add(people: People, name: string, newRole: Role | undefined, isReplaced: boolean): void {
  const known = Object.hasOwn(people, name) ? people[name] : undefined
  if (known !== undefined && !isReplaced) {
    throw new CliError(`${name} is there already. Use --replace to give ${name} a new token.`)
  }
  if (known === undefined && isReplaced) {
    throw new CliError(`There is no ${name} to replace. ${namesOf(people)}`)
  }
  const role = newRole ?? known?.role ?? 'operator'
  const token = `op_${randomBytes(32).toString('base64url')}`
  const hash = createHash('sha256').update(token).digest('hex')
  const json = jsonOf({ ...people, [name]: { token_sha256: hash, role } })
  say(`Token of ${bold(name)} (${role}). It is shown only now, and stored nowhere:`)
  say()
  say(`  ${token}`)
  say()
  printValue(json)
}

function remove(people: People, name: string): void {
  if (!Object.hasOwn(people, name)) throw new CliError(`There is no ${name}. ${namesOf(people)}`)
  const rest = Object.fromEntries(Object.entries(people).filter(([each]) => each !== name))
  say(`Without ${bold(name)}. The token becomes invalid as soon as this value is in place.`)
  say()
  printValue(jsonOf(rest))
}

function list(people: People): void {
  const rows = Object.entries(people).map(([name, { role }]) => [name, role])
  say(rows.length === 0 ? 'There are no operators.' : table(['name', 'role'], rows).join('\n'))
}

function printValue(json: string): void {
  say(`The new value. ${namesOf(JSON.parse(json) as People)} Keep it for the next change:`)
  say()
  say(json)
  say()
  say('Put it in place; it is valid at once:')
  say()
  say('  npx wrangler secret put OPERATORS   and paste it, or < the file in which you keep it')
  say(`  OPERATORS='…'                       as a line of ${DEV_VARS}, for npm run dev`)
}

function namesOf(people: People): string {
  const names = Object.keys(people)
  return names.length === 0 ? 'OPERATORS has no names.' : `OPERATORS names ${names.join(', ')}.`
}

/** The JSON of OPERATORS. @throws CliError when the Worker or Cloudflare would not accept it. */
function jsonOf(people: People): string {
  const json = JSON.stringify(people)
  const read = readOperators(json)
  if (!read.ok) throw new CliError(read.error)
  const bytes = Buffer.byteLength(json)
  if (bytes <= SECRET_BYTES_MAX) return json
  throw new CliError(
    `OPERATORS would have ${bytes} bytes, and Cloudflare takes ${SECRET_BYTES_MAX}. Use shorter names, or remove some.`,
  )
}

/** The operators that there are. @param from The option --from. @throws CliError when they cannot be read. */
function present(from: string | undefined): People {
  const source = from === '-' ? 'standard input' : (from ?? DEV_VARS)
  if (from === undefined && !existsSync(DEV_VARS)) return noneYet(`There is no ${DEV_VARS}`)
  const text = readText(from ?? DEV_VARS)
  const isJson = text.trimStart().startsWith('{')
  const json = isJson ? text : parseEnv(text)['OPERATORS']
  if (json === undefined || json === '') {
    if (from === undefined) return noneYet(`${DEV_VARS} has no OPERATORS`)
    throw new CliError(`There is no OPERATORS in ${source}.`)
  }
  const read = readOperators(json)
  if (!read.ok) throw new CliError(`${source}: ${read.error}`)
  return JSON.parse(json) as People
}

function noneYet(why: string): People {
  say.error(
    yellow(`${why}, so this starts without operators. If there are some, pass them with --from.`),
  )
  return {}
}

function readText(path: string): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new CliError(
        `${path} does not exist. The first time, leave --from out, and store the JSON that is printed in ${path}.`,
      )
    }
    const why = error instanceof Error ? error.message : String(error)
    throw new CliError(`--from cannot read ${path}: ${why}`)
  }
}
