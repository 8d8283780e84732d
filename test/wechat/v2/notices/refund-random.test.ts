import { describe, expect, it } from 'vitest'
import {
  E1_REQ_INFO,
  lock,
  notice,
  OLD_KEY,
  read,
  root,
} from '../../../../testing/wire/refund-notices.ts'
import { seeded } from '../../../../testing/wire/seeded.ts'
import { API_KEY } from '../../../../testing/wire/wire.ts'

const KEYS = [API_KEY, OLD_KEY]
const REASONS = ['unreadable', 'return_fail', 'wrong_merchant', 'cannot_decrypt', 'bad_field']

type Chance = ReturnType<typeof seeded>

const anyBytes = ({ below }: Chance, max: number): Uint8Array =>
  Uint8Array.from({ length: below(max) }, () => below(256))

/** Changes a byte, cuts the end, or inserts or removes a few bytes. */
function damaged(bytes: Uint8Array, chance: Chance): Uint8Array {
  const { below } = chance
  const at = below(bytes.length)
  switch (below(4)) {
    case 0:
      return bytes.with(at, below(256))
    case 1:
      return bytes.slice(0, at)
    case 2:
      return Uint8Array.of(...bytes.slice(0, at), ...anyBytes(chance, 20), ...bytes.slice(at))
    default:
      return Uint8Array.of(...bytes.slice(0, at), ...bytes.slice(at + below(20)))
  }
}

/** Reads the notice twice. Expects no exception, a known reason, and the same result both times. */
function outcome(bytes: Uint8Array, where: string): string {
  const result = read(bytes, KEYS)
  expect(read(bytes, KEYS), where).toEqual(result)
  if (result.ok) return 'ok'
  expect(REASONS, where).toContain(result.error.reason)
  return result.error.reason
}

describe('a random refund notice', () => {
  it('of random bytes is refused', () => {
    for (let seed = 1; seed <= 500; seed++) {
      expect(outcome(anyBytes(seeded(seed), 400), `seed ${seed}`), `seed ${seed}`).toBe(
        'unreadable',
      )
    }
  })

  it('with random bytes in req_info is not decrypted', () => {
    for (let seed = 1; seed <= 500; seed++) {
      const bytes = anyBytes(seeded(seed), 400)
      const req_info = Buffer.from(bytes).toString('base64')

      expect(outcome(notice({ req_info }), `seed ${seed}`), `seed ${seed}`).toBe('cannot_decrypt')
    }
  })

  it('with whole blocks of random bytes in req_info is not decrypted', () => {
    for (let seed = 1; seed <= 500; seed++) {
      const { below } = seeded(seed)
      const bytes = Uint8Array.from({ length: 16 * below(40) }, () => below(256))
      const req_info = Buffer.from(bytes).toString('base64')

      expect(outcome(notice({ req_info }), `seed ${seed}`), `seed ${seed}`).toBe('cannot_decrypt')
    }
  })

  it('that is genuine and damaged is read or refused', () => {
    const seen = new Set<string>()
    for (let seed = 1; seed <= 1_500; seed++) {
      seen.add(outcome(damaged(notice(), seeded(seed)), `seed ${seed}`))
    }

    // The seeds reach every outcome but one: damaged blocks hardly ever decrypt to a message.
    expect([...seen]).toEqual(expect.arrayContaining(['unreadable', 'cannot_decrypt', 'ok']))
  })

  it('with damaged encrypted bytes is read or refused', () => {
    const encrypted = new Uint8Array(Buffer.from(E1_REQ_INFO, 'base64'))
    for (let seed = 1; seed <= 1_000; seed++) {
      const req_info = Buffer.from(damaged(encrypted, seeded(seed))).toString('base64')

      outcome(notice({ req_info }), `seed ${seed}`)
    }
  })

  it('with random plaintext under the right key is refused', () => {
    for (let seed = 1; seed <= 500; seed++) {
      const bytes = anyBytes(seeded(seed), 300)
      const found = outcome(notice({ req_info: lock(bytes) }), `seed ${seed}`)

      expect(found, `seed ${seed}`).toBe('cannot_decrypt')
    }
  })

  it('with damaged plaintext under the right key is read or refused', () => {
    const plaintext = new TextEncoder().encode(root())
    const seen = new Set<string>()
    for (let seed = 1; seed <= 1_500; seed++) {
      const req_info = lock(damaged(plaintext, seeded(seed)), seed % 2 === 0 ? API_KEY : OLD_KEY)
      seen.add(outcome(notice({ req_info }), `seed ${seed}`))
    }

    expect([...seen].toSorted()).toEqual(['bad_field', 'cannot_decrypt', 'ok'])
  })
})
