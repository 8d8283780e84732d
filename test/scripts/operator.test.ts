import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readOperators } from '../../src/operators.ts'

const COMMAND = join(import.meta.dirname, '../../scripts/operator.ts')
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const LI = { token_sha256: 'a'.repeat(64), role: 'operator' }
const ZHANG = { token_sha256: 'b'.repeat(64), role: 'viewer' }

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'wxpay-edge-test-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

type Printed = Readonly<{
  code: number | null
  out: string
  errors: string
  /** The new value of OPERATORS; undefined when none was printed. */
  value: string | undefined
}>

/** Runs `npm run operator -- …` in the test's directory. */
function operator(args: string, input = ''): Printed {
  const { status, stdout, stderr } = spawnSync(process.execPath, [COMMAND, ...args.split(' ')], {
    cwd: directory,
    input,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined },
  })
  const value = stdout.split('\n').find((line) => line.startsWith('{'))
  return { code: status, out: stdout, errors: stderr, value }
}

const tokenIn = ({ out }: Printed): string =>
  /^ {2}(op_[\w-]+)$/m.exec(out)?.[1] ?? expect.fail(`no token in: ${out}`)
const peopleIn = ({ value = '' }: Printed): unknown => JSON.parse(value)
const file = (name: string, text: string): void => writeFileSync(join(directory, name), text)

describe('npm run operator', { timeout: 60_000 }, () => {
  it('add makes a token of 32 random bytes, and the value that has its hash and not the token', () => {
    const first = operator('add li.wei')
    const second = operator('add li.wei --role viewer')

    const token = tokenIn(first)
    expect(Buffer.from(token.slice(3), 'base64url')).toHaveLength(32)
    expect(tokenIn(second)).not.toBe(token)
    expect(peopleIn(first)).toEqual({ 'li.wei': { token_sha256: sha256(token), role: 'operator' } })
    expect(peopleIn(second)).toMatchObject({ 'li.wei': { role: 'viewer' } })
    expect(first.value).not.toContain(token)
    expect(first.out.split(token)).toHaveLength(2)
    expect(readOperators(first.value ?? '').ok).toBe(true)
    expect(first.out).toContain('wrangler secret put OPERATORS')
    expect([first.code, readdirSync(directory)]).toEqual([0, []])
  })

  it('keeps those that there are: from .dev.vars, a file, or standard input', () => {
    const json = JSON.stringify({ 'li.wei': LI })
    file('operators.json', `${json}\n`)
    file('.dev.vars', `# mine\nMERCHANT_TOKEN="x"\nOPERATORS='${json}'\n`)
    const from = [
      operator('add zhang --from operators.json'),
      operator('add zhang --from -', json),
      operator('add zhang'),
    ]

    for (const each of from) {
      expect(peopleIn(each)).toEqual({
        'li.wei': LI,
        zhang: { token_sha256: sha256(tokenIn(each)), role: 'operator' },
      })
      expect(each.errors).toBe('')
    }
  })

  it('says when it starts without operators, because the new value would remove those that there are', () => {
    file('.dev.vars', 'MERCHANT_TOKEN="x"\n')
    const { code, errors } = operator('add zhang')
    expect([code, errors]).toEqual([0, expect.stringContaining('.dev.vars has no OPERATORS')])
    expect(operator('add zhang --from .dev.vars')).toMatchObject({ code: 1, value: undefined })
  })

  it('remove takes a name out, and list shows names and roles', () => {
    const both = JSON.stringify({ 'li.wei': LI, zhang: ZHANG })

    expect(peopleIn(operator('remove li.wei --from -', both))).toEqual({ zhang: ZHANG })
    expect(peopleIn(operator('remove zhang --from -', JSON.stringify({ zhang: ZHANG })))).toEqual(
      {},
    )
    const { out } = operator('list --from -', both)
    expect(out).toMatch(/li\.wei +operator\nzhang +viewer\n/)
    expect(out).not.toContain('aaaa')
  })

  it('replaces a lost token only when told to, and keeps the role', () => {
    const json = JSON.stringify({ zhang: ZHANG })
    expect(operator('add zhang --from -', json).errors).toContain('Use --replace')

    const replaced = operator('add zhang --replace --from -', json)

    expect(peopleIn(replaced)).toEqual({
      zhang: { token_sha256: sha256(tokenIn(replaced)), role: 'viewer' },
    })
  })

  it.each([
    ['add', 'Say "add NAME"'],
    ['add shop', 'A name has 1 to 32 letters'],
    ['add zhang --role admin', '--role takes "viewer" or "operator"'],
    ['add zhang --from nowhere', 'nowhere does not exist. The first time, leave --from out'],
    ['remove zhang', 'There is no zhang'],
  ])('%s ends with a sentence and without a value', (args, why) => {
    const { code, errors, value } = operator(args)
    expect([code, value]).toEqual([1, undefined])
    expect(errors).toContain(why)
    expect(errors).not.toContain('    at ')
  })

  it('refuses a present value that the Worker would not accept, and one that Cloudflare would not store', () => {
    const broken = operator('list --from -', '{"li":{"role":"boss"}}')
    expect([broken.code, broken.errors]).toEqual([1, expect.stringContaining('li needs')])

    const crowd = Object.fromEntries(
      Array.from({ length: 38 }, (_, at) => [
        `${at}-${'x'.repeat(29)}`,
        { token_sha256: String(at).padStart(64, '0'), role: 'operator' },
      ]),
    )
    const full = operator('add zhang --from -', JSON.stringify(crowd))
    expect([full.code, full.errors]).toEqual([1, expect.stringContaining('Cloudflare takes 5120')])
  })
})
