/** Compares the reader of plain messages with fast-xml-parser, which is the reader of record. */
import { parseWithLibrary, parseXml } from '../../../src/wechat/v2/wire/xml.ts'
import { readPlainXml } from '../../../src/wechat/v2/wire/plain-xml.ts'
import { chanceOf } from '../../simulation/run/random.ts'
import { xmlMessage } from '../inputs/xml-messages.ts'

const ELEMENTS_MAX = 200

/** How many messages had which form, and those that were read in two ways. */
export type Compared = {
  /** The plain form, which the first reader has read. */
  plain: number
  /** Another form, which the parser has read. */
  other: number
  /** Refused by the parser. */
  refused: number
  /** Refused before either reader: too long, or with a character that no message may have. */
  unread: number
  differing: { seed: number; message: string; plain: string; parser: string }[]
}

/** Makes `count` messages, the seeds of which begin at `from`, and reads each with both readers. */
export function compareReaders(from: number, count: number, compared: Compared): void {
  for (let seed = from; seed < from + count; seed++) {
    const message = xmlMessage(chanceOf(seed, 'message'))
    const whole = parseXml(message, 'xml', ELEMENTS_MAX)
    if (!whole.ok && /^(too_long|forbidden_character)$/.test(whole.error.reason)) {
      compared.unread++
      continue
    }
    const plain = readPlainXml(message, 'xml', ELEMENTS_MAX)
    const parser = parseWithLibrary(message, 'xml', ELEMENTS_MAX)
    compared[plain !== undefined ? 'plain' : parser.ok ? 'other' : 'refused']++
    const [read, record] = [shown(whole), shown(parser)]
    if (read !== record) compared.differing.push({ seed, message, plain: read, parser: record })
  }
}

const shown = (read: ReturnType<typeof parseXml>): string =>
  JSON.stringify(read.ok ? [...read.value] : read.error)
