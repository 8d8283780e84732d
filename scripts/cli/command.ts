/** What all commands of this repository share: options, exit codes, and errors that the user can fix. */
import { parseArgs, type ParseArgsConfig } from 'node:util'
import { red, say } from './terminal.ts'

/**
 * An error that the user can fix, such as a wrong option or a port in use. Only its message is printed, without a
 * stack.
 */
export class CliError extends Error {}

type Config<T extends NonNullable<ParseArgsConfig['options']>> = {
  options: T
  allowPositionals: boolean
  strict: true
}

/**
 * Parses the command line.
 *
 * @param positionalsMax The maximum number of arguments without a `--name`; default 0.
 * @throws CliError that names the option or argument and refers to --help.
 */
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
    // The first sentence of Node's message names the wrong option. The following sentences explain how to pass
    // positional arguments that begin with a dash, which no command needs.
    const [sentence] = (error instanceof Error ? error.message : String(error)).split('. ')
    throw new CliError(`${sentence}. See --help.`)
  }
}

/** Reads a TCP port, 1 to 65535. @throws CliError that names the option. */
export function readPort(option: string, text: string): number {
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port >= 1 && port <= 65_535) return port
  throw new CliError(`${option} takes a port from 1 to 65535, not "${text}".`)
}

/** Reads an http or https address and returns its origin, without a path. @throws CliError that names the option. */
export function readOrigin(option: string, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url.origin
  throw new CliError(`${option} takes an address such as http://127.0.0.1:8787, not "${text}".`)
}

/** Runs a command and ends the process with the exit code that `main` returns; 1 when `main` throws. */
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
  // process.exit is needed because open keep-alive sockets would keep the process running for seconds. The empty write
  // calls it only after all earlier output has been flushed.
  process.stdout.write('', () => process.exit(code))
}
