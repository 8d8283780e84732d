/** Reads the entries of one version from CHANGELOG.md. */

/** The text below `## 0.2.0`, with or without a date behind it, up to the next version; undefined when there is none. */
export function notesOf(changelog: string, version: string): string | undefined {
  const sections = changelog.split(/^## /m).slice(1)
  const section = sections.find((each) => /^\S+/.exec(each)?.[0] === version)
  const notes = section?.replace(/^.*\n/, '').trim()
  return notes === '' ? undefined : notes
}
