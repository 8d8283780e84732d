/** The chosen message: its fields, each check with its outcome, and the whole as JSON under a fold. */
import type { Check, Message } from '../../conversation/message.ts'
import { beijingTime, el, icon, language, query, words } from './dom.ts'
import { said } from './describe.ts'
import { route } from './talk.ts'

const CHECKS: Readonly<Record<'zh' | 'en', Readonly<Record<string, readonly [string, string]>>>> = {
  zh: {
    sign: ['签名对', '签名不对'],
    paySign: ['对', '对不上'],
    total_fee: ['与订单一致', '与订单不同'],
    openid: ['与订单一致', '是别人'],
    out_trade_no: ['是这一笔', '不是这一笔'],
  },
  en: {
    sign: ['fits', 'does not fit'],
    paySign: ['fits', 'does not fit'],
    total_fee: ['fits the order', 'differs from the order'],
    openid: ['fits the order', 'is another payer'],
    out_trade_no: ['this attempt', 'another attempt'],
  },
}

export function showDetail(message: Message): void {
  const { fields, checks, kind, what, ms, at } = message
  const colon = language() === 'zh' ? '：' : ': '
  const reply =
    language() === 'zh' ? `${said(what)} ${words().reply}` : `${words().reply} ${said(what)}`
  const title = `${route(message)}${colon}${kind === 'reply' ? reply : said(what)}`
  const when = ms === undefined ? beijingTime(at) : `${beijingTime(at)}, ${ms} ms`
  const list = el('dl', { class: 'fields' })
  for (const [name, value] of Object.entries(fields)) {
    const unit = name.endsWith('_fee') ? ` ${language() === 'zh' ? '分' : 'fen'}` : ''
    const check = checks.find((each) => each.what === name)
    list.append(
      el('dt', {}, name),
      el('dd', { title: value }, value, el('span', { class: 'faint' }, unit)),
      el('dd', { class: 'c' }, ...(check === undefined ? [] : [outcome(check)])),
    )
  }
  for (const check of checks.filter(({ what: name }) => !(name in fields))) {
    list.append(
      el('dt', {}, check.what),
      el('dd', {}, check.why ?? ''),
      el('dd', { class: 'c' }, outcome(check)),
    )
  }
  const section = query('#detail')
  section.hidden = false
  section.setAttribute('aria-labelledby', 'h-detail')
  section.replaceChildren(
    el(
      'header',
      {},
      el('h2', { id: 'h-detail' }, title),
      el('span', { class: 'right dim small' }, when),
    ),
    list,
    el(
      'details',
      {},
      el('summary', {}, words().raw),
      el('pre', { tabindex: '0' }, JSON.stringify(message, undefined, 2)),
    ),
  )
}

export function hideDetail(): void {
  query('#detail').hidden = true
}

function outcome({ what, ok, why }: Check): HTMLElement {
  const [good, bad] = CHECKS[language()][what] ?? ['✓', '✕']
  const algorithm = what === 'sign' && ok && why !== undefined ? `${why} ` : ''
  const text = ` ${algorithm}${ok ? good : bad}`
  return el(
    'span',
    { class: ok ? 'good' : 'evil', title: why ?? '' },
    icon(ok ? 'good' : 'bad'),
    text,
  )
}
