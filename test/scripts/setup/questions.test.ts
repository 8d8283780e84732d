import { describe, expect, it } from 'vitest'
import { Interrupted } from '../../../scripts/cli/interrupt.ts'
import { asker } from '../../../scripts/setup/ask/questions.ts'
import { CTRL_C, ENTER, typist } from '../../../testing/commands/typist.ts'

const signal = new AbortController().signal
const question = {
  message: 'merchant number',
  where: 'pay.weixin.qq.com',
  wrong: (typed: string) => (typed === '1900009191' ? undefined : 'Ten digits.'),
}

describe('a question', () => {
  it('shows where to find the answer, says what is wrong, and takes the correction', async () => {
    const person = typist([
      ['pay.weixin.qq.com', '190000919'],
      ['Ten digits.', '\x7f91'],
    ])

    expect(await asker(person, signal).text(question)).toBe('1900009191')
    expect(person.waiting()).toEqual([])
  })

  it('shows dots instead of a secret', async () => {
    const person = typist([['merchant number', '1900009191']])

    expect(await asker(person, signal).secret(question)).toBe('1900009191')
    expect(person.shown()).not.toContain('1900')
  })

  it('is answered with Enter by its default: no, unless it says otherwise', async () => {
    const no = typist([['Replace?', ENTER]])
    const yes = typist([['Do this?', ENTER]])

    expect(await asker(no, signal).confirm('Replace?')).toBe(false)
    expect(await asker(yes, signal).confirm('Do this?', true)).toBe(true)
  })

  it('offers a choice', async () => {
    const person = typist([['Which?', ENTER]])
    const options = [
      { value: 'a', label: 'Shop' },
      { value: 'b', label: 'Trial' },
    ]
    expect(await asker(person, signal).choose('Which?', options)).toBe('a')
  })

  it.each(['text', 'secret', 'confirm'] as const)('is given up with Ctrl-C (%s)', async (kind) => {
    const person = typist([['merchant number', CTRL_C]])
    const ask = asker(person, signal)
    const answer = kind === 'confirm' ? ask.confirm(question.message) : ask[kind](question)
    await expect(answer).rejects.toBeInstanceOf(Interrupted)
  })
})
