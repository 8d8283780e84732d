/** Runs pure tests in a copy of the repository, in a process that is replaced when a mutant makes it hang. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Answered, Asked } from './session.ts'

/** A run that takes longer counts as failed: the mutant may have caused an endless loop. */
const PATIENCE_MS = 150_000

/** The pure tests of a copy of the repository. */
export class PureTests {
  readonly #folder: string
  #session: ChildProcess | undefined

  /** @param folder The copy. */
  constructor(folder: string) {
    this.#folder = folder
  }

  /**
   * Runs tests up to the first failure.
   *
   * @param changed The path of the file that was changed since the last run.
   * @returns the first failed test; undefined when all passed.
   */
  async firstFailure(changed: string, tests: readonly string[]): Promise<string | undefined> {
    const session = (this.#session ??= await this.#start())
    const listening = new AbortController()
    const { signal } = listening
    const answered = once(session, 'message', { signal }).then(([answer]) => answer as Answered)
    const lost = once(session, 'exit', { signal }).then(() => ({ failed: 'the tests crashed' }))
    const late = sleep(PATIENCE_MS, { failed: 'a timeout' }, { signal })
    session.send({ changed, tests } satisfies Asked)
    const outcomes = [answered, lost, late]
    const first = await Promise.race(outcomes)
    listening.abort()
    await Promise.allSettled(outcomes)
    if (first !== (await answered.catch(() => undefined))) this.stop()
    return first.failed
  }

  /** Ends the process with its children. */
  stop(): void {
    const session = this.#session
    this.#session = undefined
    if (session?.pid !== undefined && session.exitCode === null)
      process.kill(-session.pid, 'SIGKILL')
  }

  async #start(): Promise<ChildProcess> {
    const session = fork(join(this.#folder, 'testing/mutants/random/session.ts'), {
      cwd: this.#folder,
      // The process has its own group, so that its children can be killed with it.
      detached: true,
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      env: { ...process.env, CI: '1' },
    })
    await once(session, 'message')
    return session
  }
}
