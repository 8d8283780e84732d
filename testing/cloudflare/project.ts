/** A folder like a fresh clone, which a test may change. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeCertificates } from '../../simulator/server/certificates.ts'

const ROOT = join(import.meta.dirname, '..', '..')

export type Project = Readonly<{
  /** Everything below it is the test's. */
  folder: string
  configPath: string
  config: () => string
  writeConfig: (text: string) => void
  /** PATH and folders for a wrangler that sees nothing of the user's own settings. */
  env: Readonly<Record<string, string>>
  /** Files below the folder, and in wrangler's cache, that contain one of these texts. */
  filesWith: (texts: readonly string[]) => string[]
  remove: () => void
}>

export function newProject(): Project {
  const folder = mkdtempSync(join(tmpdir(), 'wxpay-edge-test-'))
  const project = join(folder, 'project')
  mkdirSync(project)
  for (const file of ['wrangler.toml', 'package.json', 'tsconfig.json']) {
    cpSync(join(ROOT, file), join(project, file))
  }
  cpSync(join(ROOT, 'src'), join(project, 'src'), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(project, 'node_modules'))
  for (const name of ['home', 'tmp']) mkdirSync(join(folder, name))
  const configPath = join(project, 'wrangler.toml')
  return {
    folder,
    configPath,
    config: () => readFileSync(configPath, 'utf8'),
    writeConfig: (text) => writeFileSync(configPath, text),
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: join(folder, 'home'),
      XDG_CONFIG_HOME: join(folder, 'home'),
      TMPDIR: join(folder, 'tmp'),
      NO_COLOR: '1',
      LANG: 'C.UTF-8',
    },
    filesWith: (texts) =>
      [...filesBelow(folder), ...filesBelow(join(ROOT, 'node_modules', '.cache'))].filter(
        (path) => {
          const content = readFileSync(path, 'latin1')
          return texts.some((text) => content.includes(text))
        },
      ),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** All files but those of installed packages. */
function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return filesBelow(path)
    return entry.isFile() ? [path] : []
  })
}

/** One environment of several parts; later ones win. */
export const environmentOf = (
  ...parts: readonly Readonly<Record<string, string>>[]
): NodeJS.ProcessEnv => Object.assign({}, ...parts) as NodeJS.ProcessEnv

/** Writes a merchant certificate and its key, as WeChat's download has them. @returns the path of the certificate. */
export async function writeCertificate(folder: string, merchant: string): Promise<string> {
  const { merchant: pair } = await makeCertificates(merchant)
  writeFileSync(join(folder, 'apiclient_cert.pem'), pair.cert)
  writeFileSync(join(folder, 'apiclient_key.pem'), pair.key)
  return join(folder, 'apiclient_cert.pem')
}
