/** What a release must not contain. */
import { describe, expect, it } from 'vitest'
import { notesOf } from '../../scripts/release/changelog.ts'
import { migrationFaults } from '../../scripts/release/migrations.ts'
import { workerMigrations } from '../../testing/simulation/d1/sqlite.ts'

describe('a migration', () => {
  it.each([
    ['makes a table', 'CREATE TABLE t (a INTEGER NOT NULL);'],
    ['adds a column', 'ALTER TABLE t ADD COLUMN b TEXT;'],
    ['adds a column with a default', 'ALTER TABLE t ADD COLUMN b TEXT NOT NULL DEFAULT 0;'],
    ['restates rows', "-- DROP TABLE t;\nUPDATE t SET a = ';' WHERE a = 1;"],
    [
      'drops an index that was never released',
      '-- No released version needs the index.\nDROP INDEX i;',
    ],
    ['makes an index anew', 'DROP INDEX i;\nCREATE UNIQUE INDEX i ON t (a);'],
    [
      'deletes within a trigger',
      'CREATE TRIGGER x AFTER INSERT ON t BEGIN\n  DELETE FROM s; UPDATE u SET a = 1;\nEND;',
    ],
  ])('may be released that %s', (_, sql) => {
    expect(migrationFaults(sql)).toEqual([])
  })

  it.each([
    ['drops a table', 'DROP TABLE t;'],
    ['drops a column', 'ALTER TABLE t DROP COLUMN a;'],
    ['renames a table', 'ALTER TABLE t RENAME TO s;'],
    ['renames a column', 'ALTER TABLE t RENAME COLUMN a TO b;'],
    ['deletes rows', 'CREATE TABLE s (a);\nDELETE FROM t;'],
    ['drops an index for good', 'DROP INDEX i;'],
    [
      'drops a trigger and makes another',
      'DROP TRIGGER i; CREATE TRIGGER ii AFTER INSERT ON t BEGIN SELECT 1; END;',
    ],
    [
      'adds a column that the version before does not fill',
      'ALTER TABLE t ADD COLUMN b TEXT NOT NULL;',
    ],
  ])('may not be released that %s', (_, sql) => {
    expect(migrationFaults(sql)).toHaveLength(1)
  })

  it('of this version only adds', () => {
    // 0004 came with the first release, and no version ran before it.
    const faults = workerMigrations().slice(4).flatMap(migrationFaults)
    expect(faults).toEqual([])
  })
})

describe('the notes of a release', () => {
  const changelog =
    '# Changelog\n\n## Unreleased\n\nnew\n\n## 0.2.0 (2026-12-01)\n\n- b\n- c\n\n## 0.1.0\n\n- a\n'

  it('are the entries of its version', () => {
    expect(notesOf(changelog, '0.2.0')).toBe('- b\n- c')
    expect(notesOf(changelog, '0.1.0')).toBe('- a')
  })

  it.each(['0.3.0', '0.2', '0'])('are missing for %s, which has no section', (version) => {
    expect(notesOf(changelog, version)).toBeUndefined()
  })

  it('are missing where the section is empty', () => {
    expect(notesOf('## 1.0.0\n\n## 0.1.0\n\n- a\n', '1.0.0')).toBeUndefined()
  })
})
