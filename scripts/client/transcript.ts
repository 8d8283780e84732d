/** A story told step by step: what is done, which HTTP call does it, what came of it. */
import { bold, dim, say } from '../cli/terminal.ts'
import type { OnExchange } from './http-call.ts'

export type Transcript = ReturnType<typeof transcript>

/** @param verbose Shows bodies and replies whole, but never the token. */
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

/** A login code is long and says nothing. */
const shorten = (url: string, verbose: boolean): string =>
  verbose ? url : url.replace(/(?<=[?&]code=)([^&]{6})[^&]+/, '$1…')
