/** What vitest.config.ts needs so that the stories are checked against `openapi.json`. */
import { appendFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { validatorsModule } from './validators.ts'

const DOCUMENT = join(import.meta.dirname, '../../src/routes/document/openapi.json')
const NAME = 'virtual:contract'

/** A plugin of Vite that makes the module `virtual:contract`. */
export const contractModule = {
  name: 'contract',
  resolveId: (id: string) => (id === NAME ? `\0${NAME}` : undefined),
  load: (id: string) => (id === `\0${NAME}` ? validatorsModule(DOCUMENT) : undefined),
}

/** What one file of stories saw. */
export type Sighting = Readonly<{
  file: string
  /** Whether all tests of the file ran. */
  isWhole: boolean
  seen: readonly string[]
  declared: readonly string[]
}>

/** Where the sightings of this run are written, each as a line of JSON. */
export const sightings = join(tmpdir(), `sightings-${process.pid}-${Date.now()}`)
process.on('exit', () => rmSync(sightings, { force: true }))

/** Writes a sighting. The tests in workerd have no files, so they call this as a service. */
export async function noteSighting(request: { text: () => Promise<string> }): Promise<Response> {
  appendFileSync(sightings, `${await request.text()}\n`)
  return new Response()
}
