/**
 * How many rows D1 reads for every page of the console and every list, in a large database, and once more with as many open
 * orders and webhooks that were given up. The story that does so runs in workerd, and fails above 500 rows.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { CliError } from '../../scripts/cli/command.ts'
import type { Context, Part } from '../lib/part.ts'

const ROOT = join(import.meta.dirname, '../..')
/** The story that reads every page. */
const STORY = ['test/stories/large.test.ts', '-t', 'reads at most 500 rows']
/** How many pages the table shows. */
const SHOWN = 12

export type PagesResult = Readonly<{
  orders: number
  /** The most rows that a page has read. */
  rowsMax: number
  /** The rows of each page. */
  rows: Readonly<Record<string, number>>
}>

export const pages: Part<PagesResult> = {
  name: 'pages',
  about: 'the rows that every page of the console and every list reads in a large database',
  async run(context) {
    const rows = await readPages(context)
    return { orders: context.orders, rowsMax: Math.max(...Object.values(rows)), rows }
  },
  tables: ({ orders, rowsMax, rows }) => [
    {
      title: `Rows that D1 reads for a page, ${orders} orders stored: at most ${rowsMax}. The largest ones:`,
      head: ['page', 'rows'],
      rows: Object.entries(rows)
        .toSorted(([, a], [, b]) => b - a)
        .slice(0, SHOWN)
        .map(([page, count]) => [page, String(count)]),
    },
  ],
}

function readPages({ orders, interrupted, progress }: Context): Promise<PagesResult['rows']> {
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs')
  const child = spawn(process.execPath, [vitest, 'run', '--project', 'workerd', ...STORY], {
    cwd: ROOT,
    env: { ...process.env, BENCH_ORDERS: String(orders), BENCH_PRINT: 'yes' },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: interrupted,
  })
  progress(`filling D1 with ${orders} orders, and reading every page`)
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()))
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      const [, json] = /ROWS (\{.*\})/.exec(text) ?? []
      if (code === 0 && json !== undefined) resolve(JSON.parse(json) as PagesResult['rows'])
      else reject(new CliError(`The story of the pages failed:\n${text}`))
    })
  })
}
