/** `npm run bench`: measures the Worker beside what else one could deploy, and writes the figures down. */
import './lib/pure-md5.ts'
import { CliError, readOptions, run } from '../scripts/cli/command.ts'
import { onInterrupt } from '../scripts/cli/interrupt.ts'
import { bold, dim, say, table } from '../scripts/cli/terminal.ts'
import { writeFigures } from './lib/documents.ts'
import type { Part } from './lib/part.ts'
import { readResults, RESULTS, thisMachine, writeResults } from './lib/results.ts'
import { PARTS } from './parts.ts'

const HELP = `Measures the Worker beside other implementations: in one run, in rounds that alternate, so that the ratios hold on a
busy machine, too. Prints tables, and writes the figures to a file.

Usage: npm run bench                              all parts, an hour
       npm run bench -- --quick                   fewer rounds and smaller databases, minutes
       npm run bench -- --only protocol,http

  --only A,B    which parts (default: all, see below). The others keep their figures in the file
  --quick       few rounds; the largest database has 100000 orders, the bill 20000 payments
  --orders N    orders of the largest database (default 1000000)
  --payments N  payments of the bill (default 100000)
  --json FILE   where the figures are (default bench/results.json, from which the documents are written)
  --help        print this text

Parts:
${PARTS.map(({ name, about }) => `  ${name.padEnd(12)}${about}`).join('\n')}

Times are medians of rounds. CPU time is that of whole processes, from /proc, so it is shown on Linux only. Asserts nothing
about time. The peers (tenpay, wechatpay-axios-plugin, Koa) are installed into bench/peers on first use.`

let lastSaidMs = -Infinity

void run(async () => {
  const { values } = readOptions({
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    orders: { type: 'string' },
    payments: { type: 'string' },
    json: { type: 'string', default: RESULTS },
    help: { type: 'boolean', default: false },
  })
  if (values.help) {
    say(HELP)
    return 0
  }
  const parts = partsNamed(values.only)
  const { quick } = values
  const orders = readCount('--orders', values.orders ?? String(quick ? 100_000 : 1_000_000))
  const payments = readCount('--payments', values.payments ?? String(quick ? 20_000 : 100_000))
  const interrupted = onInterrupt()
  const { cores, cpu, node, workerd, load } = thisMachine()
  say(`${cores} cores, ${cpu}, Node ${node}, workerd ${workerd}`)
  if (load > 1) say(dim(`Other jobs run (load ${load}): trust the ratios, not the times.`))

  for (const part of parts) {
    const [begunMs, machine] = [performance.now(), thisMachine()]
    try {
      const result = await part.run({ quick, orders, payments, interrupted, progress })
      for (const { title, head, rows } of part.tables(result)) {
        say()
        say(bold(title))
        table(head, rows).forEach((line) => say(line))
      }
      const seconds = Math.round((performance.now() - begunMs) / 1_000)
      // Each part is stored when it is measured, so that Ctrl-C loses the present one only.
      const at = new Date().toISOString()
      const measured = {
        ...readResults(values.json),
        [part.name]: { at, quick, seconds, machine, result },
      }
      const known = PARTS.map(({ name }) => name).filter((name) => name in measured)
      writeResults(
        values.json,
        Object.fromEntries(known.map((name) => [name, measured[name] as never])),
      )
    } catch (error) {
      if (!interrupted.aborted) throw error
      return 130
    }
  }
  say()
  if (values.json === RESULTS) writeFigures(readResults(RESULTS))
  say(dim(`The figures are in ${values.json}.`))
  return 0
})

function partsNamed(names: string | undefined): readonly Part<unknown>[] {
  if (names === undefined) return PARTS
  return names.split(',').map((name) => {
    const part = PARTS.find((each) => each.name === name)
    if (part !== undefined) return part
    const known = PARTS.map((each) => each.name).join(', ')
    throw new CliError(`--only takes parts of the bench (${known}), not "${name}".`)
  })
}

function readCount(option: string, text: string): number {
  const count = Number(text)
  if (/^\d{1,8}$/.test(text) && count >= 1_000) return count
  throw new CliError(`${option} takes a whole number of at least 1000, not "${text}".`)
}

/** Prints progress, at most twice a second on a terminal, and at most every five seconds otherwise. */
function progress(text: string): void {
  const pauseMs = process.stdout.isTTY ? 500 : 5_000
  if (performance.now() - lastSaidMs < pauseMs) return
  lastSaidMs = performance.now()
  say(dim(text))
}
