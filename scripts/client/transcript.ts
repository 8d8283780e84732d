/** Prints a run as numbered steps, each with its HTTP calls and their results. */
import { bold, dim, say } from '../cli/terminal.ts'
import type { OnExchange } from './http-call.ts'

/** See {@link transcript}. */
export type Transcript = ReturnType<typeof transcript>

/** @param verbose Prints request and reply bodies in full. The token is never printed. */
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

/** Shortens the login code in a URL. It is long and of no interest to the reader. */
const shorten = (url: string, verbose: boolean): string =>
  verbose ? url : url.replace(/(?<=[?&]code=)([^&]{6})[^&]+/, '$1…')
