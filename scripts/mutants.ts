/** Breaks one line at a time in a copy of the repository, and asks the tests whether they notice. */
import { rm } from 'node:fs/promises'
import { MUTANTS } from '../testing/mutants/list.ts'
import type { Mutant } from '../testing/mutants/mutant.ts'
import { type Verdict, Workbench } from '../testing/mutants/workbench.ts'
import { CliError, readOptions, run } from './cli/command.ts'
import { onInterrupt } from './cli/interrupt.ts'
import { dim, green, red, say, seconds, table } from './cli/terminal.ts'

const HELP = `npm run mutants -- [options]

Applies each of ${MUTANTS.length} one-line bugs to a copy of the repository and runs the tests: first those
that should notice, then all of them. Ends with 1 when one survives, or does not fit the source.

  --only TEXT       those whose name or file contains the text; may be repeated
  --list            says what there is, and does nothing
  --quick           asks only the tests that should notice
  --no-baseline     believes that the tests are green without a mutant
  --help`

await run(async () => {
  const { values } = readOptions({
    only: { type: 'string', multiple: true, default: [''] },
    list: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    'no-baseline': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  })
  if (values.help) {
    say(HELP)
    return 0
  }
  const chosen = MUTANTS.filter(({ name, file }) =>
    values.only.some((text) => `${file} ${name}`.includes(text)),
  )
  if (chosen.length === 0)
    throw new CliError(`No mutant is called "${values.only.join('", "')}". See --list.`)
  if (values.list) {
    for (const { name, file } of chosen) say(`${name}  ${dim(file)}`)
    return 0
  }

  const signal = onInterrupt()
  const bench = await Workbench.make(signal)
  try {
    if (!values['no-baseline']) await checkBaseline(bench)
    return await runAll(bench, chosen, values.quick, signal)
  } finally {
    await rm(bench.folder, { recursive: true, force: true })
  }
})

async function checkBaseline(bench: Workbench): Promise<void> {
  say('The tests as they are, without a mutant …')
  const from = performance.now()
  const { failed, why } = await bench.testAll()
  if (failed) throw new CliError(`The tests fail without any mutant: ${why}`)
  say(green(`green in ${seconds(performance.now() - from)}`))
}

async function runAll(
  bench: Workbench,
  mutants: readonly Mutant[],
  isQuick: boolean,
  signal: AbortSignal,
): Promise<number> {
  const rows: string[][] = []
  let caught = 0
  for (const [at, mutant] of mutants.entries()) {
    const verdict = await bench.try(mutant, isQuick)
    if (signal.aborted) {
      say('Interrupted.')
      return 1
    }
    if (verdict.outcome === 'caught') caught++
    const word = wordFor(verdict)
    say(`${at + 1}/${mutants.length} ${word} ${mutant.name} ${dim(verdict.by)}`)
    rows.push([mutant.name, mutant.file, verdict.outcome, verdict.by.slice(0, 90)])
  }
  say()
  for (const line of table(['what it would do', 'file', 'outcome', 'noticed by'], rows)) say(line)
  say()
  const line = `${caught} of ${mutants.length} caught`
  say(caught === mutants.length ? green(line) : red(line))
  return caught === mutants.length ? 0 : 1
}

function wordFor({ outcome }: Verdict): string {
  switch (outcome) {
    case 'caught':
      return green('caught  ')
    case 'survived':
      return red('SURVIVED')
    case 'stale':
      return red('STALE   ')
  }
}
