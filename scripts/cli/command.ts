/** What every command line tool here has in common: options, `--help`, and errors that a person can read. */
import { parseArgs, type ParseArgsConfig } from 'node:util'
import { red, say } from './terminal.ts'

/** Something the person at the keyboard can mend: shown without a stack. */
export class CliError extends Error {}

type Config<T extends NonNullable<ParseArgsConfig['options']>> = {
  options: T
  allowPositionals: boolean
  strict: true
}

export function readOptions<T extends NonNullable<ParseArgsConfig['options']>>(
  options: T,
  positionalsMax = 0,
): ReturnType<typeof parseArgs<Config<T>>> {
  const parsed = parseOrFail({ options, allowPositionals: positionalsMax > 0, strict: true })
  if (parsed.positionals.length <= positionalsMax) return parsed
  throw new CliError(`Too many arguments: ${parsed.positionals.join(' ')}. See --help.`)
}

function parseOrFail<T extends NonNullable<ParseArgsConfig['options']>>(config: Config<T>) {
  try {
    return parseArgs(config)
  } catch (error) {
    // Node's own sentence names the option; its second one is about a case we do not have.
    const [sentence] = (error instanceof Error ? error.message : String(error)).split('. ')
    throw new CliError(`${sentence}. See --help.`)
  }
}

/** @throws a complaint that names the option. */
export function readPort(option: string, text: string): number {
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port >= 1 && port <= 65_535) return port
  throw new CliError(`${option} takes a port from 1 to 65535, not "${text}".`)
}

/** @throws a complaint that names the option. */
export function readOrigin(option: string, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url.origin
  throw new CliError(`${option} takes an address such as http://127.0.0.1:8787, not "${text}".`)
}

/** Runs the tool and ends the process with what it returns: 0 for "as it should be". */
export async function run(main: () => Promise<number>): Promise<void> {
  const code = await main().catch((error: unknown) => {
    const text =
      error instanceof CliError
        ? error.message
        : error instanceof Error
          ? (error.stack ?? error.message)
          : String(error)
    say.error(red(text))
    return 1
  })
  // Sockets kept alive for a next call would hold the process for seconds. What was said goes out first.
  process.stdout.write('', () => process.exit(code))
}
