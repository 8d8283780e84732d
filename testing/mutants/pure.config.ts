/**
 * The vitest project of the pure tests. It is also a configuration by itself: `npm run mutants` starts vitest several
 * hundred times, and without the plugin for workerd vitest starts two seconds sooner.
 */
import { defineProject } from 'vitest/config'

/** Days pass in some tests, and a busy machine is several times slower. */
export const PATIENCE = { testTimeout: 30_000, hookTimeout: 120_000 }

/** The tests of code that needs no workerd. */
export const PURE = defineProject({
  test: {
    name: 'pure',
    ...PATIENCE,
    environment: 'node',
    isolate: false, // these files leave nothing behind; a process for each would take longer than its tests
    include: [
      'test/{lib,core,wechat,webhooks,routes,cron,simulator,testing,examples}/**/*.test.ts',
    ],
  },
})

export default PURE
