declare namespace Cloudflare {
  interface Env {
    /** Given by vitest.config.ts, so that a test's D1 has the tables that production has. */
    TEST_MIGRATIONS: import('cloudflare:test').D1Migration[]
  }
}
