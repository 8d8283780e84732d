/** Every variable that the Worker reads is documented, and works where the documents say so. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { unstable_readConfig as readWranglerConfig } from 'wrangler'
import { variables } from '../src/config.ts'

const ROOT = join(import.meta.dirname, '..')
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')
const wrangler = readWranglerConfig({ config: join(ROOT, 'wrangler.toml') })

const all = variables()
const named = (which: (variable: (typeof all)[number]) => boolean): string[] =>
  all
    .filter(which)
    .map(({ name }) => name)
    .sort()
const NAMES = named(() => true)

/** The names in the first column of a section's table, without the rows about bindings. */
function tableNames(path: string, heading: string): string[] {
  const [, section = ''] = read(path).split(`\n## ${heading}\n`)
  const [table = ''] = section.split('\n## ')
  return [...table.matchAll(/^\|(.*?)\|(.*?)\|/gm)]
    .filter(([, , kind = '']) => !/binding|绑定/.test(kind))
    .flatMap(([, first = '']) => [...first.matchAll(/`([A-Z][A-Z_]+)`/g)])
    .map(([, name = '']) => name)
    .sort()
}

describe('the variables', () => {
  it('are the required secrets, the required vars and the optional ones', () => {
    expect(named(({ isOptional, isSecret }) => isSecret && !isOptional)).toEqual([
      'MERCHANT_TOKEN',
      'WX_API_KEY',
      'WX_APP_SECRET',
    ])
    expect(named(({ isOptional, isSecret }) => !isSecret && !isOptional)).toEqual([
      'PUBLIC_URL',
      'WX_APPID',
      'WX_MCH_ID',
    ])
    expect(named(({ isOptional, isSecret }) => isOptional && isSecret)).toContain('WX_API_KEY_OLD')
    expect(named(({ isOptional, isSecret }) => isOptional && !isSecret)).toContain('WX_PAY_ORIGIN')
  })

  it.each([
    ['README.md', 'Configuration'],
    ['README.zh-CN.md', '配置'],
  ])('stand in %s, each once', (path, heading) => {
    expect(tableNames(path, heading)).toEqual(NAMES)
  })

  it('stand in .dev.vars.example: the required secrets to fill in, the others as comments', () => {
    const lines = [...read('.dev.vars.example').matchAll(/^(# )?([A-Z][A-Z_]+)=/gm)]

    expect(lines.map(([, , name = '']) => name).sort()).toEqual(NAMES)
    expect(
      lines
        .filter(([, comment]) => comment === undefined)
        .map(([, , name]) => name)
        .sort(),
    ).toEqual(named(({ isOptional, isSecret }) => isSecret && !isOptional))
  })

  it('are described to those who deploy with the button, if an installation needs them', () => {
    const { cloudflare } = JSON.parse(read('package.json')) as {
      cloudflare: { bindings: Record<string, { description: string }> }
    }
    expect(Object.keys(cloudflare.bindings).sort()).toEqual(
      [...named(({ isOptional }) => !isOptional), 'DB', 'KV'].sort(),
    )
  })

  it('stand in [vars] if they are no secrets; the required secrets stand in [secrets]', () => {
    expect(Object.keys(wrangler.vars).sort()).toEqual(named(({ isSecret }) => !isSecret))
    expect([...(wrangler.secrets?.required ?? [])].sort()).toEqual(
      named(({ isOptional, isSecret }) => isSecret && !isOptional),
    )
  })
})
