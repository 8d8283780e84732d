/**
 * The vitest project of the pure tests. It is also a configuration by itself: `npm run mutants` starts vitest several
 * hundred times, and without the plugin for workerd vitest starts two seconds sooner.
 */
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Days pass in some tests, and a busy machine is several times slower. */
export const PATIENCE = { testTimeout: 30_000, hookTimeout: 120_000 }

/** The tests of code that needs no workerd. */
export const PURE = {
  test: {
    name: 'pure',
    ...PATIENCE,
    environment: 'node' as const,
    isolate: false, // these files leave nothing behind; a process for each would take longer than its tests
    include: [
      'test/{lib,core,console,wechat,webhooks,routes,simulator,testing,examples}/**/*.test.ts',
    ],
  },
}

/** Files with thousands of random inputs run last. Most mutants are caught before. */
class QuickFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const took = (file: TestSpecification): number =>
      this.ctx.cache.getTestSpecificationResult(file)?.duration ?? 0
    return files.sort((a, b) => took(a) - took(b))
  }
}

export default defineConfig({
  test: { ...PURE.test, sequence: { sequencer: QuickFirst } },
})
