import { existsSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'
import { contractModule, noteSighting, sightings } from './testing/contract/plugin.ts'
import { PATIENCE, PURE } from './testing/mutants/pure.config.ts'

/** D1 waits for the disk at every commit. With its files in memory, where there is room, tests take a fifth less. */
const MEMORY = '/dev/shm'
const MEMORY_NEEDED = 1024 ** 3
if (existsSync(MEMORY)) {
  const { bavail, bsize } = statfsSync(MEMORY)
  if (bavail * bsize > MEMORY_NEEDED) process.env['TMPDIR'] ??= MEMORY
}

/**
 * Tests of pure code run in Node, the others in workerd over its real D1. The tests of the store run in both, so that
 * the simulation's D1 must behave like the real one.
 */
export default defineConfig(async () => ({
  test: {
    maxWorkers: '100%', // by default, a machine with two cores gets one worker
    projects: [
      PURE,
      {
        plugins: [contractModule], // the examples of the documents are compared with openapi.json
        test: {
          name: 'node',
          ...PATIENCE,
          environment: 'node',
          include: ['test/*.test.ts'],
        },
      },
      {
        // They start wrangler, the simulator and whole commands, which takes minutes. `npm test` leaves them out.
        test: {
          name: 'commands',
          ...PATIENCE,
          environment: 'node',
          include: ['test/scripts/**/*.test.ts'],
        },
      },
      {
        // They play random worlds and send random requests. `npm test` leaves them out, because they take a minute.
        test: {
          name: 'random',
          ...PATIENCE,
          environment: 'node',
          include: ['test/random/**/*.test.ts'],
        },
      },
      {
        // They drive a browser, which not every machine has. `npm test` leaves them out.
        test: {
          name: 'browser',
          testTimeout: 90_000,
          hookTimeout: 120_000,
          expect: { poll: { timeout: 15_000 } },
          environment: 'node',
          fileParallelism: false, // two stacks and two browsers are too much for two cores
          include: ['test/browser/**/*.test.ts'],
        },
      },
      {
        resolve: {
          alias: [
            {
              find: 'cloudflare:workers',
              replacement: join(import.meta.dirname, 'testing/d1/workers-in-node.ts'),
            },
            // The Worker imports the script of the console as a text, and openapi.json. Node would run the first, and parse the other.
            {
              find: /^.*\/(page\.client\.js|openapi\.json)$/,
              replacement: join(import.meta.dirname, 'testing/d1/empty-text.ts'),
            },
          ],
        },
        test: {
          name: 'shim',
          ...PATIENCE,
          environment: 'node',
          include: ['test/{store,cron}/**/*.test.ts'],
        },
      },
      {
        plugins: [
          contractModule,
          cloudflareTest({
            main: './src/worker.ts',
            wrangler: { configPath: './wrangler.toml' },
            miniflare: {
              serviceBindings: { CONTRACT: noteSighting },
              bindings: {
                // wrangler warns when they are missing. Every test has its own values.
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
          isolate: false, // every test starts with empty tables; a new workerd for each file would double the time
          ...PATIENCE,
          // The part `pages` of the bench asks for a million.
          provide: {
            orders: Number(process.env['BENCH_ORDERS'] ?? 20_000),
            print: process.env['BENCH_PRINT'] === 'yes',
          },
          include: ['test/{store,stories}/**/*.test.ts'],
          setupFiles: ['testing/d1/apply-migrations.ts', 'testing/contract/setup.ts'],
        },
      },
      {
        // It runs after all stories, and judges what they saw.
        test: {
          name: 'contract',
          environment: 'node',
          sequence: { groupOrder: 1 },
          provide: { sightings },
          include: ['test/contract/**/*.test.ts'],
        },
      },
    ],
  },
}))
