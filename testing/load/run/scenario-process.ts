/** A child process of `npm run load`: plays the scenario that it is sent, and sends progress and the summary. */
import { installInstant } from '../../simulation/d1/instant.ts'
import { installFastWeb } from '../platform/fast-web.ts'
import type { Plan } from '../platform/ceilings.ts'
import { runScenario } from './run-scenario.ts'
import { scenarioOf } from '../world/scenarios.ts'
import { type Summary, summarize } from '../watch/summary.ts'

/** What a child is to play. `minutes` replaces the length of the scenario. */
export type Order = Readonly<{
  scenario: string
  plan: Plan
  rate: number
  seed: number
  minutes: number | undefined
  stopsAtViolation: boolean
}>

/** What a child sends: how many minutes it has played, or the summary at the end. */
export type Report = Readonly<{ minute: number } | { summary: Summary }>

const PROGRESS_MINUTES = 5

installInstant()
installFastWeb()
process.on('message', (order: Order) => {
  void play(order)
})

async function play({ scenario, minutes, ...rest }: Order): Promise<void> {
  const result = await runScenario({
    ...rest,
    scenario: scenarioOf(scenario, minutes),
    onMinute: (minute) => {
      if (minute % PROGRESS_MINUTES === 0) send({ minute })
    },
  })
  send({ summary: summarize(result) })
  process.disconnect()
}

const send = (report: Report): void => void process.send?.(report)
