import { it } from 'vitest'
import { makeShop, pay, shop } from '../../testing/fuzz/run/fixture.ts'
import { chanceOf } from '../../testing/simulation/run/random.ts'
it('x', async () => {
  const world = await makeShop(chanceOf(1, 'webhooks'))
  for (let n = 0; n < 3; n++) await shop(world, 'PUT', `/orders/expires-${n}`, { total_fee: 1, body: 'x', expires_in: 900 })
  await pay(world, 'expires-0', world.payer)
  world.setTime(3_600)
  world.log = []
  await world.cron()
  console.log(JSON.stringify(world.log, null, 1))
}, 60000)
