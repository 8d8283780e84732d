import { it } from 'vitest'
import { world } from '../world.ts'
import { DAY, NEXT_DAY, paid, runNow, goTo } from './bill-days.ts'
it('debug', async () => {
  const w = world()
  await paid(w, 'not-yet')
  for (const day of [DAY, '2026-12-24', '2026-08-01']) {
    const r = await runNow(w, day)
    console.log(day, r.status, await r.text(), w.calls.filter((c) => c.includes('bill')))
  }
  goTo(w, `${NEXT_DAY}T08:00`)
    const r = await runNow(w, DAY)
    console.log(r.status, await r.text(), w.calls.filter((c) => c.includes('bill')))
})
