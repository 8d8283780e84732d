/** Asks a person at a terminal. */
import type { Readable, Writable } from 'node:stream'
import { confirm, isCancel, password, select, text as textPrompt } from '@clack/prompts'
import { Interrupted } from '../../cli/interrupt.ts'
import { dim } from '../../cli/terminal.ts'

type Question = Readonly<{
  message: string
  /** Where to find the answer. */
  where?: string
  /** Typed for the user if nothing is typed. */
  initial?: string
  /** A sentence when the answer is wrong. */
  wrong: (answer: string) => string | undefined
}>

/** Each question throws Interrupted on Ctrl-C. */
export type Ask = Readonly<{
  text: (question: Question) => Promise<string>
  /** What is typed is not shown. */
  secret: (question: Question) => Promise<string>
  choose: (
    message: string,
    options: readonly Readonly<{ value: string; label: string }>[],
  ) => Promise<string>
  /** Enter means no, unless `isYes`. */
  confirm: (message: string, isYes?: boolean) => Promise<boolean>
}>

/**
 * @param streams Those of the terminal.
 * @param labels What a yes and a no look like.
 */
export function asker(
  streams: Readonly<{ input: Readable; output: Writable }>,
  signal: AbortSignal,
  labels: Readonly<{ yes: string; no: string }> = { yes: 'Yes', no: 'No' },
): Ask {
  const shared = { ...streams, signal }
  const message = (question: Question): string =>
    question.where === undefined ? question.message : `${question.message}\n${dim(question.where)}`
  const validate =
    ({ wrong }: Question) =>
    (answer: string | undefined) =>
      wrong(answer ?? '')
  return {
    text: async (question) =>
      answered(
        await textPrompt({
          ...shared,
          message: message(question),
          validate: validate(question),
          ...(question.initial === undefined ? {} : { initialValue: question.initial }),
        }),
      ),
    secret: async (question) =>
      answered(
        await password({ ...shared, message: message(question), validate: validate(question) }),
      ),
    choose: async (about, options) =>
      answered(await select({ ...shared, message: about, options: [...options] })),
    confirm: async (about, isYes = false) =>
      answered(
        await confirm({
          ...shared,
          message: about,
          initialValue: isYes,
          active: labels.yes,
          inactive: labels.no,
        }),
      ),
  }
}

function answered<T>(answer: T): Exclude<T, symbol> {
  if (isCancel(answer)) throw new Interrupted()
  return answer as Exclude<T, symbol>
}
