/** The figures of the documents, as Markdown in English and Chinese, made from the results of the bench. */
import type { GrowthResult } from '../parts/growth.ts'
import type { HttpResult } from '../parts/http.ts'
import type { LargeResult } from '../parts/large.ts'
import type { PagesResult } from '../parts/pages.ts'
import type { ProtocolResult } from '../parts/protocol.ts'
import type { SizesResult } from '../parts/sizes.ts'
import type { TickResult } from '../parts/tick.ts'
import type { Results } from './results.ts'

export type Language = 'en' | 'zh'
/** A sentence in both languages. */
type Words = Readonly<Record<Language, string>>

const DATABASE_BYTES = 10e9
/** Rows that a paid order writes until its webhook is delivered. `test/stories/large.test.ts` holds it to this. */
const ROWS_PER_ORDER = 14
const INCLUDED_ROWS = 50e6
const SECONDS_PER_MONTH = 30 * 86_400

/** The parts that the documents need. */
type Parts = Readonly<{
  protocol: ProtocolResult
  http: HttpResult
  large: LargeResult
  pages: PagesResult
  tick: TickResult
  sizes: SizesResult
  growth: GrowthResult
}>

const partsOf = (results: Results): Parts =>
  Object.fromEntries(Object.entries(results).map(([name, { result }]) => [name, result])) as Parts

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')

const count = (value: number): string => value.toLocaleString('en').replaceAll(',', ' ')
const ordersOf = (bytes: number): number => Math.floor(DATABASE_BYTES / bytes / 1e5) / 10

const REQUESTS: Readonly<Record<string, Words>> = {
  '/notify, fresh': { en: '`/notify`, fresh', zh: '`/notify`，首次' },
  '/notify, duplicate': { en: '`/notify`, duplicate', zh: '`/notify`，重复' },
  '/pay, first': { en: '`/pay`, first', zh: '`/pay`，首次' },
  '/pay, again': { en: '`/pay`, again', zh: '`/pay`，再次' },
  '/result': { en: '`/result`', zh: '`/result`' },
}
const ACTS: Readonly<Record<keyof ProtocolResult, Words>> = {
  notice: { en: 'read and verify a notice', zh: '解析并验签一条通知' },
  unifiedorder: { en: 'build and sign a unifiedorder', zh: '生成并签名 unifiedorder' },
  paySign: { en: 'sign for `wx.requestPayment`', zh: '为 `wx.requestPayment` 签名' },
}

/** Makes the text of each marker. */
export const FIGURES: Readonly<Record<string, (results: Results, language: Language) => string>> = {
  /** When and where the figures were measured. */
  machine(results, language) {
    const { at, machine, quick } = Object.values(results)[0] ?? fail()
    const loads = Object.values(results).map((each) => each.machine.load)
    const range = [...new Set([Math.min(...loads), Math.max(...loads)])]
    const [date, load] = [at.slice(0, 10), range.join('–')]
    const { cores, cpu, node, workerd } = machine
    return {
      en: `Measured on ${date}${quick ? ' with `--quick`' : ''}: ${cores} cores (${cpu}), Node ${node}, workerd ${workerd}. Other jobs ran on the machine (load ${load}), so the ratios mean more than the times.`,
      zh: `测量于 ${date}${quick ? '（`--quick`）' : ''}：${cores} 核（${cpu}）、Node ${node}、workerd ${workerd}。测量时机器上还有其他任务（负载 ${load}），所以请看比值，不要看绝对时间。`,
    }[language]
  },

  protocol(results, language) {
    const { protocol } = partsOf(results)
    const names = Object.keys(protocol.notice.contenders).filter((name) => !name.includes(','))
    const head = { en: 'CPU time, × the floor', zh: 'CPU 时间（下限的倍数）' }[language]
    const rows = (Object.keys(ACTS) as (keyof ProtocolResult)[]).map((act) => [
      ACTS[act][language],
      ...names.map((name) => String(protocol[act].contenders[name]?.ratio ?? '')),
    ])
    return table([head, ...names], rows)
  },

  http(results, language) {
    const { phases } = partsOf(results).http
    const names = Object.keys(Object.values(phases)[0] ?? {}).slice(1)
    const head = {
      en: ['our throughput ÷ theirs · our CPU time ÷ theirs', 'p50, p99 of ours'],
      zh: ['本项目吞吐量 ÷ 对方 · 本项目 CPU 时间 ÷ 对方', '本项目 p50、p99'],
    }[language]
    const rows = Object.entries(phases).map(([title, figures]) => {
      const [ours] = Object.values(figures)
      return [
        REQUESTS[title]?.[language] ?? title,
        ...names.map((name) => {
          const figure = figures[name]
          return figure === undefined ? '' : `${figure.throughput} · ${inverse(figure.cpu)}`
        }),
        `${ours?.p50Ms}, ${ours?.p99Ms} ms`,
      ]
    })
    return table([head[0] ?? '', ...names, head[1] ?? ''], rows)
  },

  large(results, language) {
    const { phases, ticks, megabytes } = partsOf(results).large
    const sizes = Object.keys(ticks)
    const head = { en: 'orders stored', zh: '已有订单数' }[language]
    const line = (words: Words, of: (size: string) => string): readonly string[] => [
      words[language],
      ...sizes.map(of),
    ]
    return table(
      [head, ...sizes.map((size) => count(Number(size)))],
      [
        line({ en: 'database, MB', zh: '数据库大小（MB）' }, (size) => String(megabytes[size])),
        ...Object.entries(phases).map(([title, figures]) =>
          line(
            {
              en: `${REQUESTS[title]?.en}: time · CPU, × the smallest`,
              zh: `${REQUESTS[title]?.zh}：时间 · CPU（最小库的倍数）`,
            },
            (size) => `${figures[size]?.throughput} · ${figures[size]?.cpu}`,
          ),
        ),
        line({ en: 'cron, nothing due: rows read', zh: '定时任务无到期工作：读取行数' }, (size) =>
          String(ticks[size]?.idle),
        ),
        line({ en: 'cron, 10 due: rows read', zh: '定时任务 10 项到期：读取行数' }, (size) =>
          String(ticks[size]?.due),
        ),
      ],
    )
  },

  tick(results, language) {
    const { runs, drains } = partsOf(results).tick
    const words = {
      en: [
        'plan',
        'due',
        'asked',
        'calls',
        'statements',
        'rows read',
        'rows written',
        'CPU in Node, ms',
      ],
      zh: ['套餐', '到期', '已查询', '调用', '语句', '读取行', '写入行', 'Node 中的 CPU（ms）'],
    }[language]
    const sentence = (plan: string): string => {
      const drain = drains.find((each) => each.plan === plan) ?? fail()
      const [backlog, minutes] = [count(drain.backlog), drain.minutes]
      return {
        en: `${plan}: a backlog of ${backlog} attempts that are all due takes ${minutes} ${minutes === 1 ? 'run' : 'runs'} and ${count(drain.calls)} calls.`,
        zh: `${plan}：积压 ${backlog} 个到期的支付尝试，需要 ${minutes} 次运行、${count(drain.calls)} 次调用。`,
      }[language]
    }
    return `${table(
      words,
      runs.map((run) =>
        Object.values(run).map((each) => (typeof each === 'number' ? count(each) : each)),
      ),
    )}\n\n${drains.map(({ plan }) => `- ${sentence(plan)}`).join('\n')}`
  },

  capacity(results, language) {
    const { bytesPerOrder } = partsOf(results).growth
    const head = {
      en: [
        'paid orders, on average',
        'a month',
        'database full (10 GB) after',
        'rows written a month',
        'D1 bill for them',
      ],
      zh: ['平均每秒支付', '每月', '10 GB 写满所需', '每月写入行数', 'D1 写入费用'],
    }[language]
    const rows = [1, 10, 100, 1_000].map((rate) => {
      const monthly = rate * SECONDS_PER_MONTH
      const written = monthly * ROWS_PER_ORDER
      const days = DATABASE_BYTES / bytesPerOrder / rate / 86_400
      const dollars = Math.round(Math.max(0, written - INCLUDED_ROWS) / 1e6)
      return [
        { en: `${rate} a second`, zh: `${rate} 笔` }[language],
        { en: `${count(monthly / 1e6)} million`, zh: `${count(monthly / 1e4)} 万` }[language],
        days >= 2
          ? { en: `${Math.floor(days)} days`, zh: `${Math.floor(days)} 天` }[language]
          : { en: `${Math.floor(days * 24)} hours`, zh: `${Math.floor(days * 24)} 小时` }[language],
        {
          en: `${count(Math.round(written / 1e6))} million`,
          zh: `${count(Math.round(written / 1e4))} 万`,
        }[language],
        `$${count(dollars)}`,
      ]
    })
    const sentence = {
      en: `A settled order with an ordercode of 20 characters takes ${count(bytesPerOrder)} bytes, indexes included, so that one database of 10 GB holds ${ordersOf(bytesPerOrder)} million of them.`,
      zh: `一笔已完成的订单（订单号 20 个字符）连同索引占 ${count(bytesPerOrder)} 字节，因此一个 10 GB 的数据库可以存 ${Math.floor(DATABASE_BYTES / bytesPerOrder / 1e4)} 万笔订单。`,
    }[language]
    return `${sentence}\n\n${table(head, rows)}`
  },

  budgets(results, language) {
    const { protocol, http, large, pages, sizes, growth } = partsOf(results)
    const ours = protocol.notice.contenders['wxpay-edge']?.ratio ?? NaN
    const fresh = http.phases['/notify, fresh'] ?? {}
    const [largest = ''] = Object.keys(large.ticks).slice(-1)
    const slowest = Math.max(
      ...['/notify, fresh', '/pay, first', '/pay, again'].map(
        (title) => large.phases[title]?.[largest]?.throughput ?? NaN,
      ),
    )
    const due = large.ticks[largest]?.due ?? NaN
    const [same, three] = ['bare Worker, same batch', 'bare Worker, three statements'].map(
      (name) => fresh[name]?.throughput ?? NaN,
    )
    const stored = count(Number(largest))
    const rows: readonly (readonly [Words, Words, string, boolean])[] = [
      [
        { en: 'read and verify a notice, CPU time', zh: '解析并验签一条通知的 CPU 时间' },
        { en: '≤ 2 × the floor', zh: '≤ 下限的 2 倍' },
        `${ours} ×`,
        ours <= 2,
      ],
      [
        { en: 'the same, against the fastest peer', zh: '同上，与最快的同类库相比' },
        { en: '≥ 3 times as fast', zh: '≥ 3 倍' },
        `${protocol.notice.timesFaster} ×`,
        protocol.notice.timesFaster >= 3,
      ],
      [
        {
          en: '`/notify`, fresh: throughput, bare Worker with the same batch',
          zh: '`/notify` 首次：吞吐量，对比执行同样语句的空 Worker',
        },
        { en: '≥ 0.9 ×', zh: '≥ 0.9 倍' },
        `${same} ×`,
        (same ?? NaN) >= 0.9,
      ],
      [
        {
          en: '`/notify`, fresh: throughput, bare Worker with three statements',
          zh: '`/notify` 首次：吞吐量，对比只执行三条语句的空 Worker',
        },
        { en: '≥ 0.8 ×', zh: '≥ 0.8 倍' },
        `${three} ×`,
        (three ?? NaN) >= 0.8,
      ],
      [
        {
          en: `\`/notify\`, \`/pay\` with ${stored} orders stored`,
          zh: `已有 ${stored} 笔订单时的 \`/notify\`、\`/pay\``,
        },
        { en: '≤ 1.2 × the time with 1 000', zh: '≤ 1 000 笔时的 1.2 倍' },
        `${slowest} ×`,
        slowest <= 1.2,
      ],
      [
        {
          en: `a run of the cron, ${stored} orders stored, 10 due: rows read`,
          zh: `定时任务运行一次（已有 ${stored} 笔订单，10 项到期）读取的行数`,
        },
        { en: '≤ 100', zh: '≤ 100' },
        String(due),
        due <= 100,
      ],
      [
        {
          en: `a page or list with ${count(pages.orders)} orders stored: rows read`,
          zh: `已有 ${count(pages.orders)} 笔订单时，任一页面或列表读取的行数`,
        },
        { en: '≤ 500', zh: '≤ 500' },
        String(pages.rowsMax),
        pages.rowsMax <= 500,
      ],
      [
        { en: 'a settled order in the database', zh: '一笔已完成的订单占用的空间' },
        { en: '≤ 1 200 bytes', zh: '≤ 1 200 字节' },
        count(growth.bytesPerOrder),
        growth.bytesPerOrder <= 1_200,
      ],
      [
        { en: 'the Worker, gzip', zh: 'Worker 的 gzip 大小' },
        { en: '≤ 200 KiB, 110 without the console', zh: '≤ 200 KiB，不含控制台 ≤ 110' },
        `${sizes.gzipKib}, ${sizes.withoutConsoleKib} KiB`,
        sizes.gzipKib <= 200 && sizes.withoutConsoleKib <= 110,
      ],
      [
        {
          en: 'CPU time from the start to the first answer, in workerd',
          zh: '在 workerd 中从启动到第一个响应的 CPU 时间',
        },
        { en: '≤ 50 ms', zh: '≤ 50 ms' },
        `${sizes.startupMs} ms`,
        sizes.startupMs <= 50,
      ],
    ]
    const head = { en: ['what', 'budget', 'measured', ''], zh: ['内容', '预算', '实测', ''] }[
      language
    ]
    const marks = { en: ['holds', '**does not hold**'], zh: ['达到', '**未达到**'] }[language]
    return table(
      head,
      rows.map(([what, budget, measured, holds]) => [
        what[language],
        budget[language],
        measured,
        marks[holds ? 0 : 1] ?? '',
      ]),
    )
  },

  /** Two sentences for the README. */
  readme(results, language) {
    const { protocol, http, pages, sizes, growth } = partsOf(results)
    const cpu = http.phases['/notify, fresh']?.['bare Worker, same batch']?.cpu ?? NaN
    const [faster, million] = [protocol.notice.timesFaster, ordersOf(growth.bytesPerOrder)]
    const [rows, stored, kib] = [pages.rowsMax, count(pages.orders), sizes.gzipKib]
    return {
      en: `A notice is read and verified in ${protocol.notice.contenders['wxpay-edge']?.ratio} times the CPU time of a hand-written scan with native MD5, ${faster} times as fast as the fastest of \`tenpay\` and \`wechatpay-axios-plugin\`. \`/notify\` takes ${inverse(cpu)} times the CPU time of a bare Worker that runs the same SQL. With ${stored} orders stored, no page reads more than ${rows} rows. One database holds ${million} million settled orders. The Worker is ${kib} KiB gzipped.`,
      zh: `解析并验签一条支付通知，CPU 时间是手写扫描加原生 MD5 的 ${protocol.notice.contenders['wxpay-edge']?.ratio} 倍，比 \`tenpay\` 和 \`wechatpay-axios-plugin\` 中较快的一个快 ${faster} 倍。\`/notify\` 的 CPU 时间是执行同样 SQL 的空 Worker 的 ${inverse(cpu)} 倍。已有 ${stored} 笔订单时，任何页面读取不超过 ${rows} 行。一个数据库可以存 ${Math.floor(DATABASE_BYTES / growth.bytesPerOrder / 1e4)} 万笔已完成的订单。Worker 的 gzip 大小为 ${kib} KiB。`,
    }[language]
  },
}

const inverse = (ratio: number): number => Number((1 / ratio).toPrecision(3))

function fail(): never {
  throw new Error('the results are not complete: run all parts of the bench')
}
