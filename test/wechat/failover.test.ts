import { describe, expect, it } from 'vitest'
import { OriginHealth } from '../../src/wechat/transport.ts'
import {
  answer,
  BACKUP,
  failed,
  network,
  PATH,
  PRIMARY,
  reset,
  text,
  XML,
} from '../../testing/wire/network.ts'

const fine = answer('<xml/>')
const MINUTE = 60

describe('after the primary origin failed and the backup answered', () => {
  it('the backup is used first for three minutes, then the primary again', async () => {
    const { transport, origins, advance } = network([reset, fine, fine, fine, fine])

    await transport.post(PATH, XML)
    await transport.post(PATH, XML)
    advance(3 * MINUTE - 1)
    await transport.post(PATH, XML)
    advance(1)
    await transport.post(PATH, XML)

    expect(origins()).toEqual([PRIMARY, BACKUP, BACKUP, BACKUP, PRIMARY])
  })

  it('the primary gets what the backup does not answer, byte for byte, once', async () => {
    const { transport, sent, origins } = network([reset, fine, reset, fine])

    await transport.post(PATH, XML)
    expect(text(await transport.post(PATH, XML))).toBe('<xml/>')

    expect(origins()).toEqual([PRIMARY, BACKUP, BACKUP, PRIMARY])
    expect(sent[3]).toEqual({ ...sent[2], url: PRIMARY + PATH })
  })

  it('a backup that fails loses its precedence', async () => {
    const { transport, origins } = network([reset, fine, reset, fine, fine])

    await transport.post(PATH, XML)
    await transport.post(PATH, XML)
    await transport.post(PATH, XML)

    expect(origins().at(-1)).toBe(PRIMARY)
  })

  it('an error status of the backup is an answer, and nothing is sent again', async () => {
    const { transport, origins } = network([reset, fine, answer('busy', 503)])

    await transport.post(PATH, XML)
    expect(await transport.post(PATH, XML)).toEqual(failed('http_status'))

    expect(origins()).toEqual([PRIMARY, BACKUP, BACKUP])
  })

  it('other requests of the same isolate use the backup first, and other isolates do not', async () => {
    const health = new OriginHealth()
    await network([reset, fine], { health }).transport.post(PATH, XML)

    const same = network([fine], { health })
    await same.transport.post(PATH, XML)
    expect(same.origins()).toEqual([BACKUP])
    const other = network([fine])
    await other.transport.post(PATH, XML)
    expect(other.origins()).toEqual([PRIMARY])
  })
})

describe('after neither origin answered', () => {
  it('the primary is used first again', async () => {
    const { transport, origins } = network([reset, reset, fine])

    expect(await transport.post(PATH, XML)).toEqual(failed('no_answer'))
    await transport.post(PATH, XML)

    expect(origins()).toEqual([PRIMARY, BACKUP, PRIMARY])
  })
})

describe('a message of an invocation that has little time left', () => {
  it('goes to the other origin while there is time for its answer, and else not', async () => {
    const enough = network([reset, fine], { timeLeft: () => 1_500 })
    expect(text(await enough.transport.post(PATH, XML))).toBe('<xml/>')
    expect(enough.origins()).toEqual([PRIMARY, BACKUP])

    const tooLittle = network([reset], { timeLeft: () => 1_499 })
    expect(await tooLittle.transport.post(PATH, XML)).toEqual(failed('no_answer'))
    expect(tooLittle.origins()).toEqual([PRIMARY])
  })

  it('has the time that is left as its deadline, and is not sent without any', async () => {
    const short = network([fine], { timeLeft: () => 3_000 })
    await short.transport.post(PATH, XML)
    expect(short.timers.waits).toEqual([3_000])

    const late = network([], { timeLeft: () => 0 })
    expect(await late.transport.post(PATH, XML)).toEqual(failed('no_answer'))
    expect(late.sent).toEqual([])
    expect(late.log).toEqual([])
  })
})
