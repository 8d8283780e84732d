/** What is uploaded, by folder, and how much CPU time the Worker needs before its first request. */
import { mkdirSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { bundleWorker, type Metafile, type Module } from '../lib/bundle.ts'
import { inFolder } from '../lib/folder.ts'
import type { Context, Part } from '../lib/part.ts'
import { alternate, digits, median } from '../lib/rounds.ts'
import { workerVars } from '../lib/shop.ts'
import { EMPTY, startWorker } from '../lib/workerd.ts'

export type SizesResult = Readonly<{
  /** KiB of all that is uploaded, gzipped. */
  gzipKib: number
  /** The part of it that is not the console, by its share of the bytes before gzip. */
  withoutConsoleKib: number
  /** KiB before gzip, by folder of src and by library. */
  kib: Readonly<Record<string, number>>
  /** CPU time in workerd, in milliseconds, from the start to the first answer, beyond that of an empty Worker. */
  startupMs: number
}>

export const sizes: Part<SizesResult> = {
  name: 'sizes',
  about: 'the Worker by folder, and the CPU time of its start',
  run: (context) => inFolder((folder) => measure(folder, context)),
  tables: ({ gzipKib, withoutConsoleKib, kib, startupMs }) => [
    {
      title: `The Worker: ${gzipKib} KiB gzip, of it ${withoutConsoleKib} without the console; first answer after ${startupMs} ms of CPU time`,
      head: ['folder or library', 'KiB before gzip'],
      rows: Object.entries(kib).map(([name, size]) => [name, String(size)]),
    },
  ],
}

async function measure(folder: string, context: Context): Promise<SizesResult> {
  context.progress('bundling the Worker')
  const bundle = join(folder, 'bundle')
  mkdirSync(bundle)
  const { modules, meta } = await bundleWorker(bundle)
  const gzipped = modules.map(({ contents }) => gzipSync(contents).length / 1_024)
  const bytes = bytesByRoom(meta)
  const sum = (of: readonly number[]): number => of.reduce((total, each) => total + each, 0)
  const all = sum([...bytes.values()])
  const [script = 0] = gzipped
  const starting = {
    ours: () => startOnce(modules, folder),
    empty: () => startOnce(EMPTY, folder),
  }
  const { ours, empty } = await alternate(starting, context.quick ? 7 : 21, context, 'starting')
  return {
    gzipKib: digits(sum(gzipped)),
    withoutConsoleKib: digits((script * (all - (bytes.get('src/console') ?? 0))) / all),
    kib: Object.fromEntries(
      [...bytes]
        .toSorted(([, a], [, b]) => b - a)
        .map(([name, size]) => [name, digits(size / 1_024)]),
    ),
    startupMs: digits(median(ours.map((each, round) => each - (empty[round] ?? 0)))),
  }
}

/** The bytes in the output of each folder of `src` and of each library. */
function bytesByRoom({ outputs }: Metafile): ReadonlyMap<string, number> {
  const bytes = new Map<string, number>()
  for (const { inputs } of Object.values(outputs)) {
    for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
      const library = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]
      const folder = /(src\/[^/]+)\//.exec(path)?.[1]
      const name = library ?? folder ?? (path.includes('src/') ? 'src/*' : 'wrangler')
      bytes.set(name, (bytes.get(name) ?? 0) + bytesInOutput)
    }
  }
  return bytes
}

/**
 * CPU time of a new workerd from its start to the answer to one request. The start of a Worker is so short that it is
 * measured by what workerd needs more than with a Worker that does nothing.
 */
async function startOnce(modules: readonly Module[], folder: string): Promise<number> {
  const path = mkdtempSync(join(folder, 'start-'))
  const worker = await startWorker(modules, workerVars('https://wechat.example'), path, 'as_it_is')
  try {
    await (await fetch(`${worker.origin}/nothing-here`)).text()
    return worker.process.cpuMs()
  } finally {
    await worker.stop()
  }
}
