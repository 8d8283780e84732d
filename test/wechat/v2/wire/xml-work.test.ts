import { describe, expect, it } from 'vitest'
import { parseXml } from '../../../../src/wechat/v2/wire/xml.ts'

const CHARS = 64 * 1024
/** Very generous: such a message is refused in a few milliseconds, unless the work is quadratic. */
const LIMIT_MS = 2_000

const filled = (before: string, filling: string, after: string): string =>
  before +
  filling.repeat(Math.floor((CHARS - before.length - after.length) / filling.length)) +
  after

describe('a message that is made to keep a reader busy', () => {
  it.each([
    ['openings of CDATA', filled('<xml><a>', '<![CDATA[', '</a></xml>')],
    ['empty CDATA sections', filled('<xml><a>', '<![CDATA[]]>', '</a></xml>')],
    ['empty CDATA sections in the root', filled('<xml>', '<![CDATA[]]>', '</xml>')],
    ['closings of CDATA', filled('<xml><a>', ']]>', '</a></xml>')],
    ['brackets in CDATA', filled('<xml><a><![CDATA[', ']]', ']]></a></xml>')],
    ['blanks', filled('<xml><a>', ' ', '</a></xml>')],
    ['blanks before the root', filled('', ' ', '<xml><a>1</a></xml>')],
    ['blanks behind the root', filled('<xml><a>1</a></xml>', ' ', '')],
    ['blanks behind the root, and a character', filled('<xml><a>1</a></xml>', ' ', 'x')],
    ['blanks in the root', filled('<xml>', '\n', '</xml>')],
    ['blanks in a tag', filled('<xml><a', ' ', '>1</a></xml>')],
    ['blanks in a tag without an end', filled('<xml><a', ' ', '')],
    ['blanks in the declaration', filled('<?xml', ' ', '?><xml><a>1</a></xml>')],
    ['blanks in a declaration without an end', filled('<?xml', ' ', '')],
    ['parts of a declaration', filled('<?xml', ' a=""', '')],
    ['a name without an end', filled('<xml><', 'a', '')],
    ['references', filled('<xml><a>', '&#1', '</a></xml>')],
    ['finished references', filled('<xml><a>', '&#65;', '</a></xml>')],
    ['ampersands', filled('<xml><a>', '&', '</a></xml>')],
    ['nesting', filled('<xml>', '<a>', '</xml>')],
    ['nesting that ends', `<xml>${'<a>'.repeat(9_000)}${'</a>'.repeat(9_000)}</xml>`],
    ['roots', filled('', '<xml>', '')],
    ['small elements', filled('<xml>', '<a/>', '</xml>')],
    ['angle brackets', filled('<xml>', '<', '')],
    ['closing brackets', filled('<xml><a>', '>', '</a></xml>')],
    ['openings of comments', filled('<xml>', '<!--', '')],
    ['openings of a DOCTYPE', filled('', '<!DOCTYPE xml [', '')],
    ['entity definitions', filled('<!DOCTYPE xml [', '<!ENTITY a "&a;">', ']><xml/>')],
    ['letters', filled('<xml><a>', 'x', '</a></xml>')],
    ['letters and CDATA in turn', filled('<xml><a>', 'x<![CDATA[y]]>', '</a></xml>')],
  ])('with 64 KiB of %s is read or refused quickly', (_, text) => {
    const before = performance.now()

    expect(() => parseXml(text)).not.toThrow()

    expect(performance.now() - before).toBeLessThan(LIMIT_MS)
  })
})
