import { describe, expect, it } from 'vitest'
import { readBill } from '../../../src/wechat/bill/read.ts'
import {
  bytesOf,
  gzip,
  OLD_ALL,
  OLD_SUMMARY,
  payment,
  readAll,
  readText,
  refund,
  sourceOf,
  SUMMARY,
  writeBill,
} from '../../../testing/wire/bill-writer.ts'
import { seeded } from '../../../testing/wire/seeded.ts'

const ROWS = [
  payment({ 商户订单号: 'A1', 商品名称: '校服,`😀' }),
  refund({ 商户订单号: 'A2', 商品名称: '校服\r\n秋季\n' }),
  payment({ 商户订单号: 'A3', 交易时间: '?' }),
  payment({ 商户订单号: 'A4', 商户数据包: '班级:三年级' }),
  payment({ 商户订单号: 'A5' }),
]
const TEXT = writeBill({ rows: ROWS })
const BYTES = bytesOf(TEXT)
const PACKED = gzip(BYTES)
const WHOLE = await readText(TEXT)
const CUT_OFF = { whole: false, reason: 'cut_off' }

const FORMS: [string, Uint8Array][] = [
  ['plain', BYTES],
  ['gzip', PACKED],
]

function* pieces(bytes: Uint8Array, length: () => number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length;) {
    const piece = bytes.slice(at, at + length())
    yield piece
    at += piece.length
  }
}

describe('a bill in pieces', () => {
  it('is read in one piece as the other tests expect', () => {
    expect(WHOLE.rows.map(({ kind }) => kind)).toEqual([
      'payment',
      'refund',
      'unreadable',
      'payment',
      'payment',
    ])
    expect(WHOLE.end).toMatchObject({
      whole: true,
      differing: ['totalFee', 'settlementTotalFee', 'serviceFee'],
    })
  })

  it.each(FORMS)('(%s) is the same in two pieces, wherever it is split', async (_, bytes) => {
    for (let at = 0; at <= bytes.length; at++) {
      const read = await readAll([bytes.subarray(0, at), bytes.subarray(at)])

      expect(read, `broken at ${at}`).toEqual(WHOLE)
    }
  })

  it.each(FORMS)('(%s) is the same byte by byte', async (_, bytes) => {
    expect(await readAll(pieces(bytes, () => 1))).toEqual(WHOLE)
  })

  it.each(FORMS)('(%s) is the same in pieces of random length', async (_, bytes) => {
    for (let seed = 1; seed <= 100; seed++) {
      const { below } = seeded(seed)

      expect(await readAll(pieces(bytes, () => below(20))), `seed ${seed}`).toEqual(WHOLE)
    }
  })

  it.each([
    ['a byte order mark', '\uFEFF'],
    ['no byte order mark', ''],
  ])(
    'is the same with %s, with both kinds of line ends, and with or without the last one',
    async (_, begin) => {
      for (const lineEnd of ['\r\n', '\n']) {
        for (const end of ['', '\r', '\n', '\r\n', '\r\n\r\n']) {
          const text = writeBill({ rows: ROWS, begin, lineEnd, end })

          expect(await readText(text), JSON.stringify([lineEnd, end])).toEqual(WHOLE)
        }
      }
    },
  )

  it.each([1, 2, 3, 4, 5, 6])('comes in pages of %d rows', async (pageRows) => {
    const { pages, rows, end } = await readAll([BYTES], { pageRows })

    expect(pages.slice(0, -1).every((length) => length === pageRows)).toBe(true)
    expect(pages.every((length) => length > 0 && length <= pageRows)).toBe(true)
    expect({ rows, end }).toEqual({ rows: WHOLE.rows, end: WHOLE.end })
  })

  it.each([0, 1, 2, 3, 4, 5, 6])(
    'continues after row %d, with the sums of all rows',
    async (afterRow) => {
      const { rows, end } = await readAll([PACKED], { pageRows: 2, afterRow })

      expect(rows).toEqual(WHOLE.rows.slice(afterRow))
      expect(end).toEqual(WHOLE.end)
    },
  )
})

describe('a bill that breaks off', () => {
  const expectBeginning = (rows: readonly unknown[], message: string): void => {
    expect(rows, message).toEqual(WHOLE.rows.slice(0, rows.length))
  }

  it('is never whole in gzip, and gives only rows of the whole bill', async () => {
    let most = 0
    for (let length = 0; length < PACKED.length; length++) {
      const { rows, end } = await readAll([PACKED.subarray(0, length)])

      expect(end, `of ${length} bytes`).toEqual(CUT_OFF)
      expectBeginning(rows, `of ${length} bytes`)
      most = Math.max(most, rows.length)
    }
    expect(most).toBeGreaterThanOrEqual(WHOLE.rows.length - 1)
  })

  it('is not whole as plain text while a digit of its last number is missing', async () => {
    const meant = bytesOf(TEXT.trimEnd()).length
    for (let length = 0; length < meant; length++) {
      const { rows, end } = await readAll([BYTES.subarray(0, length)])

      expect(end, `of ${length} bytes`).toEqual(CUT_OFF)
      expectBeginning(rows, `of ${length} bytes`)
    }
    for (let length = meant; length <= BYTES.length; length++) {
      expect(await readAll([BYTES.subarray(0, length)]), `of ${length} bytes`).toEqual(WHOLE)
    }
  })

  it.each([
    ['the fee, with five decimals', OLD_SUMMARY, '0.48000'],
    ['an amount without decimals', [...SUMMARY, '新总额'], '7'],
    ['an amount with one decimal', [...SUMMARY, '新总额'], '7.0'],
  ])('is not whole while the line of %s is not ended', async (_, summaryColumns, last) => {
    const [columns, rows] = [OLD_ALL, [payment(), refund()]]
    const plan = { columns, summaryColumns, rows, summary: { 新总额: last } }
    const text = writeBill(plan).trimEnd()
    expect(text.endsWith(`\`${last}`)).toBe(true)

    for (let missing = last.length - 1; missing > 0; missing--) {
      expect((await readText(text.slice(0, -missing))).end).toEqual(CUT_OFF)
    }
    const isCertain = /\.\d{5}$/.test(last)
    expect((await readText(text)).end.whole).toBe(isCertain)
    expect((await readText(`${text}\r\n`)).end).toMatchObject({ whole: true, differing: [] })
  })

  it.each(FORMS)('(%s) is not whole when its source fails', async (_, bytes) => {
    for (let length = 0; length <= bytes.length; length++) {
      const { rows, end } = await readAll([bytes.subarray(0, length)], { broken: true })

      expect(end, `of ${length} bytes`).toEqual(CUT_OFF)
      expectBeginning(rows, `of ${length} bytes`)
    }
  })

  it('gives the rows that are followed by another row', async () => {
    const beforeSummary = TEXT.slice(0, TEXT.indexOf('总交易单数'))

    for (const broken of [true, false]) {
      const read = await readAll([bytesOf(beforeSummary)], { broken })
      expect(read).toMatchObject({ rows: WHOLE.rows.slice(0, 3), end: CUT_OFF })
    }
    // What looks like the summary may still be the rest of a product name.
    const { rows } = await readAll([BYTES], { broken: true })
    expect(rows).toEqual(WHOLE.rows.slice(0, 4))
  })

  it('gives its pages before that', async () => {
    const rows = Array.from({ length: 3_000 }, (_, at) =>
      payment({ 商户订单号: `A${at}`, 商品名称: `${seeded(at).below(1_000_000_000)}` }),
    )
    const packed = gzip(bytesOf(writeBill({ rows })))
    const half = packed.subarray(0, packed.length / 2)
    const read = await readAll(
      pieces(half, () => 1_000),
      { pageRows: 100 },
    )

    expect(read.end).toEqual(CUT_OFF)
    expect(read.rows.length).toBeGreaterThan(1_000)
    expect(read.rows.at(-1)).toMatchObject({ outTradeNo: `A${read.rows.length - 1}` })
  })

  it('is also one with changed bytes', async () => {
    let changes = 0
    for (let at = 2; at < PACKED.length; at++) {
      const changed = PACKED.slice()
      changed[at] = (changed[at] ?? 0) ^ 0x10
      const { rows, end } = await readAll([changed])

      // Some bits mean nothing: the header's time, and what fills the last byte.
      if (end.whole) expect({ at, rows, end }).toEqual({ at, rows: WHOLE.rows, end: WHOLE.end })
      else expect(end, `changed at ${at}`).toEqual(CUT_OFF)
      changes += end.whole ? 1 : 0
    }
    expect(changes).toBeLessThan(10)
  })

  it('is also one with additional bytes at its end', async () => {
    expect((await readAll([PACKED, new Uint8Array([0])])).end).toEqual(CUT_OFF)
    expect((await readAll([PACKED, PACKED])).end).toEqual(CUT_OFF)
  })
})

describe('the source of a bill', () => {
  const { below } = seeded(1)
  const rows = Array.from({ length: 5_000 }, (_, at) =>
    payment({
      商户订单号: `A${at}`,
      商品名称: Array.from({ length: 20 }, () => below(4_000_000_000)).join(''),
    }),
  )
  const plain = bytesOf(writeBill({ rows }))
  const forms: [string, Uint8Array][] = [
    ['plain', plain],
    ['gzip', gzip(plain)],
  ]

  it.each(forms)('(%s) is cancelled when no more pages are read', async (_, bytes) => {
    const { stream, state } = sourceOf(pieces(bytes, () => 100))
    for await (const page of readBill(stream, { pageRows: 10, afterRow: 0 })) {
      expect(page.rows).toHaveLength(10)
      break
    }

    expect(state.isCancelled).toBe(true)
  })

  it.each(forms)('(%s) is cancelled even when it has stopped sending', async (_, bytes) => {
    let isCancelled = false
    const half = bytes.slice(0, bytes.length / 2)
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(half), // and sends nothing more
      cancel: () => {
        isCancelled = true
      },
    })
    const bill = readBill(stream, { pageRows: 10, afterRow: 0 })
    await bill.next()
    await bill.return(CUT_OFF as never)

    expect(isCancelled).toBe(true)
  })

  it.each(forms)('(%s) is read only as far as needed', async (_, bytes) => {
    const { stream, state } = sourceOf(pieces(bytes, () => 1_024))
    const bill = readBill(stream, { pageRows: 10, afterRow: 0 })
    await bill.next()
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 1))

    expect(state.taken).toBeLessThan(bytes.length / 1_024 / 4)
    await bill.return(CUT_OFF as never)
  })

  it.each(forms)('(%s) may be slow', async (_, bytes) => {
    async function* slowly() {
      for (const piece of pieces(bytes, () => 10_000)) {
        await new Promise((resolve) => setTimeout(resolve, below(3)))
        yield piece
      }
    }
    const { stream } = sourceOf(slowly())
    let read = 0
    for await (const page of readBill(stream, { pageRows: 10, afterRow: 0 }))
      read += page.rows.length

    expect(read).toBe(rows.length)
  })

  it('is cancelled when it is not a bill', async () => {
    const { stream, state } = sourceOf([bytesOf('<xml>\n'), bytesOf('...')])
    const bill = readBill(stream, { pageRows: 10, afterRow: 0 })

    expect(await bill.next()).toEqual({ done: true, value: { whole: false, reason: 'not_a_bill' } })
    expect(state.isCancelled).toBe(true)
  })

  it('gives nothing more after the bill is read', async () => {
    const { stream } = sourceOf([BYTES])
    const bill = readBill(stream, { pageRows: 10, afterRow: 0 })
    while ((await bill.next()).done !== true);

    await expect(bill.next()).resolves.toEqual({ done: true, value: undefined })
  })

  it('is cancelled early when it is a gzip bomb', async () => {
    const bomb = gzip(new Uint8Array(200_000_000))
    const { stream, state } = sourceOf(pieces(bomb, () => 1_024))
    const bill = readBill(stream, { pageRows: 10, afterRow: 0 })

    expect(await bill.next()).toEqual({ done: true, value: { whole: false, reason: 'not_a_bill' } })
    expect(state.taken).toBeLessThan(bomb.length / 1_024 / 2)
  })

  it('is refused with an invalid page size or start row', async () => {
    const { stream } = sourceOf([BYTES])

    await expect(readBill(stream, { pageRows: 0, afterRow: 0 }).next()).rejects.toThrow('invariant')
    await expect(readBill(stream, { pageRows: 1, afterRow: -1 }).next()).rejects.toThrow(
      'invariant',
    )
  })
})
