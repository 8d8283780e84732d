/** The last run of the doctor: what is wrong and what mends it first, then what is in order. */
import {
  byUrgency,
  type Checkup,
  type CheckStatus,
  type Finding,
} from '../../core/doctor/finding.ts'
import { summaryOf, tell } from '../../core/doctor/words.ts'
import type { Visit } from '../http/visit.ts'
import { timeText } from '../view/format.ts'
import { ICONS } from '../view/icons.ts'
import { markup, type Markup } from '../view/markup.ts'
import { card } from '../view/table.ts'
import { csrfField } from './order-actions.ts'

const LOOKS: Readonly<Record<CheckStatus, readonly [css: string, icon: Markup]>> = {
  ok: ['same', ICONS.ok],
  warn: ['mark', ICONS.warning],
  fail: ['mark', ICONS.crossed],
  skip: ['dim', ICONS.ring],
}

/** @param checkup Undefined when the doctor has not run yet. */
export function checkupCard(visit: Visit, checkup: Checkup | undefined): Markup {
  const { words, now } = visit
  const { page: says } = words.doctor
  const findings = byUrgency(checkup?.findings ?? [])
  const first = findings.filter(({ status }) => status === 'fail' || status === 'warn')
  const rest = findings.filter((each) => !first.includes(each))
  const lines = (some: readonly Finding[]): Markup =>
    markup`<ul class="checks">${some.map((each) => line(visit, each))}</ul>`
  const body =
    checkup === undefined
      ? markup`<p class="pad dim">${says.none}</p>`
      : markup`<p class="pad"><b>${summaryOf(findings, words.doctor)}</b></p>${first.length > 0 && lines(first)}<details class="pad"><summary>${says.rest(rest.length)}</summary>${lines(rest)}</details>`
  const when =
    checkup !== undefined && markup`<span class="faint small">${timeText(checkup.at, now)}</span>`
  return card('doctor', says.title, markup`${body}${form(visit)}`, when)
}

/** The buttons; a viewer has none, because a run calls WeChat and may send a message. */
function form(visit: Visit): Markup | false {
  const { page: says } = visit.words.doctor
  return (
    visit.mayAct &&
    markup`<form class="pad" method="post" action="/console/checks">${csrfField(visit)}<button class="btn go">${says.run}</button> <button class="btn" name="thorough" value="yes">${says.runThorough}</button><p class="dim small gap">${says.thoroughWhat}</p></form>`
  )
}

function line({ words }: Visit, finding: Finding): Markup {
  const { name, message, remedy } = tell(finding, words.doctor)
  const { id, status, seen } = finding
  const [css, icon] = LOOKS[status]
  const isWrong = status === 'fail' || status === 'warn'
  const title = isWrong ? words.doctor.page.expected(name) : name
  const more = remedy !== undefined && markup`<div class="small">${message} ${remedy}</div>`
  return markup`<li><span class="${css}">${icon}<span class="hidden">${words.doctor.page.status[status]}</span></span><div><b>${title}</b> <span class="mono small faint">${id}</span>${more}${seen !== undefined && markup`<div class="small mono wrap">${seen}</div>`}</div></li>
`
}
