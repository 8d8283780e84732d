/** Files that downloadbill answers: the day's bill, changed in every place, and things that are no bill at all. */
import { gzipSync } from 'node:zlib'
import { BILL_LAYOUTS } from '../../../simulator/state/bill-plan.ts'
import type { Chance } from '../../simulation/run/random.ts'
import { MONEY_ORDERS } from '../run/money-fixture.ts'
import type { FuzzWorld } from '../run/world.ts'
import { mutateBytes, noise, ODD_TEXTS } from './bytes.ts'
import { type Answer, utf8 } from './input.ts'

type Bytes = Uint8Array<ArrayBuffer>
const LINE_END = '\r\n'

/** WeChat's answer to downloadbill. @param date The day that the Worker asks for, `yyyyMMdd`. */
export function billAnswer(world: FuzzWorld, chance: Chance, date: string): Answer {
  const endpoint = 'downloadbill'
  if (chance.happens(0.04)) return { endpoint, what: chance.pick(['stalls', 'drops', 'breaks']) }
  const status = chance.happens(0.97) ? 200 : chance.pick([201, 302, 404, 500, 502])
  return { endpoint, what: { status, bytes: file(world, chance, date) } }
}

function file(world: FuzzWorld, chance: Chance, date: string): Bytes {
  if (chance.happens(0.1)) return utf8(notABill(chance))
  const text = changedText(chance, billText(world, chance, date))
  const plain = chance.happens(0.1) ? encodedText(chance, text) : utf8(text)
  const cut = chance.happens(0.12) ? plain.slice(0, chance.below(plain.length + 1)) : plain
  const bytes = chance.happens(0.08) ? mutateBytes(chance, cut) : cut
  return chance.happens(0.5) ? bytes : packed(chance, bytes)
}

/** The days of which the simulated WeChat has payments, and the day of the inputs. */
const DAYS = ['20261121', '20261122', '20261123']

/** The genuine bill of the day, of another day, of another type, or in another layout. */
function billText(world: FuzzWorld, chance: Chance, date: string): string {
  const isKnown = DAYS.includes(date) && chance.happens(0.92)
  const day = isKnown ? date : chance.pick(DAYS)
  const billType = chance.happens(0.95) ? 'ALL' : chance.pick(['SUCCESS', 'REFUND'] as const)
  const layout = chance.happens(0.7) ? 'new' : chance.pick(BILL_LAYOUTS)
  const { bills } = world.wechat
  // Mostly the file has what our records have: a payment and a refund are known to WeChat alone.
  if (chance.happens(0.65)) for (const number of unknownHere(world)) drop(world, day, number)
  if (chance.happens(0.4)) lie(world, chance, day)
  const text = bills.text(day, { billType, layout })
  bills.clearChanges(day)
  return text
}

const unknownHere = ({ wechat }: FuzzWorld): readonly string[] => [
  ...wechat.books
    .captures()
    .filter(({ outTradeNo }) => outTradeNo === MONEY_ORDERS.lost)
    .map(({ transactionId }) => transactionId),
  'hand-0001',
]

const drop = ({ wechat }: FuzzWorld, day: string, number: string): void =>
  wechat.bills.change(day, { kind: 'drop_row', number })

/** Makes the bill of a day lie, consistently in itself: other rows, and the totals of these rows; or only wrong totals. */
function lie({ wechat }: FuzzWorld, chance: Chance, day: string): void {
  const { transactionId } = chance.pick(wechat.books.captures())
  const number = chance.pick([transactionId, 'r-done-01', 'r-card-01', 'hand-0001'])
  wechat.bills.change(
    day,
    chance.pick([
      { kind: 'drop_row', number },
      { kind: 'repeat_row', number },
      { kind: 'other_amount', number, fen: chance.pick([1, 8_799, 8_801, 99_999_999]) },
      { kind: 'other_fee_rate', number, basisPoints: chance.pick([0, 38, 100]) },
      { kind: 'extra_row', row: chance.pick(['payment', 'refund']) },
      { kind: 'unasked_refund', outTradeNo: 'whole-001', fen: 50 },
      { kind: 'revoked_row', outTradeNo: 'whole-001' },
      { kind: 'wrong_totals' },
      { kind: 'wrong_totals', header: chance.pick(['总交易单数', '手续费总金额', '订单总金额']) },
      { kind: 'escapes', escapes: chance.pick(['backslash', 'octal', 'none']) },
      { kind: 'cut_off', at: chance.pick(['middle', 'last_digit']) },
    ]),
  )
}

const CELLS = [
  '-1.00', '-0.00', '0.00', '88.01', '88', '88.0', '88.001', '8.8e1', '８８.００', '+88.00', '88,00', ' 88.00', '0x58',
  '99999999999.00', '9999999999.99', '90071992547409.93', 'NaN', 'SUCCESS', 'REFUND', 'REVOKED', '0', '', 'USD',
  'wx0000000000000000', 'absent-01', 'whole-001', 'whole-001*2', '2026-11-22 23:59:59', '2026-11-21 10:00:00',
  '2026-11-22 10:00', '2026-02-30 10:00:00', '``', '`,`', ',`x', '"', '\\', '\\140', '\n', '\r\n`', '\r', '总交易单数',
] as const // prettier-ignore

/** Changes of single lines and cells; the totals stay as they are. */
function changedText(chance: Chance, text: string): string {
  if (chance.happens(0.5)) return text
  const lines = text.split(LINE_END)
  for (let left = chance.pick([1, 1, 1, 2, 4]); left > 0; left--) changeLines(chance, lines)
  return lines.join(chance.happens(0.9) ? LINE_END : chance.pick(['\n', '\r', '\n\r\n', '\u2028']))
}

function changeLines(chance: Chance, lines: string[]): void {
  const at = chance.below(lines.length)
  const line = lines[at] ?? ''
  const cells = line.split(',')
  const cell = chance.below(cells.length)
  const other = chance.below(lines.length)
  const changes: readonly (() => readonly string[])[] = [
    () => [],
    () => [line, line],
    () => [line, lines[other] ?? ''],
    () => [cells.with(cell, `\`${chance.pick(CELLS)}`).join(',')],
    () => [cells.with(cell, `\`${chance.pick(CELLS)}`).join(',')],
    () => [cells.with(cell, `\`${chance.pick(CELLS)}`).join(',')],
    () => [cells.with(cell, `\`${chance.pick(ODD_TEXTS)}`).join(',')],
    () => [cells.with(cell, chance.pick(CELLS)).join(',')],
    () => [cells.toSpliced(cell, 1).join(',')],
    () => [cells.toSpliced(cell, 0, cells[cell] ?? '').join(',')],
    () => [line.replaceAll('`', '')],
    () => [line.replaceAll(/\d/g, (digit) => (chance.happens(0.05) ? '9' : digit))],
    () => [`${line}${chance.pick(['`', ',', ',`', '\u0000', ' ', 'x'.repeat(70_000)])}`],
    () => ['', line, ' '],
    () => [line.replace(/2026-11-2\d/, chance.pick(['2026-11-21', '2026-11-23', '2026-11-20']))],
  ]
  lines.splice(at, 1, ...chance.pick(changes)())
}

/** The text in an encoding that is not UTF-8, or with odd marks at its beginning. */
const encodedText = (chance: Chance, text: string): Bytes =>
  chance.pick<() => Bytes>([
    () => Uint8Array.from(Buffer.from(text, 'utf16le')),
    () => Uint8Array.from(Buffer.from(text, 'latin1')),
    () => utf8(`\ufeff${text}`),
    () => utf8(text.replace('\ufeff', '')),
    () => utf8(`${LINE_END}${text}`),
    () => Uint8Array.from([0xff, 0xfe, ...utf8(text)]),
  ])()

/** Gzip: whole, cut off, changed, twice, with something behind it. */
const packed = (chance: Chance, bytes: Bytes): Bytes => {
  const whole = Uint8Array.from(gzipSync(bytes, { level: 1 }))
  if (chance.happens(0.75)) return whole
  return chance.pick<() => Bytes>([
    () => whole.slice(0, chance.below(whole.length)),
    () => whole.slice(0, -chance.pick([1, 4, 8, 12])),
    () => mutateBytes(chance, whole),
    () => Uint8Array.from(gzipSync(whole)),
    () => Uint8Array.from([...whole, ...noise(chance)]),
    () => Uint8Array.from([...whole, ...whole]),
  ])()
}

const CODES = [
  '20002',
  '20002',
  '20002',
  '20002',
  '20001',
  '20003',
  '20007',
  '20100',
  '100',
  '',
  '__proto__',
]
const MESSAGES = ['No Bill Exist', 'No Bill Exist', 'Bill Creating', 'SYSTEMERROR', '账单不存在', '', 'invalid bill_date'] // prettier-ignore

function notABill(chance: Chance): string {
  const code = chance.pick(CODES)
  const words = chance.pick(MESSAGES)
  const error = `<xml><return_code><![CDATA[FAIL]]></return_code><return_msg><![CDATA[${words}]]></return_msg><error_code>${code}</error_code></xml>`
  return chance.pick([
    error,
    error,
    error,
    error.slice(0, chance.below(error.length)),
    error.replace('FAIL', 'SUCCESS'),
    `${error}\r\n交易时间,微信订单号,商户订单号`,
    '<html><body>502 Bad Gateway</body></html>',
    '交易时间',
    '',
    '{"code":"NO_STATEMENT_EXIST"}',
    chance.pick(ODD_TEXTS),
  ])
}
