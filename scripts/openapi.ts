/** `npm run openapi`: writes what is made from the route table and the schemas. `npm run check` compares. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DOCUMENT, isCurrent, locate, makeFiles } from '../openapi/files.ts'
import { makeExamples } from '../testing/contract/examples.ts'
import { CliError, readOptions, run } from './cli/command.ts'
import { say } from './cli/terminal.ts'

const HELP = `Makes openapi.json, which the Worker serves, and what is made from it: the typed client, and docs/api.md
in English and Chinese.

Usage: npm run openapi [-- options]

  --check    Write nothing. Fail if a file is not current, if openapi.json breaks a rule of redocly.yaml, or if it
             breaks clients that were made for the last release: the newest tag v1.2.3.
`

const REDOCLY = locate('node_modules/@redocly/cli/bin/cli.js')
/** Tags of releases, the newest first. */
const RELEASES = ['tag', '--list', 'v[0-9]*', '--merged', 'HEAD', '--sort=-v:refname']

async function main(): Promise<number> {
  const { values } = readOptions({
    check: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  })
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  const files = await makeFiles(await makeExamples())
  const old = files.filter((file) => !isCurrent(file))
  if (values.check) {
    const paths = old.map(({ path }) => path)
    if (paths.length > 0)
      throw new CliError(`Not current: ${paths.join(', ')}. Run: npm run openapi`)
    redocly('lint', locate(DOCUMENT))
    compareWithRelease()
    return 0
  }
  for (const { path, text } of old) {
    mkdirSync(dirname(locate(path)), { recursive: true })
    writeFileSync(locate(path), text)
    say(`written: ${path}`)
  }
  if (old.length === 0) say('All files are current.')
  return 0
}

function compareWithRelease(): void {
  const [tag] = git(...RELEASES).split('\n')
  if (tag === undefined || tag === '')
    return say('There is no release tag, so nothing to compare with.')
  if (git('ls-tree', '--name-only', tag, '--', DOCUMENT) === '') {
    return say(`The release ${tag} has no openapi.json, so there is nothing to compare with.`)
  }
  const directory = mkdtempSync(join(tmpdir(), 'openapi-'))
  try {
    const before = join(directory, 'released.json')
    writeFileSync(before, git('show', `${tag}:${DOCUMENT}`))
    redocly('diff', before, locate(DOCUMENT))
    say(`Clients of ${tag} are not broken.`)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

const git = (...given: string[]): string =>
  execFileSync('git', given, { cwd: locate('.'), encoding: 'utf8', maxBuffer: 16 * 1024 ** 2 })

/** Runs redocly, whose findings go to the terminal. @throws CliError when it finds an error. */
function redocly(command: 'lint' | 'diff', ...files: string[]): void {
  const given = [REDOCLY, command, ...files, '--config', locate('redocly.yaml')]
  const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' }
  try {
    execFileSync(process.execPath, given, { env, stdio: 'pipe', encoding: 'utf8' })
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    throw new CliError(`redocly ${command} refuses openapi.json:\n${stdout}${stderr}`)
  }
}

await run(main)
