/** Prints what a command does as numbered steps, each with its HTTP calls and results. */
import { bold, dim, say } from '../cli/terminal.ts'
import type { OnExchange } from './http-call.ts'

/** The printing functions, made by {@link transcript}. */
export type Transcript = ReturnType<typeof transcript>

/** Creates the printing functions. @param verbose Prints full request and answer bodies. The token is never printed. */
export function transcript(verbose: boolean) {
  let steps = 0
  const onExchange: OnExchange = ({ method, url, body }, status, reply) => {
    const sent = body === undefined ? '' : ` ${JSON.stringify(body)}`
    const isShort = sent.length <= 60
    say(
      dim(`   ${method} ${shorten(url, verbose)}${verbose || isShort ? sent : ' {…}'} → ${status}`),
    )
    if (verbose) say(dim(`   ${reply}`))
  }
  return {
    step: (title: string): void => {
      say()
      say(bold(`${String(++steps).padStart(2)} ${title}`))
    },
    note: (text: string): void => say(`   ${text}`),
    onExchange,
  }
}

/** Shortens the login code in a URL, which is long and not worth reading, unless `verbose` is set. */
const shorten = (url: string, verbose: boolean): string =>
  verbose ? url : url.replace(/(?<=[?&]code=)([^&]{6})[^&]+/, '$1…')
