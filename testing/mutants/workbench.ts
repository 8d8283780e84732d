/** A copy of the repository in which one mutant at a time is applied and tested. */
import { spawn } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join, relative } from 'node:path'
import type { Mutant } from './mutant.ts'
import type { RandomMutant } from './random/draw.ts'
import { PureTests } from './random/pure-tests.ts'
import { relatedTests } from './random/related.ts'

const ROOT = join(import.meta.dirname, '../..')
const NOT_COPIED = ['node_modules', '.git', '.wrangler', 'dist', 'coverage']

/** All tests of `src/`. Tests of scripts and of the simulator cannot notice a mutant. */
const ALL_TESTS = [
  ...['lib', 'core', 'wechat', 'webhooks', 'store', 'routes', 'cron', 'stories'].map(
    (folder) => `test/${folder}/`,
  ),
  ...['config', 'fuzz', 'refund-interleavings', 'simulation', 'two-workers'].map(
    (name) => `test/${name}.test.ts`,
  ),
]
/** Those that can notice a mutant and need no workerd. */
const PURE_TESTS = ['core', 'wechat', 'lib', 'webhooks', 'routes'].map(
  (folder) => `test/${folder}/`,
)
/** Starts in a second, where the configuration with workerd needs three. */
const PURE_CONFIG = 'testing/mutants/pure.config.ts'
/** A run of tests that takes longer counts as failed: the mutant may have caused an endless loop. */
const PATIENCE_MS = 10 * 60_000

/**
 * The result for one mutant. `caught`: a test failed. `survived`: no test failed. `stale`: the mutant does not fit the
 * source. `by` says which test, or why.
 */
export type Verdict = Readonly<{ outcome: 'caught' | 'survived' | 'stale'; by: string }>
type Tested = Readonly<{ failed: boolean; byTest: boolean; why: string }>

/** The fields of vitest's JSON report that the workbench reads. */
type Results = Readonly<{
  testResults: readonly Readonly<{
    name: string
    status: string
    message?: string
    assertionResults: readonly Readonly<{ fullName: string; status: string }>[]
  }>[]
}>

/** A copy of the repository, made by {@link Workbench.make}. The caller closes it at the end. */
export class Workbench {
  readonly folder: string
  readonly #signal: AbortSignal
  readonly #pureTests: PureTests

  private constructor(folder: string, signal: AbortSignal) {
    this.folder = folder
    this.#signal = signal
    this.#pureTests = new PureTests(folder)
    signal.addEventListener('abort', () => this.#pureTests.stop(), { once: true })
  }

  /**
   * Makes a workbench: copies this repository to a new temporary folder.
   *
   * @param signal When it is aborted, the tests that are running in the copy are killed.
   */
  static async make(signal: AbortSignal): Promise<Workbench> {
    const folder = await mkdtemp(join(tmpdir(), 'wxpay-edge-mutants-'))
    await cp(ROOT, folder, {
      recursive: true,
      filter: (path) => path === ROOT || !NOT_COPIED.includes(basename(path)),
    })
    // This test checks that every mutant's `find` occurs in the source. In the copy, where a mutant is applied, it would
    // always fail, and every mutant would count as caught. So the copy does not get it.
    await rm(join(folder, 'test/mutants.test.ts'))
    await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
    return new Workbench(folder, signal)
  }

  /**
   * Applies the mutant to the copy, runs tests, and restores the file.
   *
   * @param isQuick If true, runs only the tests that the mutant lists. Otherwise, when these pass, runs all tests.
   */
  async try(mutant: Mutant, isQuick: boolean): Promise<Verdict> {
    const original = await readFile(join(this.folder, 'src', mutant.file), 'utf8')
    const places = original.split(mutant.find).length - 1
    if (places !== 1) return { outcome: 'stale', by: `its text occurs ${places} times` }
    // The replacement is a function, because `$` has a special meaning in a replacement text.
    const mutated = original.replace(mutant.find, () => mutant.replace)
    return this.#broken(mutant.file, mutated, async () => {
      const expected = await this.#test(mutant.tests, projectsOf(mutant.tests))
      // If the test files fail without a failed test, the mutated code cannot be loaded. Such a bug could not be deployed,
      // so the mutant is reported as out of date.
      if (expected.failed && !expected.byTest) return { outcome: 'stale', by: expected.why }
      if (expected.failed) return { outcome: 'caught', by: expected.why }
      if (isQuick) return { outcome: 'survived', by: 'the tests that should fail' }
      const all = await this.testAll()
      return all.failed
        ? { outcome: 'caught', by: `only by ${all.why}` }
        : { outcome: 'survived', by: '' }
    })
  }

  /** Runs the pure tests without a mutant. @returns the first that fails, or undefined. */
  testPure(): Promise<string | undefined> {
    return this.#pureTests.firstFailure(join(this.folder, 'src/worker.ts'), PURE_TESTS)
  }

  /** Applies the random mutant to the copy, runs the pure tests up to the first failure, and restores the file. */
  tryRandom({ file, mutated }: RandomMutant): Promise<Verdict> {
    const path = join('src', file)
    return this.#broken(file, mutated, async () => {
      const tests = relatedTests(this.folder, path, PURE_TESTS)
      if (tests.length === 0) return { outcome: 'survived', by: 'no pure test imports the file' }
      const failed = await this.#pureTests.firstFailure(join(this.folder, path), tests)
      return failed === undefined
        ? { outcome: 'survived', by: '' }
        : { outcome: 'caught', by: failed }
    })
  }

  /** Deletes the copy. */
  async close(): Promise<void> {
    this.#pureTests.stop()
    await rm(this.folder, { recursive: true, force: true })
  }

  /** Judges while the file has the mutated text. */
  async #broken(file: string, mutated: string, judge: () => Promise<Verdict>): Promise<Verdict> {
    const path = join(this.folder, 'src', file)
    const original = await readFile(path, 'utf8')
    await writeFile(path, mutated)
    try {
      return await judge()
    } finally {
      await writeFile(path, original)
    }
  }

  /** Runs all tests of `src/` against the mutant. */
  testAll(): Promise<Tested> {
    return this.#test(ALL_TESTS)
  }

  /**
   * Runs all of the tests, not only up to the first failure: when vitest is cut off while workerd is still starting, its
   * results are lost.
   */
  async #test(filters: readonly string[], options: readonly string[] = []): Promise<Tested> {
    const report = join(this.folder, 'mutants-report.json')
    await writeFile(report, '{"testResults":[]}')
    const status = await this.#vitest([
      ...filters,
      ...options,
      '--reporter=json',
      `--outputFile=${report}`,
    ])
    if (status === 0) return { failed: false, byTest: false, why: '' }
    if (status === 'too long') return { failed: true, byTest: true, why: 'a timeout' }
    const { testResults } = JSON.parse(await readFile(report, 'utf8')) as Results
    for (const { name, assertionResults } of testResults) {
      const test = assertionResults.find((each) => each.status === 'failed')
      if (test !== undefined) {
        const why = `${relative(this.folder, name)}: ${test.fullName}`
        return { failed: true, byTest: true, why }
      }
    }
    const broken = testResults.find((each) => each.status === 'failed')
    const message = broken?.message?.split('\n')[0] ?? `vitest ended with ${status}`
    const where = broken === undefined ? '' : `${relative(this.folder, broken.name)}: `
    return { failed: true, byTest: false, why: `${where}${message}` }
  }

  #vitest(args: readonly string[]): Promise<number | 'too long'> {
    return new Promise((resolve, reject) => {
      this.#signal.throwIfAborted()
      const command = join(this.folder, 'node_modules/vitest/vitest.mjs')
      // Vitest runs in its own process group, so that its children can be killed with it.
      const child = spawn(process.execPath, [command, 'run', ...args], {
        cwd: this.folder,
        detached: true,
        stdio: 'ignore',
        env: { ...process.env, CI: '1', WRANGLER_SEND_METRICS: 'false' },
      })
      let late = false
      const kill = () => {
        if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL')
      }
      const patience = setTimeout(() => {
        late = true
        kill()
      }, PATIENCE_MS)
      this.#signal.addEventListener('abort', kill, { once: true })
      child.once('error', reject)
      child.once('close', (code) => {
        clearTimeout(patience)
        this.#signal.removeEventListener('abort', kill)
        resolve(late ? 'too long' : (code ?? 1))
      })
    })
  }
}

/**
 * The options with which vitest starts no more than these test files need: most need no workerd. Tests of the store and the cron
 * run only over SQLite here.
 */
function projectsOf(tests: readonly string[]): readonly string[] {
  const projects = new Set(tests.map(projectOf))
  if ([...projects].join() === 'pure') return ['--config', PURE_CONFIG]
  return [...projects].flatMap((project) => ['--project', project])
}

function projectOf(test: string): 'node' | 'random' | 'workerd' | 'shim' | 'pure' {
  if (dirname(test) === 'test') return 'node'
  if (dirname(test) === 'test/random') return 'random'
  if (test.startsWith('test/stories/')) return 'workerd'
  return /^test\/(store|cron)\//.test(test) ? 'shim' : 'pure'
}
