/** `npm run release -- --check`: whether this commit can be released. Changes nothing, and makes no tag itself. */
import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CliError, readOptions, run } from './cli/command.ts'
import { bold, dim, green, red, say } from './cli/terminal.ts'
import { notesOf } from './release/changelog.ts'
import { migrationFaults } from './release/migrations.ts'

const HELP = `Checks that this commit can be released: a clean tree, a version that is not taken, its entry in CHANGELOG.md, migrations that only
add, an interface that breaks no shop, and the tests, of which one weighs the Worker.

Usage: npm run release -- --check
       npm run release -- --check --no-tests
       npm run release -- --check --notes notes.md

  --check         look, and say how to make the tag
  --no-tests      leave out the tests and the lint, which take minutes
  --notes FILE    write the version's entries of CHANGELOG.md to a file
  --help          print this text

Exits with 0 if everything holds.`

const ROOT = join(import.meta.dirname, '..')
const MIGRATIONS = 'src/store/migrations'

const git = (...args: readonly string[]): string =>
  execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim()

const linesOf = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '')

/** The last release before this commit; undefined when there is none yet. */
const lastTag = (): string | undefined => {
  const here = linesOf(git('tag', '--list', 'v*', '--points-at', 'HEAD'))
  return linesOf(git('tag', '--list', 'v*', '--merged', 'HEAD', '--sort=-v:refname')).find(
    (tag) => !here.includes(tag),
  )
}

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

/** What is wrong with the migrations: those of the last release were changed, or a new one takes something away. */
function faultsOfMigrations(tag: string | undefined): readonly string[] {
  // Before the first release no other version runs.
  if (tag === undefined) return []
  const changed = git('diff', '--name-status', '--diff-filter=a', tag, 'HEAD', '--', MIGRATIONS)
  const released = git('ls-tree', '--name-only', tag, `${MIGRATIONS}/`).split('\n')
  const added = readdirSync(join(ROOT, MIGRATIONS))
    .map((name) => `${MIGRATIONS}/${name}`)
    .filter((path) => !released.includes(path))
  return [
    ...linesOf(changed).map(
      (line) => `${line.replace(/\s+/g, ' ')}: a released migration is changed`,
    ),
    ...added.flatMap((path) => migrationFaults(read(path)).map((fault) => `${path}: ${fault}`)),
  ]
}

const isRun = (script: string, ...args: readonly string[]): boolean => {
  const rest = args.length === 0 ? [] : ['--', ...args]
  const isShell = process.platform === 'win32'
  return (
    spawnSync('npm', ['run', '--silent', script, ...rest], {
      cwd: ROOT,
      stdio: 'inherit',
      shell: isShell,
    }).status === 0
  )
}

await run(async () => {
  const { values } = readOptions({
    check: { type: 'boolean', default: false },
    'no-tests': { type: 'boolean', default: false },
    notes: { type: 'string' },
    help: { type: 'boolean', default: false },
  })
  if (values.help) {
    say(HELP)
    return 0
  }
  if (!values.check) throw new CliError('Say --check. See --help.')

  const { version } = JSON.parse(read('package.json')) as { version: string }
  const tag = lastTag()
  const notes = notesOf(read('CHANGELOG.md'), version)
  say(bold(`wxpay-edge ${version}, after ${tag ?? 'no release'}`))
  let failed = 0
  const check = (what: string, faults: readonly string[]): void => {
    say(`${faults.length === 0 ? green('✓') : red('✗')} ${what}`)
    for (const fault of faults) say(`  ${red(fault)}`)
    failed += faults.length === 0 ? 0 : 1
  }
  const unless = (holds: boolean, fault: string): readonly string[] => (holds ? [] : [fault])

  const dirty = git('status', '--porcelain')
  check('the tree is clean', unless(dirty === '', `commit or remove:\n${dirty}`))
  const taken = git('tag', '--list', `v${version}`)
  const isHere = taken !== '' && git('rev-list', '-n1', taken) === git('rev-parse', 'HEAD')
  check(
    'the version is new',
    unless(
      taken === '' || isHere,
      `v${version} is another commit: raise "version" in package.json`,
    ),
  )
  check(
    'CHANGELOG.md tells what changes',
    unless(notes !== undefined, `it has no entries below "## ${version}": rename "Unreleased"`),
  )
  check('migrations only add', faultsOfMigrations(tag))
  if (values['no-tests']) say(dim('- tests and lint: left out'))
  else {
    for (const script of ['check', 'test', 'test:random', 'test:commands'])
      check(`npm run ${script}`, unless(isRun(script), 'see above'))
  }

  if (values.notes !== undefined && notes !== undefined) writeFileSync(values.notes, `${notes}\n`)
  if (failed === 0 && !isHere)
    say(`\nReady: git tag -a v${version} -m v${version} && git push origin v${version}`)
  return failed === 0 ? 0 : 1
})
