import { assemble, assembleCron } from './assemble.ts'
import { tick } from './cron/tick.ts'
import { respondMisconfigured } from './misconfigured.ts'
import { install, nowMs, writeLog } from './platform.ts'
import { respond } from './respond.ts'

/**
 * `fetch` answers HTTP requests, `scheduled` is the cron, once a minute. If the configuration is wrong, every
 * request but the doctor's and those for `openapi.json` gets 500 `misconfigured`, and the cron does nothing.
 */
export default {
  async fetch(request, env, ctx) {
    const installed = install(env, ctx)
    if (installed.ok) {
      return respond(request, assemble(installed.value.vars, installed.value.platform))
    }
    writeLog({ event: 'misconfigured', reason: installed.error.join(', ') })
    return respondMisconfigured(request, env, installed.error, nowMs())
  },

  async scheduled(controller, env, ctx) {
    const installed = install(env, ctx)
    if (installed.ok) {
      const { vars, platform } = installed.value
      return tick(assembleCron(vars, platform), controller.scheduledTime)
    }
    writeLog({ event: 'misconfigured', reason: installed.error.join(', ') })
  },
} satisfies ExportedHandler<Env>
