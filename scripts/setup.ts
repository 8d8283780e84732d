/** `npm run setup`: installs the Worker in a Cloudflare account, and installs what is missing when it runs again. */
import { run } from './cli/command.ts'
import { onInterrupt } from './cli/interrupt.ts'
import { say } from './cli/terminal.ts'
import { requireWrangler } from './local/worker-process.ts'
import { DOCTOR } from './setup/doctor.ts'
import { readSetupOptions } from './setup/ask/options.ts'
import { setUp } from './setup/setup.ts'

await run(async () => {
  const options = readSetupOptions(process.env)
  if ('help' in options) {
    process.stdout.write(options.help)
    return 0
  }
  requireWrangler()
  const { stdin, stdout } = process
  const isTerminal = stdin.isTTY && stdout.isTTY && !options.isJson && !process.env['CI']
  const report = await setUp(options, {
    env: process.env,
    signal: onInterrupt(),
    terminal: isTerminal ? { input: stdin, output: stdout } : undefined,
    // The JSON has standard output for itself.
    print: options.isJson ? (line = '') => say.error(line) : say,
    doctor: DOCTOR,
    typed: process.argv.slice(2),
    nowMs: Date.now(),
  })
  if (options.isJson) say(JSON.stringify(report, null, 2))
  return report.exit_code
})
