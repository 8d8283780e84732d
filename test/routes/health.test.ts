import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeShop } from '../../testing/fuzz/run/fixture.ts'
import type { FuzzWorld } from '../../testing/fuzz/run/world.ts'
import { installInstantCrypto } from '../../testing/simulation/d1/instant-crypto.ts'
import { chanceOf } from '../../testing/simulation/run/random.ts'

let restore = (): void => {}
beforeAll(() => {
  restore = installInstantCrypto()
})
afterAll(() => restore())

async function health(world: FuzzWorld, at: number): Promise<string> {
  world.setTime(at)
  const response = await world.send(new Request('https://pay.test/health'))
  const { status } = await response.json<{ status: string }>()
  return `${response.status} ${status}`
}

describe('GET /health', () => {
  it('reports a silent cron later than five minutes after the last run of the cron, and not before', async () => {
    const world = await makeShop(chanceOf(1, 'health'))

    expect(await health(world, 300)).toMatch(/^200 /)
    expect(await health(world, 301)).toBe('503 down')
  })

  it('reports a silent cron when runs start and never finish', async () => {
    const world = await makeShop(chanceOf(1, 'health'))
    world.sqlite.exec('UPDATE runs SET finished_at = NULL')

    expect(await health(world, 1)).toBe('503 down')
  })
})
