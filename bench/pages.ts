/** `npm run bench:pages`: how many rows every page and list reads in a database with a million orders. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { readOptions, run } from '../scripts/cli/command.ts'
import { say } from '../scripts/cli/terminal.ts'

const HELP = `Fills a local D1 with orders and reads every page of the console and every list of the interface, once more with
as many open orders and webhooks that were given up. Prints the rows that D1 has read for each.

Usage: node bench/pages.ts
       node bench/pages.ts --orders 100000

  --orders N    orders of the database (default 1000000)
  --help        print this text

Fails when a page reads more than 500 rows.`

const ROOT = join(import.meta.dirname, '..')
/** The story that reads every page. */
const STORY = ['test/stories/large.test.ts', '-t', 'reads at most 500 rows']

await run(async () => {
  const { values } = readOptions({
    orders: { type: 'string', default: '1000000' },
    help: { type: 'boolean', default: false },
  })
  if (values.help) {
    say(HELP)
    return 0
  }
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs')
  const child = spawn(process.execPath, [vitest, 'run', '--project', 'workerd', ...STORY], {
    cwd: ROOT,
    env: { ...process.env, BENCH_ORDERS: values.orders },
    stdio: 'inherit',
  })
  return new Promise((resolve) => {
    child.on('exit', (code) => resolve(code ?? 1))
  })
})
