import { existsSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'

/** A D1 on a disk waits for it at every commit; in memory, where there is room, tests take a fifth less. */
const MEMORY = '/dev/shm'
const MEMORY_NEEDED = 1024 ** 3
if (existsSync(MEMORY)) {
  const { bavail, bsize } = statfsSync(MEMORY)
  if (bavail * bsize > MEMORY_NEEDED) process.env['TMPDIR'] ??= MEMORY
}

/** Days pass in some tests, and a busy machine is several times slower. */
const PATIENCE = { testTimeout: 30_000, hookTimeout: 120_000 }

/**
 * Two places to run: plain Node for what is pure, workerd with its real D1 for the rest. The store's
 * tests run in both, so that the D1 of the simulation is held to what the real one does.
 */
export default defineConfig(async () => ({
  test: {
    maxWorkers: '100%', // a machine of two cores would be given one worker
    projects: [
      {
        test: {
          name: 'pure',
          ...PATIENCE,
          environment: 'node',
          isolate: false, // nothing is left behind there, and a process for each file would take longer than the tests
          include: [
            'test/{lib,core,wechat,webhooks,routes,cron,simulator,testing,examples}/**/*.test.ts',
          ],
        },
      },
      {
        test: {
          name: 'node',
          ...PATIENCE,
          environment: 'node',
          include: ['test/scripts/**/*.test.ts', 'test/*.test.ts'],
        },
      },
      {
        resolve: {
          alias: {
            'cloudflare:workers': join(import.meta.dirname, 'testing/d1/workers-in-node.ts'),
          },
        },
        test: {
          name: 'shim',
          ...PATIENCE,
          environment: 'node',
          include: ['test/store/**/*.test.ts'],
        },
      },
      {
        plugins: [
          cloudflareTest({
            main: './src/worker.ts',
            wrangler: { configPath: './wrangler.toml' },
            miniflare: {
              bindings: {
                // Only so that wrangler does not ask for them: every test brings its own.
                WX_APP_SECRET: 'x',
                WX_API_KEY: 'x',
                MERCHANT_TOKEN: 'x',
                TEST_MIGRATIONS: await readD1Migrations('./src/store/migrations'),
              },
            },
          }),
        ],
        test: {
          name: 'workerd',
          isolate: false, // every test starts from empty tables, and a fresh workerd for each file doubles the time
          ...PATIENCE,
          include: ['test/{store,stories}/**/*.test.ts'],
          setupFiles: ['testing/d1/apply-migrations.ts'],
        },
      },
    ],
  },
}))
