/** Checks the types of JavaScript and TypeScript in documents, as strictly as the project's own. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Block, ROOT } from './markdown.ts'

/** What the texts around the code say that there is. `wx.request` asks /pay, whose answer `wx.requestPayment` must take. */
const GIVEN = `
import type { InferOutput } from 'valibot'
import type { PayParameters } from '${join(ROOT, 'openapi/schemas/pay.ts')}'
type Answer = InferOutput<typeof PayParameters>
type Wx = WechatMiniprogram.Wx
export declare const wx: Omit<Wx, 'request'> & {
  request: (option: WechatMiniprogram.RequestOption<Answer>) => ReturnType<Wx['request']>
}
declare global {
  /** The origin of the Worker. */
  const WXPAY_URL: string
  const MERCHANT_TOKEN: string
  const ordercode: string
  /** The payer, as the shop knows it. */
  const openid: string
}
`

/** A block that is one object: what its text says that it is. */
const OBJECTS: Readonly<Record<string, Readonly<{ name: string; from: string }>>> = {
  'CONTRIBUTING.md': { name: 'Mutant', from: 'testing/mutants/mutant.ts' },
}

const isObject = ({ text }: Block): boolean => text.startsWith('{')

/** @returns what tsc says, a text for each error, which begins with the place in the document. */
export function typeFaults(blocks: readonly Block[]): readonly string[] {
  if (blocks.length === 0) return []
  // In the tree, so that libraries are found. git ignores the folder.
  mkdirSync(join(ROOT, 'test-output'), { recursive: true })
  const folder = mkdtempSync(join(ROOT, 'test-output', 'code-blocks-'))
  try {
    const options = {
      allowJs: true,
      checkJs: true,
      lib: ['es2024'],
      types: ['node', 'miniprogram-api-typings'],
      moduleDetection: 'force', // each block has its own names
      noPropertyAccessFromIndexSignature: false,
      // Examples show what there is; what follows would use it.
      noUnusedLocals: false,
      noUnusedParameters: false,
    }
    const config = {
      extends: join(ROOT, 'tsconfig.json'),
      compilerOptions: options,
      include: ['.'],
    }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
    writeFileSync(join(folder, 'given.ts'), GIVEN)
    for (const [at, block] of blocks.entries()) {
      writeFileSync(join(folder, `block-${at}.${block.language}`), moduleOf(block))
    }
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
    const given = [tsc, '-p', folder, '--pretty', 'false']
    const { stdout, stderr, status } = spawnSync(process.execPath, given, { encoding: 'utf8' })
    const faults = `${stdout}${stderr}`.trim()
    if (status === 0) return []
    return faults.split(/\n(?=\S)/).map((line) =>
      line.replace(/^.*block-(\d+)\.\w+\((\d+),\d+\)/, (_, at: string, row: string) => {
        const block = blocks[Number(at)]
        return `${block?.document}:${(block?.line ?? 0) + Number(row) - 1}`
      }),
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The block as a module whose lines keep their numbers. */
function moduleOf(block: Block): string {
  if (!isObject(block)) {
    return /\bwx\./.test(block.text)
      ? `import { wx } from './given.ts';${block.text}\n`
      : block.text
  }
  const { name, from } = OBJECTS[block.document] ?? { name: 'unknown', from: '' }
  const type = from === '' ? 'unknown' : `import('${join(ROOT, from)}').${name}`
  return `export const it: ${type} = ${block.text}\n`
}
