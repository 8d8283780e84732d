declare namespace Cloudflare {
  interface Env {
    /** Set by vitest.config.ts, so that a test's D1 has the same tables as production. */
    TEST_MIGRATIONS: import('cloudflare:test').D1Migration[]
    /** Takes what a file of stories saw of `openapi.json`. */
    CONTRACT: Fetcher
  }
}
