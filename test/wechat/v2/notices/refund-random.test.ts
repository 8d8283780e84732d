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

/** Changes, cuts, doubles or inserts a byte or a few. */
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

/** Reads it twice: without an exception, with a reason that is known, and both times the same. */
function outcome(bytes: Uint8Array, saw: string): string {
  const result = read(bytes, KEYS)
  expect(read(bytes, KEYS), saw).toEqual(result)
  if (result.ok) return 'ok'
  expect(REASONS, saw).toContain(result.error.reason)
  return result.error.reason
}

describe('whatever a stranger sends as a refund notice', () => {
  it('be it any bytes, is refused', () => {
    for (let seed = 1; seed <= 500; seed++) {
      expect(outcome(anyBytes(seeded(seed), 400), `seed ${seed}`), `seed ${seed}`).toBe(
        'unreadable',
      )
    }
  })

  it('be it a notice with any bytes in it, is not opened', () => {
    for (let seed = 1; seed <= 500; seed++) {
      const bytes = anyBytes(seeded(seed), 400)
      const req_info = Buffer.from(bytes).toString('base64')

      expect(outcome(notice({ req_info }), `seed ${seed}`), `seed ${seed}`).toBe('cannot_decrypt')
    }
  })

  it('be it a notice with whole blocks of any bytes in it, is not opened', () => {
    for (let seed = 1; seed <= 500; seed++) {
      const { below } = seeded(seed)
      const bytes = Uint8Array.from({ length: 16 * below(40) }, () => below(256))
      const req_info = Buffer.from(bytes).toString('base64')

      expect(outcome(notice({ req_info }), `seed ${seed}`), `seed ${seed}`).toBe('cannot_decrypt')
    }
  })

  it('be it a genuine one that was damaged on its way, is read or refused', () => {
    const seen = new Set<string>()
    for (let seed = 1; seed <= 1_500; seed++) {
      seen.add(outcome(damaged(notice(), seeded(seed)), `seed ${seed}`))
    }

    // Chance reached every answer but one: a damage to the blocks hardly ever leaves a message.
    expect([...seen]).toEqual(expect.arrayContaining(['unreadable', 'cannot_decrypt', 'ok']))
  })

  it('be it damaged inside its encryption, is read or refused', () => {
    const encrypted = new Uint8Array(Buffer.from(E1_REQ_INFO, 'base64'))
    for (let seed = 1; seed <= 1_000; seed++) {
      const req_info = Buffer.from(damaged(encrypted, seeded(seed))).toString('base64')

      outcome(notice({ req_info }), `seed ${seed}`)
    }
  })

  it('by one who knows the key, be it any plaintext, is refused', () => {
    for (let seed = 1; seed <= 500; seed++) {
      const bytes = anyBytes(seeded(seed), 300)
      const found = outcome(notice({ req_info: lock(bytes) }), `seed ${seed}`)

      expect(found, `seed ${seed}`).toBe('cannot_decrypt')
    }
  })

  it('by one who knows the key, be it a damaged plaintext, is read or refused', () => {
    const plaintext = new TextEncoder().encode(root())
    const seen = new Set<string>()
    for (let seed = 1; seed <= 1_500; seed++) {
      const req_info = lock(damaged(plaintext, seeded(seed)), seed % 2 === 0 ? API_KEY : OLD_KEY)
      seen.add(outcome(notice({ req_info }), `seed ${seed}`))
    }

    expect([...seen].toSorted()).toEqual(['bad_field', 'cannot_decrypt', 'ok'])
  })
})
