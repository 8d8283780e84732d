/** Where the token comes from: the environment, or a person at a terminal. */
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'

/**
 * Reads the token.
 *
 * @param prompt The question. @returns undefined when there is none, and no terminal to ask at.
 */
export async function readToken(prompt: string, signal: AbortSignal): Promise<string | undefined> {
  const given = process.env['MERCHANT_TOKEN']?.trim()
  if (given !== undefined && given !== '') return given
  if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined
  process.stderr.write(prompt)
  // What is typed is not shown.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true })
  lines.once('SIGINT', () => process.kill(process.pid, 'SIGINT'))
  // After Ctrl-D the question is never answered.
  const closed = new Promise<string>((resolve) => lines.once('close', () => resolve('')))
  try {
    const typed = (await Promise.race([lines.question('', { signal }), closed])).trim()
    return typed === '' ? undefined : typed
  } catch (error) {
    if (signal.aborted) return undefined
    throw error
  } finally {
    lines.close()
    process.stderr.write('\n')
  }
}
