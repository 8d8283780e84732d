/** The two languages of `npm run setup`. Every sentence has both, side by side. */
import { CliError } from '../cli/command.ts'

export type Language = 'en' | 'zh'

/** One sentence in every language. */
export type Text = Readonly<Record<Language, string>>

export const text = (en: string, zh: string): Text => ({ en, zh })

/** The language of the terminal, by POSIX's order of variables. English unless it is Chinese. */
export function languageOf(env: Readonly<Record<string, string | undefined>>): Language {
  const locale = [env['LC_ALL'], env['LC_MESSAGES'], env['LANG']].find(
    (each) => (each ?? '') !== '',
  )
  return locale?.toLowerCase().startsWith('zh') === true ? 'zh' : 'en'
}

/**
 * The setup cannot go on. The user can fix the reason.
 *
 * `exitCode` is 1, or 2 when the setup could not look: no login, or no answer from Cloudflare.
 */
export class Stop extends CliError {
  readonly text: Text
  readonly exitCode: 1 | 2
  constructor(why: Text, exitCode: 1 | 2 = 1) {
    super(why.en)
    this.text = why
    this.exitCode = exitCode
  }
}
