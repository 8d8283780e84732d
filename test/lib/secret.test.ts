import { format, inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { Secret } from '../../src/lib/secret.ts'

const VALUE = '192006250b4c09247ec02edce69f6a2d'
const secret = new Secret(VALUE)

describe('a secret', () => {
  it('is returned by reveal()', () => {
    expect(secret.reveal()).toBe(VALUE)
  })

  it.each([
    ['as text', String(secret)],
    ['in a template', `key=${secret}`],
    ['added to text', 'key=' + secret],
    ['in JSON', JSON.stringify({ key: secret, keys: [secret] })],
    ['inspected', inspect(secret, { showHidden: true, depth: 10 })],
    ['inspected in an object', inspect({ merchant: { apiKey: secret } }, { depth: 10 })],
    ['formatted', format('%s %o %j %O', secret, secret, secret, secret)],
    ['in a list', [secret].join()],
    ['as the message of an error', new Error(String(secret)).message],
    ['as the cause of an error', inspect(new Error('x', { cause: secret }), { showHidden: true })],
    ['by its properties', JSON.stringify(Object.entries(Object.getOwnPropertyDescriptors(secret)))],
    ['spread', JSON.stringify({ ...secret })],
    ['assigned', JSON.stringify(Object.assign({}, secret))],
    ['cloned', inspect(structuredClone(secret))],
  ])('is not printed (%s)', (_, printed) => {
    expect(printed).not.toContain(VALUE)
  })

  it('prints as [secret]', () => {
    expect(String(secret)).toBe('[secret]')
    expect(JSON.stringify(secret)).toBe('"[secret]"')
  })
})
