/** The block `[env.staging]`: a second Worker, with a database, secrets and limits of its own. */
import { quoted } from './toml-lines.ts'
import type { Section } from './wrangler-file.ts'

/** Rate limits are counted by namespace in the whole account, so staging takes other ones. */
const NAMESPACE_OFFSET = 1_000

type Top = Pick<Section, 'vars' | 'secrets' | 'd1_databases' | 'kv_namespaces' | 'ratelimits'>

/**
 * Writes the block after the top level. Of an environment, wrangler inherits routes and the cron, but no variable, secret or
 * binding. Variables are empty, so that staging never sends webhooks to the shop.
 */
export function stagingBlock(top: Top): string {
  const required = top.secrets?.required ?? []
  return [
    '# Staging, made by `npm run setup -- --env staging`: a Worker with a database, secrets and a domain of its own.',
    '[env.staging]',
    'routes = [] # without this line, staging would take the domain above',
    '',
    '[env.staging.vars]',
    ...Object.keys(top.vars).map((name) => `${name} = ""`),
    '',
    '[env.staging.secrets]',
    `required = [${required.map(quoted).join(', ')}]`,
    ...top.d1_databases.flatMap(({ binding, database_name: name = '', migrations_dir: folder }) => [
      '',
      '[[env.staging.d1_databases]]',
      `binding = ${quoted(binding)}`,
      `database_name = ${quoted(`${name}-staging`)}`,
      ...(folder === undefined ? [] : [`migrations_dir = ${quoted(folder)}`]),
    ]),
    ...top.kv_namespaces.flatMap(({ binding }) => [
      '',
      '[[env.staging.kv_namespaces]]',
      `binding = ${quoted(binding)}`,
    ]),
    ...top.ratelimits.flatMap(({ name, namespace_id: id, simple }) => [
      '',
      '[[env.staging.ratelimits]]',
      `name = ${quoted(name)}`,
      `namespace_id = ${quoted(String(Number(id) + NAMESPACE_OFFSET))}`,
      `simple = { limit = ${simple.limit}, period = ${simple.period} }`,
    ]),
    '',
  ].join('\n')
}
