/** Leaves out the mutants that the compiler refuses: they could not be committed, so no test needs to notice them. */
import { execFile } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { RandomMutant } from './draw.ts'

/** Wrong types are refused. A name that a mutant leaves unused is not. */
const OPTIONS = ['--pretty', 'false'].concat(
  ['noUnusedLocals', 'noUnusedParameters'].flatMap((check) => [`--${check}`, 'false']),
)

/**
 * Returns the mutants that compile. The broken files lie side by side in the copy, so that the compiler runs once. What
 * a mutant breaks in other files does not show.
 *
 * @param folder A copy of the repository.
 */
export async function compiling(
  folder: string,
  mutants: readonly RandomMutant[],
  signal: AbortSignal,
): Promise<readonly RandomMutant[]> {
  const paths = mutants.map(({ file }, at) => join('src', dirname(file), `mutant-${at}.ts`))
  for (const [at, { mutated }] of mutants.entries())
    await writeFile(join(folder, paths[at] ?? ''), mutated)
  const output = await tsc(folder, signal)
  for (const path of paths) await rm(join(folder, path))
  const refused = new Set(output.split('\n').map((line) => line.slice(0, line.indexOf('('))))
  return mutants.filter((_, at) => !refused.has(paths[at] ?? ''))
}

/** Returns the compiler's messages, one a line, each with the file's name first. */
function tsc(cwd: string, signal: AbortSignal): Promise<string> {
  const args = ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json', ...OPTIONS]
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { cwd, signal, maxBuffer: 1e8 }, (error, stdout) => {
      // The exit code is not 0 when there are messages.
      if (error !== null && typeof error.code !== 'number') reject(error)
      else resolve(stdout)
    })
  })
}
